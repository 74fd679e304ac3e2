"""The forms of the acts that a person may do, and the fields of an act from a sent form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import resolve
from lifecycle.handoff.permission import actors, has_task
from lifecycle.stages import WITH_MARKETING
from lifecycle.words.open_acts import open_acts
from models.directory import Directory
from models.instants import write_instant
from models.program.program import Program
from models.state import LeadState

CHANNELS = ("call", "email", "linkedin", "meeting", "other")

_LABELS = {
    "accept": "Accept",
    "touch": "Log a touch",
    "qualify": "Qualify",
    "open_opportunity": "Open an opportunity",
    "win": "Won",
    "lose": "Lost",
    "recycle": "Give back to marketing",
    "churn": "The customer has left",
    "disqualify": "No fit",
    "hold": "Put on hold",
    "resume": "Resume the clocks",
    "reassign": "Reassign",
    "done": "Task done",
    "note": "Add a note",
}
DONE_MESSAGES = {
    "accept": "Accepted.",
    "touch": "Touch logged.",
    "qualify": "Qualified.",
    "open_opportunity": "The opportunity is open.",
    "win": "Won. Well done.",
    "lose": "Recorded as lost.",
    "recycle": "Given back to marketing.",
    "churn": "Recorded as a customer who has left.",
    "disqualify": "Recorded as no fit.",
    "hold": "On hold.",
    "resume": "The clocks run again.",
    "reassign": "Reassigned.",
    "done": "Task done.",
    "note": "Note added.",
    "merge": "Merged. The two leads are one.",
}
_TEXT_FIELDS = ("reason", "why", "to", "channel", "note", "currency", "task")

Kind = Literal["text", "long", "choice", "instant", "amount"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    kind: Kind
    options: tuple[tuple[str, str], ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class ActForm:
    """The form of one act, with the fields that the act needs."""

    do: str
    label: str
    fields: tuple[Field, ...]


def act_forms(
    program: Program, state: LeadState, people: Directory, person: str
) -> tuple[ActForm, ...]:
    """The forms of the acts that this person may do on a lead, the most urgent first."""
    if person not in actors(state, people):
        own = [one for one in state.tasks if has_task(people, person, one.owner, one.team)]
        theirs = state.changed(tasks=tuple(own))
        touch = ["touch"] if state.stage in WITH_MARKETING and people.knows(person) else []
        done = ["done"] if own else []
        return tuple(act_form(do, program, theirs, people) for do in (*done, *touch))
    team = state.handoff.team if state.handoff is not None else None
    manages = person in (people.managers if team is None else {people.manager_of(team)})
    return tuple(act_form(do, program, state, people) for do in open_acts(state, manages=manages))


def act_form(do: str, program: Program, state: LeadState, people: Directory) -> ActForm:
    """The form of one act."""
    fields = _FIELDS.get(do)
    return ActForm(do, _LABELS[do], fields(program, state, people) if fields else ())


def touch_form() -> ActForm:
    """The form of a touch of a lead that sales does not have yet."""
    lead = Field("lead", "E-mail address or id of the lead", "text")
    return ActForm("touch", _LABELS["touch"], (lead, _CHANNEL, _NOTE_OF_TOUCH))


def _reasons(known: Mapping[str, str]) -> Field:
    options = tuple((one, f"{one.replace('_', ' ')}{more}") for one, more in known.items())
    return Field("reason", "Reason", "choice", options)


def _recycle_reasons(program: Program, state: LeadState) -> dict[str, str]:
    logged = state.handoff.touches if state.handoff is not None else 0
    return {
        name: f" (needs {one.needs_touches} touches, {logged} logged)" if one.needs_touches else ""
        for name, one in program.recycle.reasons.items()
    }


def _colleagues(state: LeadState, people: Directory) -> tuple[tuple[str, str], ...]:
    team = people.teams.get(state.handoff.team or "") if state.handoff is not None else None
    members = team.members if team is not None else ()
    return tuple((one.email, one.name or one.email) for one in members if one.email != state.owner)


def _tasks(state: LeadState) -> Field:
    tasks = tuple((one.id, f"{one.kind} ({one.id})") for one in state.tasks)
    return Field("task", "Task", "choice", tasks)


_CHANNEL = Field("channel", "Channel", "choice", tuple((one, one) for one in CHANNELS))
_NOTE_OF_TOUCH = Field("note", "Note", "long", required=False)
_NOT_BEFORE = Field("until", "Not before (empty: as the program says)", "instant", required=False)
_FIELDS: dict[str, Callable[[Program, LeadState, Directory], tuple[Field, ...]]] = {
    "touch": lambda *_: (_CHANNEL, _NOTE_OF_TOUCH),
    "recycle": lambda program, state, _: (
        _reasons(_recycle_reasons(program, state)),
        _NOT_BEFORE,
    ),
    "churn": lambda program, *_: (
        _reasons(dict.fromkeys(program.recycle.reasons, "")),
        _NOT_BEFORE,
    ),
    "disqualify": lambda program, *_: (_reasons(dict.fromkeys(program.disqualify.reasons, "")),),
    "lose": lambda program, *_: (_reasons(dict.fromkeys(program.lost_reasons, "")),),
    "hold": lambda *_: (
        Field("until", "Until", "instant"),
        Field("why", "What the lead is waiting for", "text"),
    ),
    "reassign": lambda _, state, people: (Field("to", "To", "choice", _colleagues(state, people)),),
    "open_opportunity": lambda *_: (
        Field("amount", "Amount", "amount"),
        Field("currency", "Currency, like USD", "text"),
    ),
    "win": lambda *_: (Field("amount", "Amount (empty: unchanged)", "amount", required=False),),
    "done": lambda _, state, __: (_tasks(state),),
    "note": lambda *_: (Field("note", "Note", "long"),),
}
"""The fields of each act's form. An act that is not here needs none."""


def text_fields(form: Mapping[str, Any]) -> dict[str, str]:
    """The text fields that a person sent, so that the form can show them again."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


def read_act_form(form: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Read an act's fields from a form. Local times are in the person's zone. Raises ValueError."""
    fields: dict[str, Any] = {}
    for name in _TEXT_FIELDS:
        if text := str(form.get(name) or "").strip():
            fields[name] = text
    if identity := str(form.get("id") or "").strip():
        fields["id"] = identity[:100]
    if amount := str(form.get("amount") or "").strip():
        try:
            fields["amount"] = float(amount)
        except ValueError:
            raise ValueError(f"'{amount[:40]}' is not an amount; write one like 24000") from None
    if until := str(form.get("until") or "").strip():
        try:
            at = datetime.fromisoformat(until)
            fields["until"] = write_instant(at if at.tzinfo else resolve(at, zone))
        except (ValueError, OverflowError):
            raise ValueError(f"'{until[:40]}' is not a day and a time") from None
    return fields
