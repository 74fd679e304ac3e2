"""Schedules: what runs when, whom the next re-engagement would take, and runs by hand.

A schedule has the name that its Temporal Schedule has: `reengage/acme`, `digest/acme`, `reconcile`,
`nightly`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from adapters.documents.problems import meant
from models.program.schedules import REENGAGE

# CEL, SQLAlchemy and Temporal take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from adapters.sql.database import Database
    from adapters.temporal.schedules import Schedules, ScheduleStanding
    from lifecycle.nurture.selection import Looked, Selection
    from models.program.program import Program
    from models.reengagement import ReengagementRun

Kind = Literal["reengage", "digest", "reconcile", "nightly"]
_OF_INSTALLATION: tuple[tuple[Kind, str | None], ...] = (
    ("reconcile", None),
    ("nightly", "30 2 * * *"),
)
"""The schedules that every installation has, and when they run in UTC."""
_PAGE = 500


class UnknownScheduleError(LookupError):
    """There is no schedule of this name. The message names a similar one that there is."""


class ScheduleError(Exception):
    """The schedule can't do this now; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A schedule that there should be, and how it stands."""

    name: str
    kind: Kind
    id: str
    """Its id in Temporal: the name, after the prefix of the task queues."""
    program: str | None
    cron: str | None
    """None for one that runs every few minutes."""
    timezone: str | None
    standing: ScheduleStanding | None
    """None if Temporal has no such schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Whom a run would take now, and why not the others."""

    at: datetime
    selection: Selection
    looked: Sequence[Looked]
    """Every lead in flight, by id."""


async def all_schedules(database: Database, schedules: Schedules) -> tuple[Scheduled, ...]:
    """Every schedule that the newest versions and this installation should have.

    Raises temporalio.service.RPCError.
    """
    found: list[Scheduled] = []
    for program in await asyncio.to_thread(_newest, database):
        for kind in (REENGAGE, "digest"):
            written = program.schedules.get(kind)
            if written is None:
                continue
            name = f"{kind}/{program.program}"
            own = schedules.id_of(name)
            found.append(
                Scheduled(
                    name=name,
                    kind=kind,
                    id=own,
                    program=program.program,
                    cron=written.cron,
                    timezone=program.timezone,
                    standing=await schedules.standing(own),
                )
            )
    for kind, cron in _OF_INSTALLATION:
        own = schedules.id_of(kind)
        found.append(
            Scheduled(
                name=kind,
                kind=kind,
                id=own,
                program=None,
                cron=cron,
                timezone="UTC" if cron else None,
                standing=await schedules.standing(own),
            )
        )
    return tuple(found)


async def schedule_named(name: str, database: Database, schedules: Schedules) -> Scheduled:
    """The schedule of this name. Raises UnknownScheduleError, and RPCError."""
    known = await all_schedules(database, schedules)
    for one in known:
        if one.name == name:
            return one
    raise UnknownScheduleError(
        f"there is no schedule '{name}'; {meant(name, [one.name for one in known])}"
    )


async def trigger(name: str, database: Database, schedules: Schedules) -> str:
    """Have a schedule begin a run now, also if it is paused; the id of the run's workflow.

    Raises UnknownScheduleError, ScheduleError if a run is under way, and RPCError.
    """
    found = _there(await schedule_named(name, database, schedules))
    busy = f"a run of {name} is under way; it begins no other until that has ended"
    if found.running:
        raise ScheduleError(busy)
    try:
        return await schedules.trigger(schedules.id_of(name))
    except TimeoutError:
        raise ScheduleError(busy) from None


async def set_paused(
    name: str, database: Database, schedules: Schedules, *, paused: bool, note: str
) -> bool:
    """Pause a schedule, or let it go on; False if it stood so already.

    Publishing leaves a paused schedule paused. Raises UnknownScheduleError, ScheduleError and
    RPCError.
    """
    found = _there(await schedule_named(name, database, schedules))
    if found.paused == paused:
        return False
    change = schedules.pause if paused else schedules.resume
    await change(schedules.id_of(name), note)
    return True


async def make_missing(database: Database, schedules: Schedules, *, dry_run: bool) -> list[str]:
    """Make the schedules of programs that Temporal lacks, unless `dry_run`; their ids.

    Raises temporalio.service.RPCError.
    """
    made: list[str] = []
    for program in await asyncio.to_thread(_newest, database):
        made += await schedules.make_missing(program, dry_run=dry_run)
    return made


def _there(found: Scheduled) -> ScheduleStanding:
    if found.standing is None:
        raise ScheduleError(
            f"Temporal has no schedule {found.id}; make it: leadflow temporal setup"
        )
    return found.standing


def runs(database: Database, program: str, *, most: int = 5) -> tuple[ReengagementRun, ...]:
    """The latest runs of a program's re-engagement, the newest first."""
    from adapters.sql.reengagements import SqlReengagements  # noqa: PLC0415  # keeps --help quick

    return SqlReengagements(database).latest(program, most=most)


def preview(database: Database, program: Program, at: datetime | None = None) -> Preview:
    """Whom a run of this version's schedule would take now. It changes nothing."""
    from adapters.sql.journal import SqlJournal  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise
    from adapters.sql.reengagements import SqlReengagements  # noqa: PLC0415  # likewise
    from lifecycle.nurture.selection import choose, look  # noqa: PLC0415  # likewise
    from lifecycle.program.rulebook import rulebook  # noqa: PLC0415  # likewise
    from lifecycle.program.versions import Versions  # noqa: PLC0415  # likewise
    from models.state import LeadState  # noqa: PLC0415  # likewise

    programs, journal = SqlPrograms(database), SqlJournal(database)
    leads = SqlReengagements(database)
    paused, now = programs.paused(program.program), at or datetime.now(UTC)
    asked = rulebook(program).reengagement

    def versions(state: LeadState) -> Versions:
        return Versions(
            load=programs.load,
            newest=lambda: program.digest,
            paused=lambda: paused,
            timeline=lambda: journal.cycle(state.lead, state.cycle_at),
        )

    looked: list[Looked] = []
    after = ""
    while page := leads.page(program.program, None, after, _PAGE):
        for state in page:
            own = rulebook(programs.load(state.digest))
            looked.append(look(own, state, asked, now, versions(state)))
        after = page[-1].lead
    most = asked.at_most if asked is not None else None
    return Preview(at=now, selection=choose(looked, most), looked=looked)


def _newest(database: Database) -> tuple[Program, ...]:
    from usecases.applying_teams import newest_programs  # noqa: PLC0415  # keeps --help quick

    return tuple(newest_programs(database))
