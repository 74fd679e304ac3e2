"""A timeline as the desk shows it: what matters first, by days, in the words of sales.

Every kind of entry belongs to one of four topics: what the lead did, what sales did, the mail that
it got, and the machinery. The machinery (tracks, deferred mail, repeated events, reminders) is
shown on request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from lifecycle.sales_words import (
    CLOCK_WORDS,
    TASK_WORDS,
    act_word,
    door_words,
    reason_word,
    stage_word,
)
from lifecycle.words.time_text import spoken_instant
from lifecycle.words.timeline_text import sentence
from models.decision import Entry

PAGE = 50
"""Entries of a page."""

Topic = Literal["lead", "sales", "mail", "machinery"]
Shown = Literal["matters", "lead", "sales", "mail", "all"]

SHOWN: dict[Shown, str] = {
    "matters": "What matters",
    "lead": "What the lead did",
    "sales": "What we did",
    "mail": "Mail",
    "all": "Everything",
}
"""What a person may choose to see, and how it is called."""

_TOPICS: dict[str, Topic] = {
    "created": "lead",
    "event": "lead",
    "profile": "lead",
    "consented": "lead",
    "merged": "lead",
    "stage": "lead",
    "suppressed": "mail",
    "unsuppressed": "mail",
    "email_sent": "mail",
    "paused": "mail",
    "unpaused": "mail",
    **dict.fromkeys(("handoff_opened", "reminded", "alerted", "refused"), "machinery"),
    **dict.fromkeys(("ignored", "program_changed", "resumed_from_journal"), "machinery"),
    **dict.fromkeys(("closed", "reopened", "reengaged", "notified", "erased"), "machinery"),
    **dict.fromkeys(("track_entered", "track_left"), "machinery"),
    **dict.fromkeys(("email_deferred", "email_skipped", "email_failed"), "machinery"),
    **dict.fromkeys(("task_opened", "task_done", "assigned", "unassigned", "breached"), "sales"),
    **dict.fromkeys(("accepted", "touched", "noted", "held", "resumed", "qualified"), "sales"),
    **dict.fromkeys(("recycled", "disqualified", "opportunity", "won", "lost"), "sales"),
}
"""The topic of each kind of entry, unless `topic_of` knows better."""

_OF_MAIL = "email."
_MACHINE_EVENTS = frozenset({"email.delivered", "email.opened"})
"""Events that say little of a person: an image may be loaded by a mail program."""
_WITH_AN_ACT = frozenset(
    {"sal", "sql", "opportunity", "customer", "lost", "recycled", "disqualified"}
)
"""The entry before a move to one of these stages says the same and more (`accepted`)."""
_PEOPLE = ("by", "owner", "who")
_NOTED = frozenset({"noted", "touched", "task_opened"})
"""Kinds whose note somebody wrote; it keeps its line breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """One entry in words."""

    seq: int
    at: datetime
    text: str
    note: str
    """What a person wrote, with its line breaks; often empty."""
    via: str
    """The door through which the person acted, in words; empty if none is known."""


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day in the reader's time zone, the latest first."""

    heading: str
    lines: tuple[TimelineLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Some entries, the latest first."""

    days: tuple[Day, ...]
    shown: Shown
    total: int
    """How many entries there are of what is shown."""
    before: int | None
    """The page has entries before this number; None for the newest page."""
    older: int | None
    """The older page has entries before this number; None if there is none."""


def topic_of(entry: Entry) -> Topic:
    """What an entry is about."""
    kind, fields = entry.kind, entry.fields
    type_ = str(fields.get("type", ""))
    if kind == "event" and (fields.get("machine") or type_ in _MACHINE_EVENTS):
        return "machinery"
    if kind == "event" and type_.startswith(_OF_MAIL):
        return "mail"
    if kind == "stage" and fields.get("to") in _WITH_AN_ACT and fields.get("why") != "merged":
        return "machinery"
    if kind in ("paused", "unpaused") and fields.get("why") == "program":
        return "machinery"
    if kind == "profile" and set(fields.get("changed") or ()) <= {"motion"}:
        return "machinery"
    return _TOPICS.get(kind, "machinery")


def timeline_page(
    timeline: Sequence[Entry],
    *,
    shown: Shown,
    before: int | None,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, str],
) -> TimelinePage:
    """A page of a timeline: the newest, or the one of the entries before the number `before`.

    `zone` is the reader's; `names` gives the name of a person's address.
    """
    wanted = [one for one in timeline if shown == "all" or _is_shown(topic_of(one), shown)]
    rest = [one for one in wanted if before is None or one.seq < before]
    here = rest[-PAGE:]
    days: dict[date, list[TimelineLine]] = {}
    for one in reversed(here):
        line = _line(one, now, zone, names)
        days.setdefault(one.at.astimezone(zone).date(), []).append(line)
    today = now.astimezone(zone).date()
    return TimelinePage(
        days=tuple(Day(_heading(day, today), tuple(lines)) for day, lines in days.items()),
        shown=shown,
        total=len(wanted),
        before=before,
        older=here[0].seq if len(here) < len(rest) else None,
    )


def desk_sentence(entry: Entry, now: datetime, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    """An entry as one sentence in the words of sales, its note and door included."""
    line = _line(entry, now, zone, names)
    return " ".join([line.text, *([f"({line.via})"] if line.via else []), *line.note.split()])


def _is_shown(topic: Topic, shown: Shown) -> bool:
    return topic != "machinery" if shown == "matters" else topic == shown


def _heading(day: date, today: date) -> str:
    away = (today - day).days
    if away in (0, 1):
        return ("Today", "Yesterday")[away]
    year = f" {day.year}" if day.year != today.year else ""
    return f"{day:%A} {day.day} {day:%B}{year}"


def _line(entry: Entry, now: datetime, zone: ZoneInfo, names: Mapping[str, str]) -> TimelineLine:
    fields = dict(entry.fields)
    note = str(fields.pop("note", "")) if entry.kind in _NOTED else ""
    via = str(fields.pop("via", ""))
    for one in _PEOPLE:
        if one in fields:
            fields[one] = names.get(str(fields[one]), fields[one])
    said = replace(entry, fields=_in_words_of_sales(entry.kind, fields))
    return TimelineLine(
        seq=entry.seq,
        at=entry.at,
        text=sentence(said, lambda at: spoken_instant(at, now, zone)),
        note=note,
        via=door_words(via) if via else "",
    )


def _in_words_of_sales(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, with the names of the machine as words."""
    words: dict[str, Any] = {"engagement": None}
    for name in ("from", "to", "stage"):
        if kind in ("stage", "closed", "reopened") and name in fields:
            words[name] = stage_word(fields[name])
    if kind != "held" and "why" in fields:  # the why of a hold is a person's own words
        words["why"] = reason_word(fields["why"])
    if "reason" in fields and fields["reason"] != "launch_undone":
        words["reason"] = reason_word(fields["reason"])
    if "clocks" in fields:
        named = cast("list[str]", fields["clocks"])
        words["clocks"] = [CLOCK_WORDS.get(one, ("", one))[1] for one in named]
    if "act" in fields:
        words["act"] = act_word(fields["act"])
    if "task_kind" in fields:
        kind_word = TASK_WORDS.get(fields["task_kind"], fields["task_kind"])
        words["task_kind"] = fields.get("name", kind_word)
    return fields | words
