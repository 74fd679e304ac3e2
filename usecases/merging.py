"""Merge two leads that are one person: for the command line, the API and the desk.

Who asks must be a manager who may see both leads, or an admin. What can't be merged is refused on
the timeline of the lead that would have gone on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, get_args

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from adapters.reports.leads import LeadLine
from lifecycle.moves.merge import refusal
from models.envelopes import MergeResult, MergeWork
from models.inputs import MergeRefusal
from models.instants import write_instant
from usecases.acting import (
    ANSWER_TIMEOUT_SECONDS,
    ActFailed,
    ActMalformed,
    ActNotAllowed,
    ActRefused,
    ActReports,
    ActUnanswered,
    not_there,
    visible,
)
from usecases.context import Acts
from usecases.viewer import Viewer

_LONGEST = 254
"""The most characters of an id or an address."""

_log = structlog.get_logger(__name__)


class KnownLeads(Protocol):
    """Which lead a name means; `adapters.sql.merges.SqlMerges` does it."""

    def meant(self, text: str) -> str | None:
        """The own id of the lead that an id or an address means; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class MergeDone:
    """The two leads are one, now or since an earlier request."""

    other: str
    """The own id of the lead that was merged into the other."""
    line: LeadLine | None
    """The lead that goes on; None if the database does not answer at this moment."""
    before: bool
    """Whether they were one before."""


MergeAnswer = MergeDone | ActFailed


async def merge(
    reports: ActReports,
    known: KnownLeads,
    acts: Acts,
    viewer: Viewer,
    *,
    keep: str,
    other: str,
    by: str | None = None,
    now: datetime,
    timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
) -> MergeAnswer:
    """Merge the lead `other` into the lead `keep`; each is named by any of its ids or addresses.

    `by` is for an admin, who may name the person in whose name it is done. `now` is the program's
    clock. If no worker answers in time, the merge goes on by itself. Raises SQLAlchemyError if the
    database does not answer before anything was asked.
    """
    if viewer.role not in ("admin", "manager"):
        return ActNotAllowed("only a manager may merge two leads")
    for name in (keep, other):
        if not name.strip() or not name.isprintable() or len(name) > _LONGEST:
            return ActMalformed(
                f"a lead is named by one of its ids or by its address, not {name!r}"
            )
    one = await asyncio.to_thread(known.meant, keep.strip())
    line = await asyncio.to_thread(visible, reports, viewer, one or keep)
    if line is None:
        return not_there(keep)
    two = await asyncio.to_thread(known.meant, other.strip())
    if viewer.sight is not None and not await asyncio.to_thread(
        visible, reports, viewer, two or ""
    ):
        return not_there(other)
    work = MergeWork(keep=line.id, other=two or other.strip(), at=write_instant(now))
    person = viewer.person or by
    if person is not None:
        work["by"] = person.strip().lower()
    if viewer.via is not None:
        work["via"] = viewer.via
    try:
        async with asyncio.timeout(timeout_seconds):
            result = await acts.merge(work)
    except TimeoutError:
        return _unanswered(work, f"no worker answered within {timeout_seconds:.0f} seconds")
    except RPCError as error:
        return _unanswered(work, f"Temporal failed: {error.message} ({error.status.name})")
    return await _answer(reports, work, result)


async def _answer(reports: ActReports, work: MergeWork, result: MergeResult) -> MergeAnswer:
    verdict = result["verdict"]
    if verdict == "gone":
        return not_there(work["keep"])
    for why in get_args(MergeRefusal):
        if verdict == why:
            sentence = refusal(why, work["keep"], work["other"], result["into"])
            return ActRefused(sentence, why)
    line: LeadLine | None
    try:
        line = await asyncio.to_thread(reports.line, result["into"] or work["keep"])
    except SQLAlchemyError:
        line = None
    return MergeDone(work["other"], line, before=verdict == "done")


def _unanswered(work: MergeWork, cause: str) -> ActUnanswered:
    _log.warning("a merge was not answered", why=cause)
    why = "no worker answered in time; a merge that was begun goes on by itself"
    return ActUnanswered(why, f"merge/{work['keep']}/{work['other']}", cause)
