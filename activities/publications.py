"""A publication that has not reached a lead yet: its next turn takes it in before anything else.

A rollout tells the leads in flight one after the other, which takes a while. A lead in which
something happens meanwhile does not wait for it, so whatever it does goes by the new version. The
change has the publication's instant, as if the lead had been told at once. Rollouts of one program
are carried out one after the other, so only the first of those that have not ended counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from models.envelopes import Envelope, ProgramClock, TurnRequest, program_now
from models.instants import parse_instant, write_instant
from models.rollout import PUBLISH, Rollout, needs
from models.state import LeadState

_LATEST = 60
"""So many times the grace (an hour in production) a publication may need to reach a lead, and still
count from its own instant. 100,000 leads take a third of that."""


class RolloutsUnderWay(Protocol):
    """The rollouts of a program in the database."""

    def first_under_way(self, name: str) -> Rollout | None:
        """The oldest that has not ended."""
        ...


def published(envelope: Envelope, clock: ProgramClock | None, grace: timedelta) -> Envelope:
    """A publication counts from its own instant, though its rollout reaches the lead later.

    So all leads change at one instant, and the order in which they are reached changes nothing.
    A lead that is reached much later changes when it is reached, since no mail may go by an hour
    that is long over. Any other input is left as it is.
    """
    body = envelope["body"]
    if envelope["kind"] != "program" or not isinstance(body, Mapping) or "published" not in body:
        return envelope
    rest = {key: value for key, value in body.items() if key != "published"}
    try:
        at = program_now(clock, parse_instant(body["published"]))
    except (ValueError, OverflowError):
        return {**envelope, "body": rest}
    reached = parse_instant(envelope["arrived"])
    if at > reached or reached - at > _LATEST * grace:
        at = reached
    return {**envelope, "body": rest, "arrived": write_instant(at)}


def with_publication(
    request: TurnRequest,
    inputs: Sequence[Envelope],
    state: LeadState,
    rollouts: RolloutsUnderWay,
    newest: Callable[[], str],
) -> list[Envelope]:
    """The inputs of a turn, after the publication that the lead is still to be told.

    A publication that a rollout sent to the lead and that is over by now is left out: the lead had
    it in an earlier turn, and would go back to it.
    """
    if state.closed or state.created is None:
        return list(inputs)
    first = rollouts.first_under_way(state.program)
    kept = [one for one in inputs if not _publishes(one) or _counts(one, first, newest)]
    if first is None or first.body["do"] != PUBLISH or not needs(state, first.body):
        return kept
    given = request.get("clock")
    clock = ProgramClock.model_validate(given) if given is not None else None
    told: Envelope = {
        "kind": "program",
        "body": {"published": write_instant(first.at), **first.body},
        "arrived": request["now"],
    }
    told = published(told, clock, timedelta(seconds=request["grace"]))
    at = max(parse_instant(told["arrived"]), state.at or state.created)
    return [{**told, "arrived": write_instant(at)}, *kept]


def _publishes(envelope: Envelope) -> bool:
    body = envelope.get("body")
    return envelope["kind"] == "program" and isinstance(body, Mapping) and body.get("do") == PUBLISH


def _counts(envelope: Envelope, first: Rollout | None, newest: Callable[[], str]) -> bool:
    body = envelope["body"]
    if first is None:
        return bool(body.get("to") == newest())
    return all(body.get(name) == first.body.get(name) for name in ("do", "to", "in_flight"))
