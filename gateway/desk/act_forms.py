"""The forms of the acts that a person may do, and the fields of an act from a sent form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import resolve
from lifecycle.handoff.permission import actors, has_task
from lifecycle.sales_words import TASK_WORDS, act_word, reason_word
from lifecycle.stages import WITH_MARKETING
from lifecycle.words.open_acts import open_acts
from models.directory import Directory
from models.instants import write_instant
from models.program.handoff import CLOCK_NAMES
from models.program.program import Program
from models.state import LeadState, TaskState

CHANNELS = ("call", "email", "linkedin", "meeting", "other")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskToDo:
    """An open task on a lead's page."""

    id: str
    kind: str
    name: str | None
    note: str | None
    owner: str | None
    team: str | None
    until: datetime | None
    opened: datetime | None = None
    mine: bool
    """Whether this person may say that it is done."""


def open_tasks(state: LeadState, people: Directory, person: str) -> list[TaskToDo]:
    """The open tasks of a lead, by when they should be done."""
    may_all = person in actors(state, people)
    found = [
        TaskToDo(
            id=one.id,
            kind=one.kind,
            name=one.name,
            note=one.note,
            owner=one.owner,
            team=one.team,
            until=one.until,
            mine=may_all or has_task(people, person, one.owner, one.team),
        )
        for one in state.tasks
    ]
    return sorted(found, key=lambda one: one.until.timestamp() if one.until else math.inf)


def act_form(do: str, program: Program, state: LeadState, people: Directory) -> ActForm:
    """The form of one act."""
    fields = _FIELDS.get(do)
    return ActForm(do, act_word(do), fields(program, state, people) if fields else ())


def touch_form() -> ActForm:
    """The form of a touch of a lead that sales does not have yet."""
    lead = Field("lead", "E-mail address or id of the lead", "text")
    return ActForm("touch", act_word("touch"), (lead, _CHANNEL, _NOTE_OF_TOUCH))


def _reasons(known: Mapping[str, str]) -> Field:
    options = tuple((one, f"{reason_word(one)}{more}") for one, more in known.items())
    return Field("reason", "Reason", "choice", options)


def _recycle_reasons(program: Program, state: LeadState) -> dict[str, str]:
    logged = state.handoff.touches if state.handoff is not None else 0
    reasons = program.recycle.reasons
    return {
        name: f" (needs {touches} touches, {logged} logged)"
        if (touches := reasons[name].needs_touches)
        else ""
        for name in _for_people(reasons, program, "recycle")
    }


def _for_people(reasons: Iterable[str], program: Program, do: str) -> list[str]:
    """The reasons that a person may mean: not those by which only the program itself acts.

    That a clock is over (`not_worked`) or a lead went quiet (`gone_cold`) is no decision of a
    person. The rules accept these reasons all the same: a CRM may send one.
    """
    rules = program.handoff
    clocks = [] if rules is None else [one for name in CLOCK_NAMES for one in rules.clocks(name)]
    of_machine = {one.reason for one in clocks if one.then == do} | {"recycled_out"}
    if do == "recycle":
        of_machine |= {one.reason for one in program.lifecycle.idle if one.do == do}
    return [one for one in reasons if one not in of_machine] or list(reasons)


def _colleagues(state: LeadState, people: Directory) -> tuple[tuple[str, str], ...]:
    team = people.teams.get(state.handoff.team or "") if state.handoff is not None else None
    members = team.members if team is not None else ()
    return tuple((one.email, one.name or one.email) for one in members if one.email != state.owner)


def _tasks(state: LeadState) -> Field:
    tasks = tuple((one.id, _task_words(one)) for one in state.tasks)
    return Field("task", "Task", "choice", tasks)


def _task_words(task: TaskState) -> str:
    kind = TASK_WORDS.get(task.kind, task.kind)
    return f"{kind}: {task.note}" if task.note else f"{kind} ({task.id})"


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
        _reasons(dict.fromkeys(_for_people(program.recycle.reasons, program, "recycle"), "")),
        _NOT_BEFORE,
    ),
    "disqualify": lambda program, *_: (
        _reasons(dict.fromkeys(_for_people(program.disqualify.reasons, program, "disqualify"), "")),
    ),
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
