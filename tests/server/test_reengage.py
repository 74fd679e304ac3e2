"""The schedule of re-engagement on a real Temporal server: publishing makes and removes it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import ScheduleActionStartWorkflow, ScheduleHandle, ScheduleOverlapPolicy
from temporalio.testing import WorkflowEnvironment

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.programs import SqlPrograms
from adapters.temporal.schedules import Schedules
from models.program.program import Program
from tests.waiting import until
from usecases import scheduling

ACME = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
MONDAYS = {"cron": "0 9 * * MON", "track": "long-term"}


@dataclass
class ScheduledSite:
    """A database and a program of a name of its own; no worker runs."""

    database: Database
    schedules: Schedules
    handle: ScheduleHandle
    program: str

    @property
    def name(self) -> str:
        return f"reengage/{self.program}"

    async def publish(self, **schedules: Any) -> Program:
        """Publish the program with these schedules, and make Temporal's follow."""
        whole = ACME.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        changes = {"program": self.program, "schedules": schedules}
        program = Program.model_validate({**whole, **changes})
        SqlPrograms(self.database).publish(program)
        await self.schedules.follow(program)
        return program


@pytest.fixture
async def site(dev_server: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[ScheduledSite]:
    url = f"sqlite:///{tmp_path / 'leadflow.db'}"
    migrate(url)
    database, name = open_database(url), f"s{uuid.uuid4().hex[:8]}"
    schedules = Schedules(dev_server.client, prefix=f"{name}-")
    handle = dev_server.client.get_schedule_handle(f"{name}-reengage/{name}")
    one = ScheduledSite(database, schedules, handle, name)
    yield one
    await one.publish()
    database.close()


async def test_publishing_makes_changes_and_removes_it(site: ScheduledSite) -> None:
    for _ in range(2):
        await site.publish(reengage=MONDAYS)
    described = await site.handle.describe()
    spec, policy = described.schedule.spec, described.schedule.policy
    assert (spec.time_zone_name, spec.jitter) == ("America/New_York", timedelta(minutes=1))
    assert policy.overlap is ScheduleOverlapPolicy.SKIP
    assert policy.catchup_window == timedelta(days=1)
    assert isinstance(described.schedule.action, ScheduleActionStartWorkflow)
    assert described.schedule.action.id == f"{site.handle.id}/run"
    await site.publish(reengage={**MONDAYS, "cron": "30 7 * * TUE"})
    (listed,) = [
        one
        for one in await scheduling.all_schedules(site.database, site.schedules)
        if one.name == site.name
    ]
    assert (listed.id, listed.cron) == (site.handle.id, "30 7 * * TUE")
    assert listed.standing is not None
    assert listed.standing.next is not None
    assert (listed.standing.next.weekday(), listed.standing.next.minute // 10) == (1, 3)
    for _ in range(2):
        await site.publish()
        assert await site.schedules.standing(site.handle.id) is None
    with pytest.raises(scheduling.UnknownScheduleError, match="there is no schedule"):
        await scheduling.trigger(site.name, site.database, site.schedules)


async def test_a_schedule_that_was_paused_stays_paused_when_it_is_published_again(
    site: ScheduledSite,
) -> None:
    await site.publish(reengage=MONDAYS)
    change, world = scheduling.set_paused, (site.name, site.database, site.schedules)
    assert await change(*world, paused=True, note="holidays")
    assert not await change(*world, paused=True, note="again")
    await site.publish(reengage={**MONDAYS, "cron": "30 7 * * TUE"})
    standing = await site.schedules.standing(site.handle.id)
    assert standing is not None
    assert (standing.paused, standing.note, standing.next) == (True, "holidays", None)
    assert await change(*world, paused=False, note="back")
    assert not await change(*world, paused=False, note="back")


async def test_a_schedule_begins_no_run_while_one_is_under_way(site: ScheduledSite) -> None:
    await site.publish(reengage=MONDAYS)
    workflow = await scheduling.trigger(site.name, site.database, site.schedules)
    assert workflow.startswith(f"{site.handle.id}/run-20")
    with pytest.raises(scheduling.ScheduleError, match="is under way"):
        await scheduling.trigger(site.name, site.database, site.schedules)
    await site.handle.trigger()  # by a door that does not ask

    async def skipped() -> bool:
        return (await site.handle.describe()).info.num_actions_skipped_overlap == 1

    await until(skipped)


async def test_a_schedule_that_temporal_lacks_is_named_with_its_remedy_and_made(
    site: ScheduledSite,
) -> None:
    program = await site.publish(reengage=MONDAYS)
    await site.handle.delete()
    with pytest.raises(scheduling.ScheduleError, match="leadflow temporal setup"):
        await scheduling.trigger(site.name, site.database, site.schedules)
    assert await site.schedules.make_missing(program, dry_run=True) == [site.handle.id]
    assert await site.schedules.make_missing(program) == [site.handle.id]
    assert await site.schedules.make_missing(program) == []
