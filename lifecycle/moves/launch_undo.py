"""A launch is undone: a lead that it created is closed, unless somebody touched it since.

What a lead does by itself (mail, reminders, an owner that was found) is no touch. What a person or
another system did or said is one: an event, an act, new data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lifecycle.handoff.handoff import responsible
from lifecycle.moment import Moment
from lifecycle.moves.transitions import disqualify
from models.inputs import LaunchUndone

LAUNCH_UNDONE = "launch_undone"
"""The built-in reason of a lead whose launch was undone."""

_BY_ITSELF = frozenset(
    {
        "created",
        "profile",
        "suppressed",
        "stage",
        "track_entered",
        "track_left",
        "email_sent",
        "email_deferred",
        "email_skipped",
        "email_failed",
        "paused",
        "unpaused",
        "consented",
        "task_opened",
        "notified",
        "handoff_opened",
        "assigned",
        "unassigned",
        "reminded",
        "breached",
        "alerted",
        "recycled",
        "disqualified",
        "closed",
        "program_changed",
        "resumed_from_journal",
    }
)
"""Kinds of entries that come without anybody's doing, or beside the entry of who did it."""
_NOBODYS_EVENTS = frozenset({"email.delivered", "email.bounced", "consent.given"})
"""Events that no person and no other system brings; a consent comes with the row of the list."""


def touch(entries: Iterable[tuple[str, Mapping[str, Any]]]) -> str | None:
    """The first touch on a timeline, in words; None if there is none.

    An entry is its kind and its fields. A kind that is not known here counts as a touch. New data
    count if they changed something: a row that is sent twice, because a worker died, does not.
    """
    told = list(entries)
    for place, (kind, fields) in enumerate(told):
        if fields.get("by"):
            return f"{fields['by']} did something about it ({_words(kind)})"
        if kind == "event" and fields.get("type") not in _NOBODYS_EVENTS:
            changed = place + 1 < len(told) and told[place + 1][0] == "profile"
            if changed or fields.get("type") != "profile.updated":
                return f"something happened: {fields.get('type')}"
        if kind not in _BY_ITSELF and kind not in ("event", "ignored"):
            return f"its timeline has an entry '{_words(kind)}'"
    return None


def close(m: Moment, given: LaunchUndone) -> None:
    """Close the lead, if its timeline has not gone on since it was judged.

    Else nothing happens here, and it is judged again.
    """
    if m.state.closed or m.seq != given.seq:
        return
    owner = responsible(m) if m.handoff_open else None
    if disqualify(m, LAUNCH_UNDONE) and owner is not None:
        m.alert(owner, LAUNCH_UNDONE, "The list that this lead came with was taken back.")


def _words(kind: str) -> str:
    return kind.replace("_", " ")
