"""Re-engagement on a real Temporal server: its schedule, its runs, and a worker that is killed."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleOverlapPolicy

from adapters.sql.programs import SqlPrograms
from adapters.temporal.connection import connect
from adapters.temporal.schedules import Schedules
from models.envelopes import ReengageRun
from models.program.program import Program
from tests.server.child_processes import Site, running_site
from tests.waiting import until
from usecases import scheduling
from workflows.commands import LEADS
from workflows.reengage import ReengageWorkflow

NAME = "reengage/acme"


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("site")) as one:
        yield one


@pytest.fixture
async def client(site: Site) -> Client:
    return await connect(site.settings)


async def publish(site: Site, schedules: Schedules, **written: Any) -> Program:
    """Publish the program with these schedules, and make Temporal's follow."""
    whole = site.program.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    program = Program.model_validate({**whole, "schedules": written})
    SqlPrograms(site.database).publish(program)
    await schedules.follow(program)
    return program


KNOWN = {
    "cron": "0 9 * * MON",
    "select": {"stages": ["known"]},
    "track": "long-term",
}


async def test_publishing_makes_changes_and_removes_the_schedule(
    site: Site, client: Client
) -> None:
    schedules = Schedules(client)
    for _ in range(2):
        await publish(site, schedules, reengage=KNOWN)
    described = await client.get_schedule_handle(NAME).describe()
    spec, policy = described.schedule.spec, described.schedule.policy
    assert (spec.time_zone_name, spec.jitter) == ("America/New_York", timedelta(minutes=1))
    assert policy.overlap is ScheduleOverlapPolicy.SKIP
    assert policy.catchup_window == timedelta(days=1)
    action = described.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert await scheduling.set_paused(NAME, site.database, schedules, paused=True, note="holidays")
    assert not await scheduling.set_paused(NAME, site.database, schedules, paused=True, note="")
    await publish(site, schedules, reengage={**KNOWN, "cron": "30 7 * * TUE"})
    standing = await schedules.standing(NAME)
    assert standing is not None
    assert (standing.paused, standing.note, standing.next) == (True, "holidays", None)
    assert await scheduling.set_paused(NAME, site.database, schedules, paused=False, note="back")
    standing = await schedules.standing(NAME)
    assert standing is not None
    assert standing.next is not None
    assert (standing.next.weekday(), standing.next.minute // 10) == (1, 3)
    for _ in range(2):
        await publish(site, schedules)
        assert await schedules.standing(NAME) is None
    with pytest.raises(scheduling.UnknownScheduleError, match="there is no schedule 'reengage/ac"):
        await scheduling.trigger(NAME, site.database, schedules)
    program = await publish(site, schedules, reengage=KNOWN)
    await client.get_schedule_handle(NAME).delete()
    with pytest.raises(scheduling.ScheduleError, match="leadflow temporal setup"):
        await scheduling.trigger(NAME, site.database, schedules)
    assert await schedules.make_missing(program, dry_run=True) == [NAME]
    assert await schedules.make_missing(program) == [NAME]
    assert await schedules.make_missing(program) == []


async def test_a_run_whose_worker_is_killed_takes_nobody_twice_when_it_is_done_again(
    site: Site, client: Client
) -> None:
    schedules = Schedules(client)
    await publish(site, schedules, reengage=KNOWN)
    leads = [f"kill-{number}" for number in range(4)]
    for lead in leads:
        await site.create_lead(lead)
    await until(lambda: all(site.entries_of(lead, "email_sent") for lead in leads))
    workflow = await scheduling.trigger(NAME, site.database, schedules)
    prefix, _, at = workflow.partition("/run-")
    assert prefix == NAME
    await until(lambda: any(site.entries_of(lead, "reengaged") for lead in leads))
    site.kill(signal.SIGKILL)
    await client.get_workflow_handle(workflow).terminate()
    await site.work()
    again = ReengageRun(program="acme", at=at)
    for attempt in ("first", "second"):
        progress = await client.execute_workflow(
            ReengageWorkflow.run, again, id=f"{NAME}/{attempt}", task_queue=LEADS
        )
        assert (progress["found"], progress["taken"], progress["failed"]) == (4, 4, 0)
    for lead in leads:
        (entry,) = site.entries_of(lead, "reengaged")
        assert entry == {"schedule": "reengage", "track": "long-term"}
        assert [one["why"] for one in site.entries_of(lead, "track_left")] == ["reengaged"]
    (run,) = scheduling.runs(site.database, "acme")
    assert (run.run, run.phase, run.taken) == (f"reengage/acme/{at}", "ended", 4)
    await _another_run_takes_nobody(site, client, schedules)


async def _another_run_takes_nobody(site: Site, client: Client, schedules: Schedules) -> None:
    newest = SqlPrograms(site.database).newest("acme")
    assert newest is not None
    shown = scheduling.preview(site.database, newest)
    assert (shown.selection.taken, dict(shown.selection.why_not)) == ((), {"in_track": 4})
    workflow = await scheduling.trigger(NAME, site.database, schedules)
    progress = await client.get_workflow_handle(workflow).result()
    assert (progress["found"], progress["why_not"]) == (0, {"in_track": 4})
    described = await client.get_workflow_handle(workflow).describe()
    assert await described.static_summary() == "re-engagement of acme"
