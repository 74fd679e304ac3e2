"""A person acts on a lead, by the CLI, the API, the desk, an alert's button or the CRM.

The use case checks whether the viewer may see the lead and in whose name they act. The rules say
whether the act is allowed. Every outcome is a value with its sentence. Each door gives the
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

from activities.arrivals import fingerprint_of
from adapters.reports.leads import LeadLine
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from lifecycle.stages import WITH_MARKETING
from models.inputs import ACTS
from models.instants import write_instant
from models.messages import read_act
from models.refusal import RefusedError
from usecases.context import Acts
from usecases.viewer import Viewer

ANSWER_TIMEOUT_SECONDS = 25.0
"""How long a door waits for the answer of an act. It is less than the 30 seconds after which the
first browsers and proxies give up."""

_LEAVE_SECONDS = 3.0

_log = structlog.get_logger(__name__)


class ActReports(Protocol):
    """What this use case reads about leads; `adapters.reports.leads.SqlReports` does it."""

    def line(self, lead: str) -> LeadLine | None:
        """A lead as lists show it; None if there is no such lead."""
        ...

    def with_id(self, given: str) -> str | None:
        """The own id of the lead that has this id; None if there is none."""
        ...

    def acted(self, lead: str, act: str, by: str) -> bool:
        """Whether this person did the act with this id."""
        ...


class ActArrivals(Protocol):
    """Where it is stored when acts arrived; `adapters.sql.arrivals.SqlArrivals` does it."""

    def keep(self, lead: str, act: str, said: str, arrived: datetime) -> None:
        """Store when an act arrived; the first arrival stands."""
        ...

    def left(self, lead: str, act: str, do: str, message: Mapping[str, Any]) -> None:
        """Store an act that was left for its lead, so that it can be told again if it is lost."""
        ...

    def forget(self, lead: str, act: str) -> None:
        """Forget an act that was answered."""
        ...


@dataclass(frozen=True, slots=True)
class ActDone:
    """The act is done, now or at an earlier request."""

    line: LeadLine | None
    """The lead after the act; None if the database does not answer at this moment."""


@dataclass(frozen=True, slots=True)
class ActRefused:
    """The rules do not allow it."""

    why: str
    """The rule's sentence, which says what would be allowed."""
    word: str | None = None
    """The rule's word, such as `stage` or `reason` (docs/choices.md)."""


@dataclass(frozen=True, slots=True)
class ActNotAllowed:
    """The viewer may not act, or not in this name."""

    why: str


@dataclass(frozen=True, slots=True)
class LeadNotThere:
    """There is no such lead, or the viewer may not see it. The answer does not say which."""

    why: str


@dataclass(frozen=True, slots=True)
class ActMalformed:
    """The request is not an act, or one of its fields is malformed."""

    why: str


@dataclass(frozen=True, slots=True)
class ActUnanswered:
    """No worker answered in time. The act may still be done. A door can ask again with its id."""

    why: str
    """The sentence. Each door adds how to ask again."""
    id: str
    """The act's id."""
    cause: str
    """What failed, for operators."""


ActFailed = ActRefused | ActNotAllowed | LeadNotThere | ActMalformed | ActUnanswered
ActOutcome = ActDone | ActFailed


async def perform(
    reports: ActReports,
    acts: Acts,
    arrivals: ActArrivals,
    viewer: Viewer,
    *,
    lead: str,
    do: object,
    fields: Mapping[str, Any],
    now: datetime,
    timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
) -> ActOutcome:
    """Do `do` on a lead for whoever asks; `fields` are those of `models.messages.ActMessage`.

    `lead` is any of its ids.
    Give the act an `id` to make it repeatable: with the same id it has one effect. Instants may
    be datetimes or text. Fields that are None are left out. `now` is the
    program's clock; `timeout_seconds` is in seconds.
    When it arrived is stored first. If no worker answers in time, the act is left for the lead as
    a signal, and it may be asked again with its id. The instant at which it first arrived counts,
    so who acts in time is in time.
    Raises SQLAlchemyError if the database does not answer before anything was asked.
    """
    message = {
        name: write_instant(value) if isinstance(value, datetime) else value
        for name, value in {**fields, "via": viewer.via}.items()  # a caller can't name the door
        if value is not None
    }
    message.setdefault("id", uuid.uuid4().hex)
    own: str | None = await asyncio.to_thread(reports.with_id, lead)
    lead = own or lead
    if not await asyncio.to_thread(_may_act, reports, viewer, lead, do, message["id"]):
        return not_there(lead)
    if viewer.role == "marketing":
        return ActNotAllowed("a marketing key may see leads and may not act on them")
    # The refusal quotes the name, so control characters and lone surrogates must not get in.
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
    said = fingerprint_of("act", name, message)
    await asyncio.to_thread(arrivals.keep, lead, message["id"], said, now)
    failed = await _answered(acts, lead, name, message, timeout_seconds)
    if isinstance(failed, ActUnanswered):
        await _leave(acts, arrivals, lead, name, message)
    else:
        await _forget(arrivals, lead, message["id"])
    if failed is not None:
        return failed
    try:
        return ActDone(await asyncio.to_thread(reports.line, lead))
    except SQLAlchemyError:
        return ActDone(None)


async def _leave(
    acts: Acts, arrivals: ActArrivals, lead: str, do: str, message: dict[str, Any]
) -> None:
    """Leave an act that was not answered, so that it is done as soon as a worker is there."""
    try:
        async with asyncio.timeout(_LEAVE_SECONDS):
            await acts.leave(lead, do, message)
    except (TimeoutError, LeadNotFoundError, TemporalUnavailableError, RPCError) as error:
        _log.warning("an unanswered act can't be left for its lead", act=do, why=repr(error))
        return
    try:
        await asyncio.to_thread(arrivals.left, lead, message["id"], do, message)
    except SQLAlchemyError as error:
        _log.warning("an act that was left is not stored", act=do, why=repr(error))


async def _forget(arrivals: ActArrivals, lead: str, act: str) -> None:
    """An answer is an answer, also if the database does not answer now."""
    try:
        await asyncio.to_thread(arrivals.forget, lead, act)
    except SQLAlchemyError as error:
        _log.warning("an answered act is still stored as open", why=repr(error))


def not_there(lead: str) -> LeadNotThere:
    """The same sentence for a lead that does not exist and for one that the viewer may not see."""
    return LeadNotThere(f"there is no lead '{lead}' among those you may see")


def visible(reports: ActReports, viewer: Viewer, lead: str) -> LeadLine | None:
    """A lead, by any of its ids; None if there is none or the viewer may not see it."""
    line = reports.line(reports.with_id(lead) or lead) if "\0" not in lead else None
    return line if line is not None and viewer.sees(line) else None


def _may_act(reports: ActReports, viewer: Viewer, lead: str, do: object, act: object) -> bool:
    """Whether the viewer may see the lead, could see it before they did this act, or calls it.

    If the answer to a `recycle` was lost, its sender asks again and must get the same answer,
    although they may not see the lead any more. Everybody in the directory may log a touch of a
    lead that is with marketing, though its page is not for them.
    """
    if visible(reports, viewer, lead) is not None:
        return True
    if viewer.person is None or not isinstance(act, str) or "\0" in lead:
        return False
    if do == "touch" and (line := reports.line(lead)) is not None:
        return line.stage in WITH_MARKETING or reports.acted(lead, act, viewer.person)
    return reports.acted(lead, act, viewer.person)


async def _answered(
    acts: Acts, lead: str, do: str, message: dict[str, Any], timeout_seconds: float
) -> ActFailed | None:
    """Ask the lead and wait for so long; None if the act is done."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _ask(acts, lead, do, message)
    except TimeoutError:
        why = f"no worker answered within {timeout_seconds:.0f} seconds"
        return _unanswered(do, message, why)


async def _ask(acts: Acts, lead: str, do: str, message: dict[str, Any]) -> ActFailed | None:
    """Ask the lead; None if the act is done."""
    try:
        await acts.act(lead, do, message)
    except RefusedError as refusal:
        return ActRefused(refusal.sentence, refusal.why)
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
        "no worker answered in time; the act may still be done", str(message["id"]), cause
    )
