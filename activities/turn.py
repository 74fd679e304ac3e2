"""One turn of a lead: read what arrived, ask the rules, store what they decided.

It runs as a local activity, so that its outcome stands in the history and replaying a
lead never runs the rules again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports import Fence, Journal, People, Programs
from lifecycle.rulebook import rulebook
from models.decision import Alert, AnyCommand, Assign, CountAssignment, Decision, SendMail
from models.envelopes import Envelope, Json, Outcome, Reopened, TurnRequest, WakeWords
from models.inputs import Created, Input, Malformed, Result
from models.instants import parse_instant, write_instant
from models.messages import read_act, read_event
from models.program import Program
from models.state import LeadState, dump_state, read_state

Decide = Callable[..., Decision]
"""`lifecycle.decide.decide`, or a test's own rules."""
NewLead = Callable[[str, Program], LeadState]
"""`lifecycle.decide.new_lead`."""

_RESULTS = TypeAdapter(Result)

_log = structlog.get_logger(__name__)


class TurnActivities:
    """The activities that touch the rules and the journal. They block: give them threads."""

    def __init__(
        self,
        programs: Programs,
        people: People,
        journal: Journal,
        *,
        decide: Decide,
        new_lead: NewLead,
    ) -> None:
        self._programs = programs
        self._people = people
        self._journal = journal
        self._decide = decide
        self._new_lead = new_lead

    @activity.defn(name="turn")
    def turn(self, request: TurnRequest) -> Outcome:
        """Run the rules once and store the outcome. Running it again replaces what it stored."""
        program = self._programs.load(request["digest"])
        before = request["state"]
        state = self._new_lead(request["lead"], program) if before is None else read_state(before)
        inputs = [read_input(one) for one in request["inputs"]]
        now = parse_instant(request["now"])
        decision = self._decide(
            rulebook(program),
            state,
            inputs,
            now,
            people=self._people.directory(),
            grace=timedelta(seconds=request["grace"]),
        )
        run, length = request["fence"]
        self._journal.record(decision, Fence(run=run, length=length), now)
        for one in inputs:
            if isinstance(one, Malformed):
                _log.warning("malformed input", lead=request["lead"], name=one.name, why=one.why)
        return outcome(before, decision, inputs)

    @activity.defn(name="reopen")
    def reopen(self, lead: str) -> Reopened:
        """A closed lead as its row tells it. Fails for good if there never was one."""
        stored = self._journal.stored(lead)
        if stored is None:
            raise ApplicationError(
                f"there is no lead {lead}; create it with a profile",
                type="UnknownLead",
                non_retryable=True,
            )
        return Reopened(
            digest=stored.state.digest, state=dump_state(stored.state), seen=list(stored.seen)
        )


def read_input(envelope: Envelope) -> Input:
    """The input in its envelope; what can't be read is `Malformed`. Never raises."""
    arrived, ref = parse_instant(envelope["arrived"]), envelope.get("ref", 0)
    kind, name, body = envelope["kind"], envelope.get("name", ""), envelope.get("body")
    try:
        if kind == "result":
            return _RESULTS.validate_python({**(body or {}), "arrived": arrived})
        if kind == "event":
            event = read_event(body, arrived, ref=ref)
            return replace(event, duplicate=True) if envelope.get("duplicate") else event
        if kind == "act":
            return read_act(name, body, arrived, ref=ref)
        if kind == "created":
            return _created(body, arrived)
        why = str(body)
    except ValueError as error:
        why = str(error)
    return Malformed(arrived=arrived, ref=ref, name=name or kind, why=why, by=_by(body))


def _created(body: Any, arrived: datetime) -> Created:
    if not isinstance(body, Mapping):
        raise ValueError("a lead is created with its profile, a mapping with at least email")
    return Created(arrived=arrived, profile=body)


def _by(body: Any) -> str:
    found = body.get("by") if isinstance(body, Mapping) else None
    return found[:254] if isinstance(found, str) else ""


def outcome(before: Json | None, decision: Decision, inputs: list[Input]) -> Outcome:
    """What the shell must know of a decision, as JSON; `before` is the state it was made on."""
    after = dump_state(decision.state)
    told: Outcome = {"patch": patch(before or {}, after)}
    if decision.commands:
        told["commands"] = [write_command(one) for one in decision.commands]
    if decision.wake is not None:
        told["wake"] = WakeWords(at=write_instant(decision.wake.at), what=decision.wake.what)
    if answers := _answers(decision, inputs):
        told["answers"] = answers
    if attributes := _attributes(before, after, decision):
        told["attributes"] = attributes
    return told


def patch(before: Json, after: Json) -> Json:
    """The top-level keys that differ, None for those that are gone."""
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return changed | {key: None for key in before if key not in after}


def _answers(decision: Decision, inputs: list[Input]) -> list[tuple[int, str | None]]:
    """Whoever waits is answered, also if the rules said nothing to it."""
    answers = {
        one.ref: one.why if isinstance(one, Malformed) else None for one in inputs if one.ref
    }
    answers |= {one.ref: one.refused for one in decision.answers if one.ref}
    return list(answers.items())


def _shown(state: Json | None) -> Json:
    if state is None:
        return {}
    return {
        "stage": state.get("stage", "known"),
        "owner": state.get("owner"),
        "program": state.get("program"),
        "motion": state.get("motion", "sales"),
        "track": (state.get("track") or {}).get("name"),
    }


def _attributes(before: Json | None, after: Json, decision: Decision) -> Json:
    """What changed of the search attributes, if one did that is worth an event."""
    old, new = _shown(before), _shown(after)
    changed = {name: value for name, value in new.items() if value != old.get(name)}
    if not changed:
        return {}
    state, wake = decision.state, decision.wake
    changed["score"] = round(state.fit + state.engagement, 2)
    changed["due"] = write_instant(wake.at) if wake else None
    return changed


_COMMANDS: dict[str, TypeAdapter[Any]] = {
    "send_mail": TypeAdapter(SendMail),
    "assign": TypeAdapter(Assign),
    "count_assignment": TypeAdapter(CountAssignment),
    "alert": TypeAdapter(Alert),
}
_WORDS = {SendMail: "send_mail", Assign: "assign", CountAssignment: "count_assignment"}


def write_command(command: AnyCommand) -> Json:
    """A command as JSON; `do` names its kind."""
    do = _WORDS.get(type(command), "alert")
    data: Json = _COMMANDS[do].dump_python(command, mode="json", exclude_defaults=True)
    return {"do": do, **data}


def read_command(data: Json) -> AnyCommand:
    """A command from `write_command`'s JSON."""
    fields = {name: value for name, value in data.items() if name != "do"}
    command: AnyCommand = _COMMANDS[data["do"]].validate_python(fields)
    return command
