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
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from models.instants import write_instant
from models.messages import read_act
from models.refusal import RefusedError
from usecases.context import Acts, Context
from usecases.viewer import Viewer

PATIENCE_SECONDS = 25.0
"""How long an act is waited for: less than browsers' and proxies' own patience."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ActDone:
    """The act is done, now or when it was asked before."""

    line: LeadLine | None
    """The lead as it stands now; None if the database can't be asked just now."""


@dataclass(frozen=True, slots=True)
class ActRefused:
    """The rules do not allow it."""

    why: str
    """The rule's sentence, which says what would be allowed."""


@dataclass(frozen=True, slots=True)
class ActNotAllowed:
    """Not by whoever asks, or not in this name."""

    why: str


@dataclass(frozen=True, slots=True)
class LeadNotThere:
    """There is no such lead, or it is not theirs to see; which of both is not told."""

    why: str


@dataclass(frozen=True, slots=True)
class ActMalformed:
    """It is no act."""

    why: str


@dataclass(frozen=True, slots=True)
class ActUnanswered:
    """Nobody answered in time. It may still be done; with its id it may be asked again."""

    why: str


ActOutcome = ActDone | ActRefused | ActNotAllowed | LeadNotThere | ActMalformed | ActUnanswered


async def perform(
    context: Context,
    acts: Acts,
    viewer: Viewer,
    *,
    lead: str,
    do: str,
    fields: Mapping[str, Any],
) -> ActOutcome:
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
    if not await asyncio.to_thread(_may_see, context, viewer, lead, message["id"]):
        return not_there(lead)
    if viewer.role == "marketing":
        return ActNotAllowed("marketing sees leads and acts on none")
    if viewer.person is not None:
        if str(message.get("by", viewer.person)).strip().lower() != viewer.person:
            return ActNotAllowed(f"you act as {viewer.person} and nobody else; leave 'by' out")
        message["by"] = viewer.person
    elif "by" not in message:
        return ActMalformed("by: is missing; an admin acts in somebody's name, so say in whose")
    try:
        read_act(do, message, context.now())
    except ValueError as error:
        return ActMalformed(str(error))
    return await _asked(context, acts, lead, do, message)


def not_there(lead: str) -> LeadNotThere:
    """The one sentence for a lead that is not there and one that is not to be seen."""
    return LeadNotThere(f"there is no lead '{lead}' among those you may see")


def seen(context: Context, viewer: Viewer, lead: str) -> LeadLine | None:
    """A lead as lists show it, if it is there and theirs to see."""
    line = context.reports.line(lead) if "\0" not in lead else None
    return line if line is not None and viewer.sees(line) else None


def _may_see(context: Context, viewer: Viewer, lead: str, act: object) -> bool:
    """Whether they see the lead, or did before this act took it away from them.

    Who gives a lead back and asks again, for the answer was lost, is answered as before.
    """
    if seen(context, viewer, lead) is not None:
        return True
    if viewer.person is None or not isinstance(act, str) or "\0" in lead:
        return False
    return context.reports.acted(lead, act, viewer.person)


async def _asked(
    context: Context, acts: Acts, lead: str, do: str, message: dict[str, Any]
) -> ActOutcome:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await acts.act(lead, do, message)
    except RefusedError as refusal:
        return ActRefused(str(refusal))
    except LeadNotFoundError:
        return not_there(lead)
    except ValueError as error:
        return ActMalformed(str(error))
    except (TimeoutError, TemporalUnavailableError, RPCError) as error:
        _log.warning("an act was not answered", act=do, why=type(error).__name__)
        return ActUnanswered(
            "nobody answered in time; the act may still be done. Ask again with the id"
            f" {message['id']}, and it is done once"
        )
    try:
        return ActDone(await asyncio.to_thread(context.reports.line, lead))
    except SQLAlchemyError:
        return ActDone(None)
