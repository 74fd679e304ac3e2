"""A rollout that has not reached a lead yet: the lead's next turn takes it in before anything else.

A rollout tells the leads in flight one after the other, which takes a while. A lead in which
something happens meanwhile does not wait for it, so whatever it does goes by the new version, or
stands still with its program. What the program did has its own instant, as if the lead had been
told at once. Rollouts of one program are carried out one after the other, so only the first of
those that have not ended counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from models.envelopes import Envelope, ProgramClock, TurnRequest, program_now
from models.instants import parse_instant, write_instant
from models.rollout import PAUSE, PUBLISH, RESUME, Json, Rollout, needs
from models.state import LeadState

_LATEST = 60
"""So many times the grace (an hour in production) a rollout may need to reach a lead, and still
count from its own instant. 100,000 leads take a third of that."""


class RolloutsUnderWay(Protocol):
    """The rollouts of a program in the database."""

    def first_under_way(self, name: str) -> Rollout | None:
        """The oldest that has not ended."""
        ...


def sent_body(rollout: Rollout) -> Json:
    """What a rollout sends to a lead: what the program did, and from which instant it counts."""
    return rollout.body | {"at": write_instant(rollout.at)}


def at_its_instant(envelope: Envelope, clock: ProgramClock | None, grace: timedelta) -> Envelope:
    """What a rollout sent counts from the rollout's instant, though it reaches the lead later.

    So a publication or a pause is at one instant for all leads, and the order in which they are
    reached changes nothing. A lead that is reached much later changes when it is reached, since no
    mail may go by an hour that is long over. Any other input is left as it is.
    """
    body = envelope["body"]
    if envelope["kind"] != "program" or not isinstance(body, Mapping) or "at" not in body:
        return envelope
    rest = {key: value for key, value in body.items() if key != "at"}
    try:
        at = program_now(clock, parse_instant(body["at"]))
    except (ValueError, OverflowError):
        return {**envelope, "body": rest}
    reached = parse_instant(envelope["arrived"])
    if at > reached or reached - at > _LATEST * grace:
        at = reached
    return {**envelope, "body": rest, "arrived": write_instant(at)}


def with_rollout(
    request: TurnRequest,
    inputs: Sequence[Envelope],
    state: LeadState,
    rollouts: RolloutsUnderWay,
    *,
    newest: Callable[[], str],
    paused: Callable[[], bool],
) -> list[Envelope]:
    """The inputs of a turn, after the rollout that the lead is still to be told.

    What a rollout sent to the lead and what is over by now is left out: the lead had it in an
    earlier turn, and would go back to it.
    """
    if state.closed or state.created is None:
        return list(inputs)
    first = rollouts.first_under_way(state.program)
    kept = [one for one in inputs if not _over(one, first, newest, paused)]
    if first is None or not needs(state, first.body):
        return kept
    given = request.get("clock")
    clock = ProgramClock.model_validate(given) if given is not None else None
    told: Envelope = {"kind": "program", "body": sent_body(first), "arrived": request["now"]}
    told = at_its_instant(told, clock, timedelta(seconds=request["grace"]))
    at = max(parse_instant(told["arrived"]), state.at or state.created)
    return [{**told, "arrived": write_instant(at)}, *kept]


def _over(
    envelope: Envelope,
    first: Rollout | None,
    newest: Callable[[], str],
    paused: Callable[[], bool],
) -> bool:
    """Whether a rollout that has ended sent this, and the program did otherwise since."""
    body = envelope["body"]
    if envelope["kind"] != "program" or not isinstance(body, Mapping):
        return False
    if body.get("do") == PUBLISH:
        wanted = {"to": newest()} if first is None else _said(first.body)
        return _said(body) | wanted != _said(body)
    if body.get("do") not in (PAUSE, RESUME) or (first is not None and first.body == body):
        return False
    return paused() is not bool(body["do"] == PAUSE)


def _said(body: Mapping[str, object]) -> Json:
    return {name: body.get(name) for name in ("do", "to", "in_flight")}
