"""Signals and updates, which may hold anything, put into envelopes. Nothing here raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payload

from activities.tracing import TRACE
from models.envelopes import Envelope, LeadRun
from models.inputs import ACTS
from models.instants import parse_instant, write_instant
from models.json_text import read_json
from models.plain_json import check_shape, check_values

_KNOWN = ("events", "create", "program", "merge", *ACTS)
_KINDS = {"events": "event", "create": "created", "program": "program", "merge": "merge"}
Decode = Callable[[Any], Any]
_LONGEST = 300
_LONGEST_TRACE = 64
"""A `traceparent` has 55 characters."""


def signalled(
    name: str, args: Sequence[Any], decode: Decode, now: datetime, grace: timedelta
) -> list[Envelope]:
    """The inputs that a signal brings; a `malformed` one if it makes no sense."""
    try:
        bodies = _bodies(name, [decoded(one, decode) for one in args])
    except Exception as error:  # noqa: BLE001 - a signal that can't be decoded must not stop a lead
        why = " ".join(str(error).split())[:_LONGEST]
        return [_envelope("malformed", name[:_LONGEST], why, now, grace)]
    kind = _KINDS.get(name, "act")
    envelopes = []
    for body in bodies:
        try:
            check_values(body) if isinstance(body, Mapping) else check_shape(body)
        except ValueError as error:  # it could not be sent on; the others of the signal can
            envelopes.append(_envelope("malformed", name, f"{name}: {error}", now, grace))
        else:
            envelopes.append(_envelope(kind, name if kind == "act" else "", body, now, grace))
    return envelopes


def decoded(payload: Payload, decode: Decode) -> Any:
    """The value of a signal's argument.

    `decode` gives up at some hundred levels of nesting, and with it the good items beside the one
    that is nested so deep. What it can't read is read as the gateway reads a body.
    """
    try:
        return decode(payload)
    except Exception:
        if payload.metadata.get("encoding") != b"json/plain":
            raise
    try:
        return read_json(payload.data)
    except ValueError as error:
        raise ValueError(f"the argument is not JSON: {error}") from None


def _bodies(name: str, args: list[Any]) -> list[Any]:
    if name not in _KNOWN:
        raise ValueError(f"there is no signal '{name}'; there are {', '.join(_KNOWN)}")
    if len(args) != 1:
        raise ValueError(f"{name} takes one argument, a JSON object; {len(args)} came")
    (body,) = args
    if name == "events" and isinstance(body, list):
        return body
    if not isinstance(body, Mapping):
        raise ValueError(f"{name} takes a JSON object, not {_shown(body)}")
    return [body]


def _shown(body: Any) -> str:
    words = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return "nothing" if body is None else words.get(type(body), "binary data")


def acted(do: str, body: Any, now: datetime, grace: timedelta, ref: int) -> Envelope:
    """The input that an update brings; its sender waits for the answer under `ref`."""
    return {**_envelope("act", do, body, now, grace), "ref": ref}


def created(run: LeadRun, now: datetime, grace: timedelta) -> Envelope:
    """The input that creates a lead, with the run's profile."""
    body = {**(run.profile or {}), "arrived": run.arrived}
    if run.trace is not None:
        body[TRACE] = run.trace
    return _envelope("created", "", body, now, grace)


def resulted(
    command: Mapping[str, Any], done: Mapping[str, Any], now: datetime, grace: timedelta
) -> Envelope:
    """The result of a command. It has the command's instant, unless it came much later."""
    body = {"key": command["key"], **done, "arrived": command["at"]}
    if TRACE in command:
        body[TRACE] = command[TRACE]
    return _envelope("result", "", body, now, grace)


def resumed(now: datetime, grace: timedelta) -> Envelope:
    """The input that says that the lead goes on from its row."""
    return _envelope("resumed", "", {}, now, grace)


def _envelope(kind: Any, name: str, body: Any, now: datetime, grace: timedelta) -> Envelope:
    trace, body = _untraced(body)
    body, arrived = _stamped(body, now, grace)
    envelope: Envelope = {"kind": kind, "body": body, "arrived": write_instant(arrived)}
    if trace is not None:
        envelope["trace"] = trace
    if name:
        envelope["name"] = name
    return envelope


def _untraced(body: Any) -> tuple[str | None, Any]:
    """The trace context that a message carries, and the message without it."""
    found = body.get(TRACE) if isinstance(body, Mapping) else None
    if not isinstance(found, str) or len(found) > _LONGEST_TRACE:
        return None, body
    return found, {key: value for key, value in body.items() if key != TRACE}


def _stamped(body: Any, now: datetime, grace: timedelta) -> tuple[Any, datetime]:
    """A message may say when it arrived at its door. An instant far from now is not used."""
    if not isinstance(body, Mapping) or "arrived" not in body:
        return body, now
    rest = {key: value for key, value in body.items() if key != "arrived"}
    if body["arrived"] is None:
        return rest, now
    try:
        said = parse_instant(body["arrived"])
    except ValueError:
        return body, now
    return rest, said if abs(said - now) <= grace else now
