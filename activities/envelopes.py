"""Inputs and commands on their way between the shell and the rules, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from activities.tracing import TRACE, traced
from models.decision import Alert, AnyCommand, SendMail
from models.envelopes import Envelope, Json
from models.inputs import (
    Created,
    Input,
    LaunchUndone,
    MalformedInput,
    MergedFrom,
    MergedInto,
    ProgramChanged,
    ProgramPaused,
    Reengage,
    Result,
    Resumed,
)
from models.instants import parse_instant
from models.known_fields import NewerReleaseError
from models.launch import UNDO
from models.messages import event_of, is_read, read_act, read_event
from models.publication import IN_FLIGHT
from models.state import read_state

_RESULTS = TypeAdapter(Result)
_INTO = TypeAdapter(MergedInto)
_FROM = TypeAdapter(MergedFrom)
_KINDS = frozenset(get_args(get_type_hints(Envelope)["kind"]))


def check_known_kinds(envelopes: Sequence[Envelope]) -> None:
    """Raise NewerReleaseError for an input of a kind that only a newer leadflow knows."""
    unknown = sorted({one["kind"] for one in envelopes} - _KINDS)
    if unknown:
        raise NewerReleaseError(
            f"a newer leadflow sent an input that this one does not know: {', '.join(unknown)}."
            " Replace this worker by one of the newer version; until then newer workers take it"
        )


def read_input(envelope: Envelope) -> Input:
    """The input in its envelope; what can't be read is `MalformedInput`. Never raises."""
    arrived, ref = parse_instant(envelope["arrived"]), envelope.get("ref", 0)
    kind, name, body = envelope["kind"], envelope.get("name", ""), envelope.get("body")
    try:
        if kind == "result":
            return _RESULTS.validate_python({**(body or {}), "arrived": arrived})
        if kind == "event":
            if body is not None and is_read(body):
                event = event_of(body, arrived, ref=ref)
            else:
                event = read_event(body, arrived, ref=ref)
            return replace(event, duplicate=True) if envelope.get("duplicate") else event
        if kind == "act":
            return read_act(name, body, arrived, ref=ref)
        if kind == "created":
            return _created(body, arrived)
        if kind == "resumed":
            return Resumed(arrived=arrived)
        if kind == "program":
            return _of_program(body, arrived)
        if kind == "merge":
            return _of_merge(body, arrived)
        why = str(body)
    except ValueError as error:
        why = str(error)
    return MalformedInput(arrived=arrived, ref=ref, name=name or kind, why=why, by=_by(body))


def _created(body: Any, arrived: datetime) -> Created:
    if not isinstance(body, Mapping):
        raise ValueError("a lead is created with its profile, a mapping with at least email")
    return Created(arrived=arrived, profile=body)


def _of_program(body: Any, arrived: datetime) -> Input:
    if not isinstance(body, Mapping):
        raise ValueError("what a program does to its leads is a mapping with `do`")
    do, to, in_flight = (body.get(name) for name in ("do", "to", "in_flight"))
    if do in ("pause", "resume"):
        return ProgramPaused(arrived=arrived, pause=do == "pause")
    if do == "publish" and isinstance(to, str) and in_flight in IN_FLIGHT:
        recheck = body.get("recheck") is True
        return ProgramChanged(arrived=arrived, to=to, in_flight=in_flight, recheck=recheck)
    run, version = body.get("run"), body.get("version")
    if do == "reengage" and isinstance(run, str) and isinstance(version, str):
        return Reengage(arrived=arrived, run=run, version=version)
    seq = body.get("seq")
    if do == UNDO and isinstance(seq, int):
        return LaunchUndone(arrived=arrived, seq=seq)
    raise ValueError(
        "`do` is pause, resume, publish with `to` and `in_flight`, reengage with `run` and"
        " `version`, or undo with `seq`"
    )


def _of_merge(body: Any, arrived: datetime) -> Input:
    if not isinstance(body, Mapping):
        raise ValueError("a merge is a mapping with `do`")
    fields = {name: value for name, value in body.items() if name not in ("do", TRACE)} | {
        "arrived": arrived
    }
    if body.get("do") == "into":
        return _INTO.validate_python(fields)
    if body.get("do") == "from":
        left = body.get("left")
        fields["left"] = read_state(left) if left is not None else None
        return _FROM.validate_python(fields)
    raise ValueError("`do` is into or from")


def _by(body: Any) -> str:
    found = body.get("by") if isinstance(body, Mapping) else None
    return found[:254] if isinstance(found, str) else ""


_COMMANDS: dict[str, TypeAdapter[Any]] = {
    "send_mail": TypeAdapter(SendMail),
    "alert": TypeAdapter(Alert),
}


def write_command(command: AnyCommand) -> Json:
    """A command as JSON; `do` names its kind. It carries the present trace."""
    do = "send_mail" if isinstance(command, SendMail) else "alert"
    data: Json = _COMMANDS[do].dump_python(command, mode="json", exclude_defaults=True)
    return traced({"do": do, **data})


def read_command(data: Json) -> AnyCommand:
    """A command from `write_command`'s JSON. Raises NewerReleaseError for one of another kind."""
    if data["do"] not in _COMMANDS:
        raise NewerReleaseError(
            f"a newer leadflow gave the command {data['do']}, which this one does not know."
            " Replace this worker by one of the newer version; it performs the command"
        )
    fields = {name: value for name, value in data.items() if name != "do"}
    command: AnyCommand = _COMMANDS[data["do"]].validate_python(fields)
    return command
