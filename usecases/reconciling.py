"""Compare the database with Temporal, repair what is safe, and report the rest.

What it looks at is cheap: rows that are overdue, workflows that ended or began since the last
time, and what Temporal reports as failing. A comparison without `since` also walks over all open
leads, in pages. What a list says may be late, so each lead is looked at again by itself before
anything is said or done about it.

Eight things are repaired. A lead without a running workflow is revived from its row, by
signal-with-start: a deadline that passed meanwhile breaches then, at its real instant. A lead whose
history does not replay is reset to its last good workflow task, and goes on from its row. A
schedule of a program that Temporal lacks is made; only a comparison without `since` looks for one.
A lead whose due instant passed though its run knows of nothing to do lies behind its row: Temporal
was restored from an older backup. So does a lead whose row awaits a mail that its run does not
wait for. A message makes it take a turn, and it goes on from its row. The message says what the
lead knows already, whether its program is paused. The same message goes to a lead whose row was
lost, because an older database was restored: its turn writes the row anew.
What a lead was told within a day and no timeline has is told again (usecases/unrecorded_items.py);
only a comparison without `since` looks for it.
An assignment that no timeline records, because its worker was killed, is taken back. The next
assignment does that too, so it is no finding.

The file is long because all repairs are made from one look at a lead.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from adapters.reports.reconciliation import RowOfLead, SqlReconciliation, Stuck
from adapters.temporal.client import LeadNotFoundError
from adapters.temporal.executions import (
    MAIL_ACTIVITY,
    LeadExecutions,
    PendingCommand,
    Standing,
)
from models.envelopes import Json
from models.instants import write_instant
from usecases.unrecorded_items import UnrecordedItems

LATE = timedelta(minutes=1)
"""Work that is done within a minute of its due instant is in time (docs/language.md section 3)."""
_UNSETTLED = timedelta(minutes=15)
"""One try of a mail takes two minutes at most, and a dead worker's try is taken over in seconds."""
_UNTOLD = timedelta(minutes=5)
"""An intake item usually waits for seconds; `/ready` of the gateway fails after this time too."""
_DAY = timedelta(days=1)
"""What was given up, or ended before its first turn, is news for so long."""
_UNDELIVERED = timedelta(hours=1)
_UNBEGUN = timedelta(hours=1)
"""A worker takes a mail within seconds, if one serves the queue and has room."""
_UNFINISHED = timedelta(days=1)
"""A server that is away, or a rate, may delay a mail for hours."""
_OVERLAP = timedelta(minutes=2)
"""Visibility may lag behind: so much of the time before the last comparison is looked at again."""
_LEADS_AT_ONCE = 10
_MOST_OVERDUE = 1_000
_MOST_LISTED = 1_000

Kind = Literal[
    "no_workflow",
    "no_row",
    "overdue",
    "task_fails",
    "mail_waits",
    "mail_unsettled",
    "event_waits",
    "event_given_up",
    "event_lost",
    "crm_waits",
    "crm_dead",
    "no_schedule",
]

REMEDIES: dict[Kind, str] = {
    "no_workflow": "an open lead has no running workflow; `leadflow reconcile` revives it",
    "no_row": "a workflow has no row in this database; `leadflow reconcile` makes a lead whose row"
    " was lost write it anew; else: does a worker run?",
    "overdue": "what fell due was not done; `leadflow reconcile` brings up a lead whose run lies"
    " behind its row; else: are there enough workers, and is the database quick?",
    "task_fails": "its workflow task fails; `leadflow reconcile` resets it if its history does not"
    " replay; else read the worker's log",
    "mail_waits": "a mail was asked for and has no result; `leadflow reconcile` brings up a lead"
    " whose run lies behind its row; else: do workers serve the queue `mail`, and does the mail"
    " server take mail?",
    "mail_unsettled": "a mail was claimed and its end was never recorded; look at the activity"
    " in Temporal's pages",
    "event_waits": "an accepted event did not reach its lead; does a gateway run?",
    "event_given_up": "an accepted event was given up; the reason is beside it",
    "event_lost": "an accepted event, an act or a new lead was told to Temporal and left no trace:"
    " was Temporal restored? `leadflow reconcile` tells it again",
    "crm_waits": "the CRM does not accept an event; see `leadflow webhook list --waiting`",
    "crm_dead": "an event for the CRM was given up; repair the receiver, then"
    " `leadflow webhook retry --all-dead`",
    "no_schedule": "Temporal lacks a schedule of a program; `leadflow reconcile` makes it",
}
"""Each kind of finding, with what to do."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that did not go on as it should."""

    kind: Kind
    lead: str
    why: str
    since: datetime | None = None
    repaired: str | None = None
    """What was done about it; None if nothing was."""
    repair: str | None = None
    """What is done about it, also if this comparison changes nothing; None if nothing can be."""

    def as_json(self) -> Json:
        """For programs that read the command's output."""
        return {
            "kind": self.kind,
            "lead": self.lead,
            "why": self.why,
            "since": write_instant(self.since) if self.since is not None else None,
            "repaired": self.repaired,
            "repair": self.repair,
            "remedy": REMEDIES[self.kind],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that was found, at most 1,000 of a kind."""

    found: tuple[Finding, ...]

    @property
    def left(self) -> tuple[Finding, ...]:
        """What was not repaired."""
        return tuple(one for one in self.found if one.repaired is None)

    def counts(self, *, repaired: bool) -> dict[str, int]:
        """How many there are of each kind, repaired or not; kinds without any are 0."""
        counted = Counter(one.kind for one in self.found if (one.repaired is not None) is repaired)
        return {kind: counted[kind] for kind in REMEDIES}


class Revivals(Protocol):
    """Starts leads again and wakes them; `adapters.temporal.client.Leads` does it."""

    async def events(self, lead: str, events: list[Json]) -> None:
        """Send events, also none, to a lead, which is started from its row if it does not run."""
        ...

    async def program(self, lead: str, body: Json) -> None:
        """Send a lead in flight what its program does to it."""
        ...


class LeadResets(Protocol):
    """Resets leads whose history does not replay; `adapters.temporal.resets.Resets` does it."""

    async def reset(self, lead: str, *, dry_run: bool = False) -> int | None:
        """The event it was reset to; None if its history replays."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What a comparison works with. `now` is the program's clock."""

    rows: SqlReconciliation
    executions: LeadExecutions
    unrecorded: UnrecordedItems
    leads: Revivals
    resets: LeadResets
    schedules: Callable[[bool], Awaitable[list[str]]]
    """Makes the schedules that Temporal lacks, unless `dry_run`; their ids."""
    paused: Callable[[str], bool]
    """Whether a program is paused. It blocks."""
    settle_assignments: Callable[[], None]
    """Takes back the assignments that no timeline records. It blocks."""
    now: Callable[[], datetime]

    async def compare(self, *, since: datetime | None = None, dry_run: bool = False) -> Findings:
        """Compare what changed since then (wall clock), or all leads, and repair what is safe.

        With `dry_run` nothing is changed. Raises RPCError and SQLAlchemyError.
        """
        if not dry_run:
            await asyncio.to_thread(self.settle_assignments)
        room = asyncio.Semaphore(_LEADS_AT_ONCE)
        suspects = [one async for one in _distinct(self._suspects(since))]

        async def look(lead: str) -> Finding | None:
            async with room:
                return await self._look(lead, dry_run=dry_run)

        looked = await asyncio.gather(*(look(lead) for lead in suspects))
        found = [one for one in looked if one is not None]
        found += await asyncio.to_thread(lambda: list(self._stuck()))
        if since is None:
            told, made = "told again", "made"
            day = datetime.now(UTC) - _DAY
            found += [
                Finding(
                    kind="event_lost",
                    lead=one.lead,
                    why=one.item,
                    since=one.done,
                    repaired=None if dry_run else told,
                    repair=told,
                )
                for one in await self.unrecorded.found(day, _MOST_LISTED, dry_run=dry_run)
            ]
            done = None if dry_run else made
            found += [
                Finding(kind="no_schedule", lead="", why=name, repaired=done, repair=made)
                for name in await self.schedules(dry_run)
            ]
        return Findings(found=tuple(found))

    async def _suspects(self, since: datetime | None) -> AsyncIterator[list[str]]:
        """Leads that may not go on, in pages; some of them are all right, some come twice."""
        yield await asyncio.to_thread(self.rows.overdue, self.now() - LATE, _MOST_OVERDUE)
        async for page in self.executions.failing():
            yield page
        if since is None:
            yield await asyncio.to_thread(self.rows.awaiting, self.now() - _UNBEGUN, _MOST_LISTED)
            pages = self.rows.open_leads()
            while page := await asyncio.to_thread(lambda: next(pages, [])):
                yield await self.executions.not_running(page)
        async for page in self.executions.ended((since or datetime.now(UTC) - _DAY) - _OVERLAP):
            yield page
        began = None if since is None else since - _OVERLAP
        async for page in self.executions.running(began):
            yield await asyncio.to_thread(self.rows.without_row, page)

    async def _look(self, lead: str, *, dry_run: bool) -> Finding | None:
        """What is wrong with this lead, after it was repaired if that is safe."""
        standing = await self.executions.standing(lead)
        # The row is read after the workflow: a lead that has just ended is closed by then.
        row = await asyncio.to_thread(self.rows.row, lead)
        finding = _finding(lead, row, standing, self.now())
        if finding is None:
            return None
        try:
            done = await self._repaired(finding, row, standing, dry_run=dry_run)
        except LeadNotFoundError:
            return None  # somebody sent something to a lead that never was
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - one lead must not keep all others from repair
            _log.warning("a lead can't be repaired", lead=lead, kind=finding.kind, why=str(error))
            return replace(finding, why=f"{finding.why}; it can't be repaired now: {error}")
        if done is not None and not dry_run:
            _log.warning("lead repaired", lead=lead, kind=finding.kind, done=done)
        return replace(finding, repaired=None if dry_run else done, repair=done)

    async def _repaired(
        self, finding: Finding, row: RowOfLead | None, standing: Standing, *, dry_run: bool
    ) -> str | None:
        if finding.kind == "no_workflow":
            if not dry_run:
                await self.leads.events(finding.lead, [])
            return "revived"
        if finding.kind == "task_fails":
            event = await self.resets.reset(finding.lead, dry_run=dry_run)
            return f"reset to event {event}" if event is not None else None
        program = row.program if row is not None else standing.program
        if program is not None and not standing.has_task and _differs(finding, standing):
            if not dry_run:
                paused = await asyncio.to_thread(self.paused, program)
                await self.leads.program(finding.lead, {"do": "pause" if paused else "resume"})
            return "made to take a turn"
        return None

    def _stuck(self) -> Iterable[Finding]:
        """What waits in the database for too long. It blocks."""
        wall, most = datetime.now(UTC), _MOST_LISTED
        tables: list[tuple[Kind, list[Stuck]]] = [
            ("mail_unsettled", self.rows.claimed_mails(wall - _UNSETTLED, most)),
            ("event_waits", self.rows.waiting_items(self.now() - _UNTOLD, most)),
            ("event_given_up", self.rows.given_up_items(wall - _DAY, most)),
            ("crm_waits", self.rows.waiting_crm_events(wall - _UNDELIVERED, most)),
            ("crm_dead", self.rows.dead_crm_events(most)),
        ]
        for kind, stuck in tables:
            for one in stuck:
                why = f"{one.what}: {one.why}" if one.why else one.what
                yield Finding(kind=kind, lead=one.lead, why=why, since=one.since)


def _finding(lead: str, row: RowOfLead | None, standing: Standing, now: datetime) -> Finding | None:
    """What is wrong with a lead of which this is known; None if nothing is."""
    if row is None:
        return _without_row(lead, standing, now)
    if standing.status != "running":
        if row.closed:
            return None
        said = f"its row is open, and its workflow is {_STATUS_WORDS[standing.status]}"
        return Finding(kind="no_workflow", lead=lead, why=said, since=row.due_at)
    if standing.fails:
        said = ", ".join(standing.problems) or f"its workflow task was tried {standing.tries} times"
        return Finding(kind="task_fails", lead=lead, why=said, since=row.due_at)
    if not row.closed and row.due_at is not None and row.due_at < now - LATE:
        return Finding(kind="overdue", lead=lead, why=row.due_what or "due", since=row.due_at)
    return _awaiting(lead, row, standing, now)


def _differs(finding: Finding, standing: Standing) -> bool:
    """Whether a run without a workflow task knows something else than its row.

    A run that knew that it is due would have a task; one that knew of a mail, an activity. One
    whose row is lost writes it anew.
    """
    lost_mail = finding.kind == "mail_waits" and not _mails(standing)
    return finding.kind in ("overdue", "no_row") or lost_mail


def _mails(standing: Standing) -> list[PendingCommand]:
    return [one for one in standing.pending if one.activity == MAIL_ACTIVITY]


def _awaiting(lead: str, row: RowOfLead, standing: Standing, now: datetime) -> Finding | None:
    """Whether the result of a mail is awaited for too long."""
    since = row.awaits_since
    if since is None or since > now - _UNBEGUN:
        return None
    mails = _mails(standing)
    if not mails:
        why = "no activity is pending"
    elif any(not one.begun and one.tries <= 1 for one in mails):
        why = "no worker has begun it"
    elif since < now - _UNFINISHED:
        why = f"it was tried {max(one.tries for one in mails)} times; Temporal's pages show why"
    else:
        return None
    return Finding(kind="mail_waits", lead=lead, why=why, since=since)


_STATUS_WORDS = {"ended": "ended", "completed": "completed", "absent": "not there"}


def _without_row(lead: str, standing: Standing, now: datetime) -> Finding | None:
    """A lead whose first turn never ran, or whose row was lost."""
    started = standing.started
    if standing.status == "ended":
        said = "its workflow ended before its first turn"
        return Finding(kind="no_workflow", lead=lead, why=said, since=started)
    if standing.status != "running":
        return None
    if standing.fails:
        said = ", ".join(standing.problems) or f"its workflow task was tried {standing.tries} times"
        return Finding(kind="task_fails", lead=lead, why=said, since=started)
    if started is not None and now - started < LATE:
        return None  # it has just begun
    return Finding(kind="no_row", lead=lead, why="its workflow runs", since=started)


async def _distinct(pages: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    seen: set[str] = set()
    async for page in pages:
        for one in page:
            if one not in seen:
                seen.add(one)
                yield one
