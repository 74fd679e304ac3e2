"""The database: whether it answers, its version, its clock, and the work that is stuck in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from adapters.reports.backlog import Backlog, backlog
from adapters.sql.database import Database, DatabaseNotReadyError, check, open_database, shown_url
from assembly.doctor.check import Check
from assembly.settings import Settings

_CLOCK = timedelta(seconds=2)
_WAITS = timedelta(minutes=5)
_CRM_WAITS = timedelta(hours=1)
_CLAIMED = timedelta(minutes=15)


async def look_at_database(settings: Settings) -> AsyncIterator[Check]:
    """Whether it answers with this code's tables, and whether its clock agrees with ours."""
    try:
        await asyncio.to_thread(check, settings.database)
    except DatabaseNotReadyError as error:
        yield Check("database", "wrong", str(error), "see docs/operations.md, setting up")
        return
    yield Check("database", "ok", f"{shown_url(settings.database)} is up to date")
    database = open_database(settings.database)
    try:
        if database.is_sqlite:
            return
        apart = await asyncio.to_thread(_apart, database)
    finally:
        database.close()
    said = f"the database's clock and this machine's are {apart.total_seconds():.1f} s apart"
    if apart > _CLOCK:
        yield Check("clocks", "wrong", said, "let both machines follow NTP")
    else:
        yield Check("clocks", "ok", said)


def _apart(database: Database) -> timedelta:
    with database.read() as connection:
        before = datetime.now(UTC)
        theirs = database.now(connection)
        after = datetime.now(UTC)
    return max(before - theirs, theirs - after, timedelta(0))


async def look_at_stuck_work(settings: Settings) -> AsyncIterator[Check]:
    """What has waited in the database for too long."""
    try:
        await asyncio.to_thread(check, settings.database)
    except DatabaseNotReadyError:
        return  # the check of the database says so
    database, now = open_database(settings.database), datetime.now(UTC)
    try:
        found = await asyncio.to_thread(backlog, database, now)
    finally:
        database.close()
    for one in _stuck(found, now):
        yield one


def _stuck(found: Backlog, now: datetime) -> list[Check]:
    reconcile = "`leadflow reconcile --dry-run` names them"
    crm = "`leadflow webhook list --waiting` says why"
    checks = [
        _waits("accepted items", found.intake_since, now, (_WAITS, "start a gateway")),
        _waits("leads overdue", found.overdue_since, now, (_WAITS, reconcile)),
        _waits("events for the CRM", found.outbox_since, now, (_CRM_WAITS, crm)),
        _waits("claimed mail", found.claimed_since, now, (_CLAIMED, reconcile)),
    ]
    if found.routes_stopped:
        said = f"stopped, because a server refuses everybody: {found.routes_stopped}"
        remedy = "the worker's log line `mail of a route is stopped` says what to do"
        checks.append(Check("mail routes", "wrong", said, remedy))
    if found.outbox_dead:
        said = f"given up: {found.outbox_dead}"
        remedy = "`leadflow webhook retry --all-dead`"
        checks.append(Check("events for the CRM", "wrong", said, remedy))
    return checks


def _waits(
    name: str, since: datetime | None, now: datetime, allowed: tuple[timedelta, str]
) -> Check:
    """What may wait for so long, and the remedy if it waits longer."""
    limit, remedy = allowed
    if since is None:
        return Check(name, "ok", "none waits")
    age = now - since
    said = f"the oldest has waited for {int(age.total_seconds())} s"
    return Check(name, "ok", said) if age <= limit else Check(name, "wrong", said, remedy)
