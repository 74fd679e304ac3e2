"""One turn of a lead: read what arrived, ask the rules, store what they decided.

It runs as a local activity, so that its outcome stands in the history and replaying a
lead never runs the rules again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.assigning import assigned
from activities.ports import Fence, Journal, People, Programs
from lifecycle.program.rulebook import rulebook
from models.decision import Alert, AnyCommand, Decision, SendMail
from models.envelopes import Envelope, Json, Reopened, TurnOutcome, TurnRequest, WakeWords
from models.inputs import Created, Input, MalformedInput, Result
from models.instants import parse_instant, write_instant
from models.messages import read_act, read_event
from models.patches import patch
from models.program.program import Program
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
    def turn(self, request: TurnRequest) -> TurnOutcome:
        """Run the rules once and store the outcome. Running it again replaces what it stored."""
        program = self._programs.load(request["digest"])
        before = request["state"]
        state = self._new_lead(request["lead"], program) if before is None else read_state(before)
        inputs = [read_input(one) for one in request["inputs"]]
        now = parse_instant(request["now"])
        book, people = rulebook(program), self._people.directory()
        grace = timedelta(seconds=request["grace"])

        def rules(state: LeadState, inputs: Sequence[Input]) -> Decision:
            return self._decide(book, state, inputs, now, people=people, grace=grace)

        decision = assigned(self._people, rules(state, inputs), rules)
        run, length = request["fence"]
        self._journal.record(decision, Fence(run=run, length=length), now)
        for one in inputs:
            if isinstance(one, MalformedInput):
                _log.warning("malformed input", lead=request["lead"], name=one.name, why=one.why)
        return outcome(request, decision, inputs)

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
    """The input in its envelope; what can't be read is `MalformedInput`. Never raises."""
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
    return MalformedInput(arrived=arrived, ref=ref, name=name or kind, why=why, by=_by(body))


def _created(body: Any, arrived: datetime) -> Created:
    if not isinstance(body, Mapping):
        raise ValueError("a lead is created with its profile, a mapping with at least email")
    return Created(arrived=arrived, profile=body)


def _by(body: Any) -> str:
    found = body.get("by") if isinstance(body, Mapping) else None
    return found[:254] if isinstance(found, str) else ""


def outcome(request: TurnRequest, decision: Decision, inputs: list[Input]) -> TurnOutcome:
    """What the shell must know of a decision, as JSON."""
    before, after = request["state"], dump_state(decision.state)
    told: TurnOutcome = {"patch": patch(before or {}, after)}
    if decision.commands:
        told["commands"] = [write_command(one) for one in decision.commands]
    if (wake := _wake(decision)) != request["wake"]:
        told["wake"] = wake
    if answers := _answers(decision, inputs):
        told["answers"] = answers
    if attributes := _attributes(request["shown"], after, decision):
        told["attributes"] = attributes
    return told


def _wake(decision: Decision) -> WakeWords | None:
    if decision.wake is None:
        return None
    return WakeWords(at=write_instant(decision.wake.at), what=decision.wake.what)


def _answers(decision: Decision, inputs: list[Input]) -> list[tuple[int, str | None]]:
    """Whoever waits is answered, also if the rules said nothing to it."""
    answers = {
        one.ref: one.why if isinstance(one, MalformedInput) else None for one in inputs if one.ref
    }
    answers |= {one.ref: one.refused for one in decision.answers if one.ref}
    return list(answers.items())


def _attributes(shown: Json, after: Json, decision: Decision) -> Json:
    """What is shown otherwise now, if that is worth an event: a score or a due alone is not."""
    new = {
        "stage": after.get("stage", "known"),
        "owner": after.get("owner"),
        "program": after.get("program"),
        "motion": after.get("motion", "sales"),
        "track": after.get("track", {}).get("name"),
    }
    if all(shown.get(name) == value for name, value in new.items()):
        return {}
    state, wake = decision.state, decision.wake
    new["score"] = round(state.fit + state.engagement, 2)
    new["due"] = write_instant(wake.at) if wake else None
    return {name: value for name, value in new.items() if value != shown.get(name)}


_COMMANDS: dict[str, TypeAdapter[Any]] = {
    "send_mail": TypeAdapter(SendMail),
    "alert": TypeAdapter(Alert),
}


def write_command(command: AnyCommand) -> Json:
    """A command as JSON; `do` names its kind."""
    do = "send_mail" if isinstance(command, SendMail) else "alert"
    data: Json = _COMMANDS[do].dump_python(command, mode="json", exclude_defaults=True)
    return {"do": do, **data}


def read_command(data: Json) -> AnyCommand:
    """A command from `write_command`'s JSON."""
    fields = {name: value for name, value in data.items() if name != "do"}
    command: AnyCommand = _COMMANDS[data["do"]].validate_python(fields)
    return command
