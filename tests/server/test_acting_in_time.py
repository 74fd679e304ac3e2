"""Who acts in time is in time, also if no worker is there until after the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from temporalio.testing import WorkflowEnvironment

from adapters.reports.leads import SqlReports
from adapters.sql.arrivals import SqlArrivals
from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import workflow_id
from models.envelopes import ProgramClock, program_now
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from tests.server.reconciled_site import ReconciledSite, reconciled_site
from tests.waiting import until
from usecases.acting import ActDone, ActOutcome, ActUnanswered, perform
from usecases.relay import Relay
from usecases.viewer import ADMIN

MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
_L = table_of(LeadRow)


@dataclass(frozen=True)
class Owned:
    """A lead with an owner, and by when the owner must accept."""

    lead: str
    owner: str
    due: datetime


@pytest.fixture
async def site(dev_server: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[ReconciledSite]:
    """Five minutes pass in a second, and owners have two hours to accept: 24 seconds."""
    async with reconciled_site(dev_server.client, tmp_path) as one:
        written = one.program.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for clock in written["handoff"]["accept"]:
            clock["within"] = "2h"
        one.program = Program.model_validate(written)
        SqlPrograms(one.database).publish(one.program)
        one.clock = ProgramClock(wall=datetime.now(UTC), program=MONDAY, speed=300)
        yield one


def _now(site: ReconciledSite) -> datetime:
    return program_now(site.clock, datetime.now(UTC))


async def _owned(site: ReconciledSite) -> Owned:
    lead = await site.create_lead()
    await site.leads.events(lead, [{"id": "hand", "type": "form.submitted", "subject": "demo"}])
    query = sa.select(_L.c.owner, _L.c.clock_due).where(_L.c.id == lead, _L.c.clock == "accept")

    def owned() -> Any:
        with site.database.read() as connection:
            return connection.execute(query).one_or_none()

    owner, due = await until(owned)
    return Owned(lead, owner, due)


async def _asked(site: ReconciledSite, one: Owned, seconds: float) -> ActOutcome:
    return await perform(
        SqlReports(site.database),
        site.leads,
        SqlArrivals(site.database),
        ADMIN,
        lead=one.lead,
        do="accept",
        fields={"by": one.owner, "id": "in-time"},
        now=_now(site),
        timeout_seconds=seconds,
    )


def _outcomes_of_accept(site: ReconciledSite, one: Owned) -> list[str]:
    """What became of the accept clock."""
    kinds = ("accepted", "breached", "refused")
    entries = [(kind, site.entries(one.lead, kind)) for kind in kinds]
    of_accept = [
        (at, kind)
        for kind, found in entries
        for at, fields in found
        if fields.get("clock", "accept") == "accept"
    ]
    return [kind for _, kind in sorted(of_accept)]


async def test_who_acts_in_time_is_in_time_though_no_worker_was_there(site: ReconciledSite) -> None:
    await site.work()
    asking, left, signalling, lying = await asyncio.gather(*(_owned(site) for _ in range(4)))
    await site.stop()
    # One waits for the answer; one gives up; one signals; one says that it was earlier.
    answer = asyncio.create_task(_asked(site, asking, 90))
    assert isinstance(await _asked(site, left, 0.2), ActUnanswered)
    intake = SqlIntake(site.database, gather=timedelta(0))
    at, body = _now(site), {"type": "page.viewed", "subject": "/pricing", "id": "seen"}
    event = NewItem(lead=signalling.lead, item="seen", kind="event", body=body, arrived=at)
    intake.accept([event])
    await _signalled(site, signalling, {"by": signalling.owner})
    due = max(one.due for one in (asking, left, signalling, lying))
    assert _now(site) < min(one.due for one in (asking, left, signalling)), "too slow a machine"
    await until(lambda: _now(site) > due + timedelta(minutes=12))
    early = (lying.due - timedelta(minutes=30)).isoformat()
    SqlArrivals(site.database).keep(lying.lead, "mine", "another act", _now(site))
    await _signalled(site, lying, {"by": lying.owner, "id": "mine", "arrived": early})
    assert await Relay(intake, SqlPrograms(site.database), site.leads).once() == 1
    await site.work()
    assert isinstance(await answer, ActDone)
    for one in (asking, left, signalling):
        assert await until(partial(_outcomes_of_accept, site, one)) == ["accepted"]
        ((_, fields),) = site.entries(one.lead, "accepted")
        assert fields["late"] is False
    seen = [when for when, fields in site.entries(signalling.lead, "event") if _is_seen(fields)]
    # A reminder that fell due before the event is done late; the timeline goes on from there.
    assert seen == [at] or site.entries(signalling.lead, "reminded")
    await until(lambda: _outcomes_of_accept(site, lying))
    assert _outcomes_of_accept(site, lying)[0] == "breached"
    # The answer that was lost is given to whoever asks again with the id.
    assert isinstance(await _asked(site, left, 60), ActDone)
    assert _outcomes_of_accept(site, left) == ["accepted"]


def _is_seen(fields: dict[str, Any]) -> bool:
    return bool(fields["event"] == "seen")


async def _signalled(site: ReconciledSite, one: Owned, body: dict[str, Any]) -> None:
    await site.client.get_workflow_handle(workflow_id(one.lead)).signal("accept", body)
