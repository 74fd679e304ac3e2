"""A person acts on a lead: one way from the CLI, the API, the desk, an alert's button and the CRM.

This file checks whether whoever asks may see the lead and in whose name they act. The rules say
whether the act is allowed. Every outcome is a value with its sentence; each door gives the
sentence its own form.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from adapters.reports.leads import LeadLine
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from models.inputs import ACTS
from models.instants import write_instant
from models.messages import read_act
from models.refusal import RefusedError
from usecases.context import Acts
from usecases.viewer import Viewer

ANSWER_TIMEOUT_SECONDS = 25.0
"""How long an act is waited for. Browsers and proxies give up after 30 seconds or later."""

_log = structlog.get_logger(__name__)


class ActReports(Protocol):
    """What acting reads of leads; `adapters.reports.leads.SqlReports` is one."""

    def line(self, lead: str) -> LeadLine | None:
        """One lead as lists show it; None if there is none."""
        ...

    def acted(self, lead: str, act: str, by: str) -> bool:
        """Whether this person did the act with this id."""
        ...


@dataclass(frozen=True, slots=True)
class ActDone:
    """The act is done, now or when it was asked before."""

    line: LeadLine | None
    """The lead as it stands now; None if the database does not answer at this moment."""


@dataclass(frozen=True, slots=True)
class ActRefused:
    """The rules do not allow it."""

    why: str
    """The rule's sentence, which says what would be allowed."""


@dataclass(frozen=True, slots=True)
class ActNotAllowed:
    """Whoever asks may not act, or not in this name."""

    why: str


@dataclass(frozen=True, slots=True)
class LeadNotThere:
    """There is no such lead, or whoever asks may not see it. The answer does not say which."""

    why: str


@dataclass(frozen=True, slots=True)
class ActMalformed:
    """What was sent is not an act."""

    why: str


@dataclass(frozen=True, slots=True)
class ActUnanswered:
    """Nobody answered in time. The act may still be done; with its id it may be asked again."""

    why: str
    """The sentence; each door adds how to ask again."""
    id: str
    """The act's id."""
    cause: str
    """What failed, in words for operators."""


ActFailed = ActRefused | ActNotAllowed | LeadNotThere | ActMalformed | ActUnanswered
ActOutcome = ActDone | ActFailed


async def perform(
    reports: ActReports,
    acts: Acts,
    viewer: Viewer,
    *,
    lead: str,
    do: object,
    fields: Mapping[str, Any],
    now: datetime,
    timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
) -> ActOutcome:
    """Do `do` on a lead for whoever asks; `fields` are those of `models.messages.ActMessage`.

    Give the act an `id` to make it repeatable: with the same id it has one effect. Instants may
    be datetimes or text. Fields that are None are left out. `now` is the
    program's clock; `patience` is in seconds.
    Raises SQLAlchemyError if the database does not answer before anything was asked.
    """
    message = {
        name: write_instant(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }
    message.setdefault("id", uuid.uuid4().hex)
    if not await asyncio.to_thread(_may_see, reports, viewer, lead, message["id"]):
        return not_there(lead)
    if viewer.role == "marketing":
        return ActNotAllowed("marketing sees leads and acts on none")
    # Half characters and control characters have no place in the sentence that quotes the name.
    name = do if isinstance(do, str) and do.isprintable() else ""
    if viewer.person is not None:
        if str(message.get("by", viewer.person)).strip().lower() != viewer.person:
            return ActNotAllowed(f"you act as {viewer.person} and nobody else; leave 'by' out")
        message["by"] = viewer.person
    elif "by" not in message and name in ACTS:
        return ActMalformed("by: is missing; say in whose name the act is done")
    try:
        read_act(name, message, now)
    except ValueError as error:
        return ActMalformed(str(error))
    try:
        async with asyncio.timeout(timeout_seconds):
            failed = await _ask(acts, lead, name, message)
    except TimeoutError:
        failed = _unanswered(name, message, f"no worker answered within {timeout_seconds:.0f} seconds")
    if failed is not None:
        return failed
    try:
        return ActDone(await asyncio.to_thread(reports.line, lead))
    except SQLAlchemyError:
        return ActDone(None)


def not_there(lead: str) -> LeadNotThere:
    """The one sentence for a lead that does not exist and for one that they may not see."""
    return LeadNotThere(f"there is no lead '{lead}' among those you may see")


def visible(reports: ActReports, viewer: Viewer, lead: str) -> LeadLine | None:
    """A lead as lists show it, if it exists and they may see it."""
    line = reports.line(lead) if "\0" not in lead else None
    return line if line is not None and viewer.sees(line) else None


def _may_see(reports: ActReports, viewer: Viewer, lead: str, act: object) -> bool:
    """Whether they see the lead, or saw it before this act took it away from them.

    If the answer to a `recycle` was lost, its sender asks again and gets the same answer, though
    the lead is not theirs any more.
    """
    if visible(reports, viewer, lead) is not None:
        return True
    if viewer.person is None or not isinstance(act, str) or "\0" in lead:
        return False
    return reports.acted(lead, act, viewer.person)


async def _ask(acts: Acts, lead: str, do: str, message: dict[str, Any]) -> ActFailed | None:
    """Ask the lead; None if the act is done."""
    try:
        await acts.act(lead, do, message)
    except RefusedError as refusal:
        return ActRefused(refusal.sentence)
    except LeadNotFoundError:
        return not_there(lead)
    except ValueError as error:
        return ActMalformed(str(error))
    except TemporalUnavailableError as error:
        return _unanswered(do, message, str(error))
    except RPCError as error:
        return _unanswered(do, message, f"Temporal failed: {error.message} ({error.status.name})")
    return None


def _unanswered(do: str, message: Mapping[str, Any], cause: str) -> ActUnanswered:
    _log.warning("an act was not answered", act=do, why=cause)
    return ActUnanswered(
        "nobody answered in time; the act may still be done", str(message["id"]), cause
    )
