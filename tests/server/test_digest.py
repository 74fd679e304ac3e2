"""The digest on a real Temporal server: its schedule, and one mail to each manager."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.ports import MailRefusedError, MailUnsentError
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.temporal.schedules import Schedules, schedule_id
from assembly.queues import working
from assembly.settings import Settings
from models.program.program import Program
from tests.fakes import FakeDigests, FakeMailer, FakePeople, FakePrograms, FakeWorld
from tests.waiting import until

PROGRAMS = Path(__file__).resolve().parents[2] / "programs"
MARA, MORGAN = "mara@acme.example", "morgan@acme.example"


@dataclass
class DigestSite:
    """A worker over ports in memory, and programs of a name of its own."""

    client: Client
    world: FakeWorld
    schedules: Schedules
    program: Program

    @property
    def mailer(self) -> FakeMailer:
        return self.world.mailer

    @property
    def handle(self) -> ScheduleHandle:
        return self.client.get_schedule_handle(schedule_id(self.program.program))

    async def publish(self, **changes: Any) -> None:
        """Publish the program with these keys changed, as they stand in a file."""
        written = self.program.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self.program = Program.model_validate({**written, **changes})
        self.world.programs.published[self.program.digest] = self.program
        await self.schedules.follow(self.program)

    async def trigger(self) -> str:
        """Have the schedule act now; the workflow it started, when that has ended."""
        before = (await self.handle.describe()).info.num_actions
        await self.handle.trigger()

        async def started() -> str | None:
            info = (await self.handle.describe()).info
            if info.num_actions == before:
                return None
            action = info.recent_actions[-1].action
            assert isinstance(action, ScheduleActionExecutionStartWorkflow)
            return action.workflow_id

        workflow: str = await until(started)
        await self.client.get_workflow_handle(workflow).result()
        return workflow


def cron(line: str) -> dict[str, dict[str, str]]:
    return {"digest": {"cron": line}}


@pytest.fixture
async def site(dev_server: WorkflowEnvironment) -> AsyncIterator[DigestSite]:
    name = f"d{uuid.uuid4().hex[:8]}"
    prefix = f"{name}-"
    program = read_program(PROGRAMS / "acme.yaml")
    world = FakeWorld(
        programs=FakePrograms(), people=FakePeople(read_directory(PROGRAMS / "teams.yaml"))
    )
    schedules = Schedules(dev_server.client, prefix=prefix)
    async with working(dev_server.client, Settings(queue_prefix=prefix), world.ports):
        made = DigestSite(
            client=dev_server.client, world=world, schedules=schedules, program=program
        )
        await made.publish(program=name)
        yield made
        await made.publish(schedules={})


def hours(description: ScheduleDescription) -> set[tuple[int, int]]:
    """The hours and minutes, in its time zone, at which a schedule starts."""
    return {
        (hour.start, minute.start)
        for calendar in description.schedule.spec.calendars
        for hour in calendar.hour
        for minute in calendar.minute
    }


async def test_a_published_program_has_its_schedule_in_its_own_time_zone(site: DigestSite) -> None:
    described = await site.handle.describe()
    assert described.id == f"digest/{site.program.program}"
    assert described.schedule.spec.time_zone_name == "America/New_York"
    assert hours(described) == {(8, 30)}
    soon = [at.weekday() for at in described.info.next_action_times]
    assert len(soon) > 5
    assert not {5, 6} & set(soon)


async def test_the_schedule_mails_each_manager_once(site: DigestSite) -> None:
    nominal = (await site.trigger()).removeprefix(f"{site.handle.id}-")
    assert sorted(one.to for one in site.mailer.sent) == [MARA, MORGAN]
    assert {one.subject for one in site.mailer.sent} == {site.program.program}
    assert all(one.status == "sent" for one in site.world.mail_ledger.claims.values())
    assert all(f"/{nominal}/" in key and "@" not in key for key in site.world.mail_ledger.claims)


async def test_another_time_is_another_digest(site: DigestSite) -> None:
    first = await site.trigger()
    passed = datetime.now(UTC) + timedelta(seconds=1)  # a schedule's instants are whole seconds
    await until(lambda: datetime.now(UTC) > passed)
    second = await site.trigger()
    assert first != second
    assert sorted(one.to for one in site.mailer.sent) == [MARA, MARA, MORGAN, MORGAN]


async def test_an_edit_of_the_program_changes_the_schedule_and_no_more(site: DigestSite) -> None:
    await site.handle.pause(note="holidays")
    await site.publish(schedules=cron("0 7 * * MON"), timezone="Europe/Berlin")
    described = await site.handle.describe()
    assert hours(described) == {(7, 0)}
    assert described.schedule.spec.time_zone_name == "Europe/Berlin"
    assert described.schedule.state.paused
    assert described.schedule.state.note == "holidays"
    await site.handle.unpause()
    await site.publish(schedules=cron("0 7 * * MON"), targets={"mql_to_sal": "60%"})
    action = (await site.handle.describe()).schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    (argument,) = await site.client.data_converter.decode(list(action.args))
    assert argument == {"program": site.program.digest}


async def test_a_program_without_a_digest_has_no_schedule(site: DigestSite) -> None:
    for _ in range(2):
        await site.publish(schedules={})
        with pytest.raises(RPCError) as failed:
            await site.handle.describe()
        assert failed.value.status is RPCStatusCode.NOT_FOUND
    await site.publish(schedules=cron("0 7 * * *"))
    assert hours(await site.handle.describe()) == {(7, 0)}


async def test_two_people_who_publish_at_once_leave_one_schedule(site: DigestSite) -> None:
    await site.publish(schedules={})
    await asyncio.gather(*(site.publish(schedules=cron("15 6 * * *")) for _ in range(4)))
    assert hours(await site.handle.describe()) == {(6, 15)}


async def test_a_manager_whose_mail_server_is_away_delays_no_other_and_is_mailed_once(
    site: DigestSite,
) -> None:
    site.mailer.failures[MARA] = [MailUnsentError("away")] * 2
    await site.trigger()
    assert [one.to for one in site.mailer.sent] == [MORGAN, MARA]


async def test_a_retry_mails_no_manager_twice(site: DigestSite) -> None:
    site.mailer.failures[MORGAN] = [OSError("the connection broke, who knows when")]
    await site.trigger()
    assert sorted(one.to for one in site.mailer.sent) == [MARA, MORGAN]


async def test_a_digest_by_hand_reports_the_outcome_for_each_manager(site: DigestSite) -> None:
    site.mailer.failures[MARA] = [MailRefusedError("550 no such user")]
    outcomes = await site.schedules.send_digest(site.program)
    assert outcomes == {MARA: "failed", MORGAN: "sent"}


async def test_a_manager_without_a_team_in_the_program_gets_no_digest(
    dev_server: WorkflowEnvironment, site: DigestSite
) -> None:
    prefix = f"{site.program.program}-other-"
    world = replace(site.world, digests=FakeDigests(without_digest=frozenset({MARA})))
    other = Schedules(dev_server.client, prefix=prefix)
    async with working(dev_server.client, Settings(queue_prefix=prefix), world.ports):
        assert await other.send_digest(site.program) == {MARA: "not theirs", MORGAN: "sent"}
        world.digests.failures = [ValueError("'mara' is not one e-mail address")]
        assert (await other.send_digest(site.program))[MARA] == "failed"
