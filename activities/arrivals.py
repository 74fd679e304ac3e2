"""Inputs of a turn count by the instant at which they arrived, also after an outage.

What a workflow sees arrives when a worker is there to see it. A turn that is late, because no
worker was there, asks what was stored at the time: when the gateway got an act or an event, and
when Temporal got a signal. What a sender says about the past is not believed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import structlog
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.ports import Arrivals, Arrived, Signalled, SignalTimes
from activities.tracing import TRACE
from models.envelopes import Envelope, ProgramClock, TurnRequest, program_now
from models.instants import parse_instant, write_instant

ON_ITS_WAY = "ActOnItsWay"
"""The type of the error of a turn that waits for an act; it is tried again every second."""

_log = structlog.get_logger(__name__)


def fingerprint(envelope: Envelope) -> str:
    """What an input says, in a few characters; when it arrived and who waits is left aside."""
    return fingerprint_of(envelope["kind"], envelope.get("name", ""), envelope.get("body"))


def fingerprint_of(kind: str, name: str, body: object) -> str:
    """The fingerprint of an input of this kind, with this name and body."""
    text = json.dumps([kind, name, body], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def in_time(
    request: TurnRequest, arrivals: Arrivals | None, signals: SignalTimes | None
) -> list[Envelope]:
    """The inputs of a turn, each with the instant at which it arrived, as far as is stored.

    Only a turn in which something is due asks: in any other the order decides nothing. What
    can't be asked now keeps the present, so that the turn goes on.
    """
    inputs, wake = request["inputs"], request["wake"]
    if wake is None or wake["at"] > request["now"]:
        return inputs
    if arrivals is not None:
        _wait_for_acts(request["lead"], inputs, arrivals, parse_instant(wake["at"]))
    if not any(map(_may_be_early, inputs)):
        return inputs
    known: dict[int, datetime] = {}
    try:
        if signals is not None:
            known.update(
                _by_signal(request, inputs, signals.of(request["lead"], request.get("run", "")))
            )
    except Exception as error:  # noqa: BLE001 - whatever it was, the turn must go on
        _log.warning("signals are dated by the present", lead=request["lead"], why=repr(error))
    if arrivals is not None:
        known.update(_by_store(request["lead"], inputs, arrivals))
    return [
        {**one, "arrived": write_instant(min(known[place], parse_instant(one["arrived"])))}
        if place in known
        else one
        for place, one in enumerate(inputs)
    ]


def _wait_for_acts(
    lead: str, inputs: Sequence[Envelope], arrivals: Arrivals, due: datetime
) -> None:
    """Raise if an act that arrived by `due` is being asked and is not among the inputs yet.

    After an outage Temporal brings an update only in the task after the one in which the timer
    fires. The turn is tried again then.
    """
    here = {_id(one) for one in inputs if one["kind"] == "act"}
    if missing := [one for one in arrivals.asked(lead, due) if one not in here]:
        raise ApplicationError(
            f"acts that arrived in time are on their way: {', '.join(missing)}",
            type=ON_ITS_WAY,
            category=ApplicationErrorCategory.BENIGN,
        )


def _may_be_early(envelope: Envelope) -> bool:
    return envelope["kind"] in ("act", "event")


def _by_store(
    lead: str, inputs: Sequence[Envelope], arrivals: Arrivals
) -> Iterator[tuple[int, datetime]]:
    """The places of the inputs that the gateway stored, with when they came."""
    acts: dict[int, Arrived] = {}
    events: dict[int, str] = {}
    for place, one in enumerate(inputs):
        known = _id(one)
        if known is not None and one["kind"] == "act":
            acts[place] = (known, fingerprint(one))
        elif known is not None and one["kind"] == "event":
            events[place] = known
    if not acts and not events:
        return
    stored = arrivals.of(lead, acts=list(acts.values()), events=list(events.values()))
    yield from ((place, stored[key]) for place, key in acts.items() if key in stored)
    yield from ((place, stored[key]) for place, key in events.items() if key in stored)


def _by_signal(
    request: TurnRequest, inputs: Sequence[Envelope], signals: Sequence[Signalled]
) -> Iterator[tuple[int, datetime]]:
    """The places of the inputs that came as signals, with when Temporal got them.

    Of two that say the same, the later instant counts for both.
    """
    given = request.get("clock")
    clock = ProgramClock.model_validate(given) if given is not None else None
    acts = {
        fingerprint_of("act", one.name, _plain(one.body)): program_now(clock, one.at)
        for one in signals
    }
    events = {
        str(body["id"]): program_now(clock, one.at)
        for one in signals
        if one.name == "events"
        for body in (one.body if isinstance(one.body, list) else [one.body])
        if isinstance(body, Mapping) and "id" in body
    }
    for place, one in enumerate(inputs):
        if one["kind"] == "act" and not one.get("ref") and fingerprint(one) in acts:
            yield place, acts[fingerprint(one)]
        elif one["kind"] == "event" and _id(one) in events:
            yield place, events[str(_id(one))]


def _plain(body: object) -> object:
    """A message as the shell keeps it: without when it arrived, and without its trace."""
    if not isinstance(body, Mapping):
        return body
    return {key: value for key, value in body.items() if key not in ("arrived", TRACE)}


def _id(envelope: Envelope) -> str | None:
    body = envelope.get("body")
    found = body.get("id") if isinstance(body, Mapping) else None
    return found if isinstance(found, str) else None
