"""Faults of production: after each one the lead goes on, and no mail is sent twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from adapters.sql.programs import SqlPrograms
from adapters.temporal.connection import connect
from adapters.temporal.schedules import Schedules
from models.envelopes import ReengageRun
from models.program.program import Program
from tests.server.child_processes import Site, running_site
from tests.waiting import LIMIT, until
from usecases import scheduling
from workflows.commands import LEADS
from workflows.reengage import ReengageWorkflow

MORGAN = "morgan@acme.example"


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("site")) as one:
        yield one


async def _until_it_goes_on(site: Site, lead: str) -> None:
    note = f"still here {len(site.entries_of(lead, 'noted'))}"
    await site.leads.act(lead, "note", {"by": MORGAN, "note": note})
    assert [one["note"] for one in site.entries_of(lead, "noted")].count(note) == 1


async def test_a_worker_killed_between_sending_and_recording_sends_no_mail_twice(
    site: Site,
) -> None:
    killed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def kill(_mail: EmailMessage) -> None:
        assert site.worker is not None
        os.kill(site.worker.pid, signal.SIGKILL)  # the mail is stored, its "250" not yet sent
        loop.call_soon_threadsafe(killed.set)

    site.on_mail = kill
    await site.create_lead("ana")
    await asyncio.wait_for(killed.wait(), LIMIT)
    site.on_mail = lambda _mail: None
    assert site.kill() == -signal.SIGKILL
    await site.work()
    (failed,) = await until(lambda: site.entries_of("ana", "email_failed"))
    assert (failed["email"], failed["why"]) == ("welcome", "unknown_outcome")
    assert len(site.mailbox("ana@northwind.example")) == 1
    assert site.entries_of("ana", "email_sent") == []
    await _until_it_goes_on(site, "ana")


async def test_a_lead_goes_on_when_its_worker_comes_back(site: Site) -> None:
    await site.create_lead("bo")
    await until(lambda: site.entries_of("bo", "email_sent"))
    assert site.kill(signal.SIGTERM) == 0
    for number in range(3):
        event = {"id": f"away-{number}", "type": "page.viewed", "subject": f"/{number}"}
        await site.leads.events("bo", [event])
    await site.work()
    await until(lambda: len(site.entries_of("bo", "event")) == 3)
    await _until_it_goes_on(site, "bo")
    assert len(site.mailbox("bo@northwind.example")) == 1


async def test_a_run_of_re_engagement_whose_worker_is_killed_takes_nobody_twice(
    site: Site,
) -> None:
    written = site.program.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    again = {"cron": "0 9 * * MON", "select": {"stages": ["known"]}, "track": "long-term"}
    program = Program.model_validate(
        {**written, "program": "cold", "schedules": {"reengage": again}}
    )
    SqlPrograms(site.database).publish(program)
    client = await connect(site.settings)
    schedules, name = Schedules(client), "reengage/cold"
    await schedules.follow(program)
    leads = [f"cold-{number}" for number in range(4)]
    for lead in leads:
        profile = {"email": f"{lead}@northwind.example", "employees": 900}
        assert await site.leads.enrol(lead, program, profile)
    await until(lambda: all(site.entries_of(lead, "email_sent") for lead in leads))
    workflow = await scheduling.trigger(name, site.database, schedules)
    await until(lambda: any(site.entries_of(lead, "reengaged") for lead in leads))
    site.kill()
    await client.get_workflow_handle(workflow).terminate()
    await site.work()
    _, _, at = workflow.partition("/run-")
    for attempt in ("first", "second"):  # the same run, twice more
        progress = await client.execute_workflow(
            ReengageWorkflow.run,
            ReengageRun(program="cold", at=at),
            id=f"{name}/{attempt}",
            task_queue=LEADS,
        )
        assert (progress["found"], progress["taken"], progress["failed"]) == (4, 4, 0)
    for lead in leads:
        assert site.entries_of(lead, "reengaged") == [
            {"schedule": "reengage", "track": "long-term"}
        ]
        assert [one["why"] for one in site.entries_of(lead, "track_left")] == ["reengaged"]
    (run,) = scheduling.runs(site.database, "cold")
    assert (run.run, run.phase, run.taken) == (f"{name}/{at}", "ended", 4)
    shown = scheduling.preview(site.database, program).selection
    assert (shown.taken, dict(shown.why_not)) == ((), {"in_track": 4})


async def test_a_lead_goes_on_when_the_server_comes_back(site: Site) -> None:
    await site.create_lead("cy")
    await until(lambda: site.entries_of("cy", "email_sent"))
    port = int(site.server.address.rpartition(":")[2])
    assert site.server.pid is not None
    os.kill(site.server.pid, signal.SIGKILL)
    site.server.stop()
    await site.serve(port)
    await site.leads.events("cy", [{"id": "after", "type": "page.viewed", "subject": "/pricing"}])
    await until(lambda: site.entries_of("cy", "event"))
    await _until_it_goes_on(site, "cy")
    assert len(site.mailbox("cy@northwind.example")) == 1


async def test_a_lead_waits_for_a_database_that_is_locked(site: Site) -> None:
    await site.create_lead("di")
    await until(lambda: site.entries_of("di", "email_sent"))
    path: Path = site.home / "leadflow.db"
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    acting = asyncio.create_task(site.leads.act("di", "note", {"by": MORGAN, "note": "patient"}))
    await site.leads.events("di", [{"id": "locked", "type": "page.viewed", "subject": "/x"}])
    done, _ = await asyncio.wait({acting}, timeout=4)  # longer than SQLite's own patience
    assert not done
    assert site.entries_of("di", "noted") == []
    lock.execute("ROLLBACK")
    lock.close()
    await asyncio.wait_for(acting, LIMIT)
    await until(lambda: site.entries_of("di", "event"))
    assert [one["note"] for one in site.entries_of("di", "noted")] == ["patient"]
    await _until_it_goes_on(site, "di")
    assert len(site.mailbox("di@northwind.example")) == 1


async def test_a_lead_waits_for_a_mail_server_that_is_away(site: Site) -> None:
    port = site.catcher.port
    site.catcher.stop()
    await site.create_lead("ed")
    await until(lambda: site.entries_of("ed", "track_entered"))
    assert site.entries_of("ed", "email_sent") == []
    await _until_it_goes_on(site, "ed")
    site.catcher.port = port
    site.catcher.start()
    await until(lambda: site.entries_of("ed", "email_sent"))
    assert len(site.mailbox("ed@northwind.example")) == 1
