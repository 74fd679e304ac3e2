"""A person acts on a lead, from wherever they ask: the API, the desk.

Whether they may see the lead is judged here, and in whose name they act; whether the act is
allowed, the rules say. Every outcome is a value with its sentence, for each door to show in its
own way.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from adapters.reports.leads import LeadLine
from adapters.temporal.client import LeadNotFoundError, RefusedError, TemporalUnavailableError
from models.instants import write_instant
from models.messages import read_act
from usecases.context import Acts, Outside
from usecases.viewer import Viewer

PATIENCE_SECONDS = 25.0
"""How long an act is waited for: less than browsers' and proxies' own patience."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """The act is done, now or when it was asked before."""

    line: LeadLine | None
    """The lead as it stands now; None if the database can't be asked just now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The rules do not allow it."""

    why: str
    """The rule's sentence, which says what would be allowed."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Not by whoever asks, or not in this name."""

    why: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """There is no such lead, or it is not theirs to see; which of both is not told."""

    why: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """It is no act."""

    why: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nobody answered in time. It may still be done; with its id it may be asked again."""

    why: str


Outcome = Done | Refused | NotAllowed | NotThere | Malformed | Unavailable


async def perform(
    outside: Outside,
    acts: Acts,
    viewer: Viewer,
    *,
    lead: str,
    do: str,
    fields: Mapping[str, Any],
) -> Outcome:
    """Do `do` on a lead for whoever asks; `fields` are those of `models.messages.ActMessage`.

    Give the act an `id` to make it repeatable: with the same one it has one effect. Instants may
    be datetimes or text; what is None is left out.
    """
    message = {
        name: write_instant(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }
    message.setdefault("id", uuid.uuid4().hex)
    if not await asyncio.to_thread(_may_see, outside, viewer, lead, message["id"]):
        return not_there(lead)
    if viewer.role == "marketing":
        return NotAllowed("marketing sees leads and acts on none")
    if viewer.person is not None:
        if str(message.get("by", viewer.person)).strip().lower() != viewer.person:
            return NotAllowed(f"you act as {viewer.person} and nobody else; leave 'by' out")
        message["by"] = viewer.person
    elif "by" not in message:
        return Malformed("by: is missing; an admin acts in somebody's name, so say in whose")
    try:
        read_act(do, message, outside.now())
    except ValueError as error:
        return Malformed(str(error))
    return await _asked(outside, acts, lead, do, message)


def not_there(lead: str) -> NotThere:
    """The one sentence for a lead that is not there and one that is not to be seen."""
    return NotThere(f"there is no lead '{lead}' among those you may see")


def seen(outside: Outside, viewer: Viewer, lead: str) -> LeadLine | None:
    """A lead as lists show it, if it is there and theirs to see."""
    line = outside.reports.line(lead) if "\0" not in lead else None
    return line if line is not None and viewer.sees(line) else None


def _may_see(outside: Outside, viewer: Viewer, lead: str, act: object) -> bool:
    """Whether they see the lead, or did before this act took it away from them.

    Who gives a lead back and asks again, for the answer was lost, is answered as before.
    """
    if seen(outside, viewer, lead) is not None:
        return True
    if viewer.person is None or not isinstance(act, str) or "\0" in lead:
        return False
    return outside.reports.acted(lead, act, viewer.person)


async def _asked(
    outside: Outside, acts: Acts, lead: str, do: str, message: dict[str, Any]
) -> Outcome:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await acts.act(lead, do, message)
    except RefusedError as refusal:
        return Refused(str(refusal))
    except LeadNotFoundError:
        return not_there(lead)
    except ValueError as error:
        return Malformed(str(error))
    except (TimeoutError, TemporalUnavailableError, RPCError) as error:
        _log.warning("an act was not answered", act=do, why=type(error).__name__)
        return Unavailable(
            "nobody answered in time; the act may still be done. Ask again with the id"
            f" {message['id']}, and it is done once"
        )
    try:
        return Done(await asyncio.to_thread(outside.reports.line, lead))
    except SQLAlchemyError:
        return Done(None)
