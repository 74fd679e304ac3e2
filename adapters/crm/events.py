"""Which timeline entries are sent to the CRM, and as what."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models.decision import Entry
from models.state import LeadState

TYPES = {
    "created": "lead.created",
    "assigned": "lead.assigned",
    "accepted": "lead.accepted",
    "touched": "lead.touched",
    "qualified": "lead.qualified",
    "recycled": "lead.recycled",
    "disqualified": "lead.disqualified",
    "notified": "lead.notified",
    "merged": "lead.merged",
    "breached": "handoff.breached",
    "unassigned": "handoff.unassigned",
    "opportunity": "opportunity.opened",
    "won": "opportunity.won",
    "lost": "opportunity.lost",
}
"""Types of events by kinds of entries. `lead.mql` comes from `stage`, see `event_type`."""

MQL = "lead.mql"

_INSTANT = re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d")
_ESSENTIALS = ("email", "first_name", "last_name", "company")


def event_type(entry: Entry) -> str | None:
    """The type of an entry's event; None if the CRM is not sent it."""
    if entry.kind == "stage":
        return MQL if entry.fields.get("to") == "mql" else None
    return TYPES.get(entry.kind)


def event_rows(state: LeadState, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The events of a turn, in order: id, lead, seq, type, at and data.

    `data.lead` is the lead as the turn left it, `data.entry` the entry. The id is a hash of what
    happened, so a turn that runs again with the same entries gives its events the same ids.
    """
    sent = [(kind, entry) for entry in entries if (kind := event_type(entry)) is not None]
    if not sent:
        return []
    lead = _lead(state)
    return [
        {
            "id": _id(state.lead, entry),
            "lead": state.lead,
            "seq": entry.seq,
            "type": kind,
            "at": entry.at,
            "data": {
                "lead": lead,
                "entry": {"seq": entry.seq, "kind": entry.kind, **entry.fields},
            },
        }
        for kind, entry in sent
    ]


def _is_instant(value: object) -> bool:
    return isinstance(value, datetime) or (
        isinstance(value, str) and _INSTANT.match(value) is not None
    )


def _lead(state: LeadState) -> dict[str, Any]:
    known = {
        "id": state.lead,
        **{name: state.profile.get(name) for name in _ESSENTIALS},
        "stage": state.stage,
        "owner": state.owner,
        "team": state.handoff.team if state.handoff else None,
        "program": state.program,
        "cycle": state.cycle,
    }
    return {name: value for name, value in known.items() if value is not None}


def _id(lead: str, entry: Entry) -> str:
    """The event's id: lead, entry, and what caused it, but no instant.

    A turn that runs again runs at another time, so each instant in it may differ.
    """
    cause = {name: value for name, value in entry.fields.items() if not _is_instant(value)}
    parts = [lead, entry.seq, entry.kind, cause]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
