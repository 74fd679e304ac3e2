"""`leadflow reconcile` on a real server, with a database of its own.

The file is long because all its tests share one server and one site.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from adapters.files.program import read_program
from adapters.sql.arrivals import SqlArrivals
from adapters.sql.intake import SqlIntake
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import TemporalUnavailableError, workflow_id
from adapters.temporal.resets import Resets
from adapters.temporal.schedules import Schedules
from assembly.sandbox import sandbox
from models.envelopes import ProgramClock
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from models.tables.leads import LeadRow, TimelineEntry
from models.tables.mail import MessageRow
from tests.server.reconciled_site import ReconciledSite, reconciled_site
from tests.waiting import until
from usecases.relay import Relay
from workflows.commands import LEADS

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = Path(__file__).parent / "bricked"
MORGAN = "morgan@acme.example"
_E, _I, _L, _M = (table_of(one) for one in (TimelineEntry, IntakeItem, LeadRow, MessageRow))


@pytest.fixture
async def site(dev_server: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[ReconciledSite]:
    async with reconciled_site(dev_server.client, tmp_path) as one:
        yield one


async def test_a_terminated_lead_is_revived_and_its_deadline_breaches_at_its_real_instant(
    site: ReconciledSite,
) -> None:
    await site.work()
    lead = await site.create_lead()
    hand = {"id": "hand", "type": "form.submitted", "subject": "demo"}
    await site.leads.events(lead, [hand])
    await until(lambda: site.entries(lead, "assigned"))
    untouched = await site.create_lead()
    began = datetime.now(UTC) - timedelta(seconds=30)
    await site.client.get_workflow_handle(workflow_id(lead)).terminate()
    await site.until_ended(lead)
    (said,) = await site.findings_of(lead, dry_run=True)
    assert (said.kind, said.repaired) == ("no_workflow", None)
    (done,) = await site.findings_of(lead, since=began)
    assert (done.kind, done.repaired) == ("no_workflow", "revived")
    await until(lambda: "resumed_from_journal" in site.kinds(lead))
    assert await site.findings_of(lead) == []
    assert site.kinds(untouched).count("resumed_from_journal") == 0


async def test_a_revived_lead_of_a_demonstration_goes_on_on_its_own_clock(
    site: ReconciledSite,
) -> None:
    """Whoever revives it does not know that clock. The lead's row does."""
    await site.work()
    wall = datetime.now(UTC)
    site.clock = ProgramClock(wall=wall, program=datetime(2031, 3, 3, 9, tzinfo=UTC), speed=60)
    lead = await site.create_lead()
    await site.client.get_workflow_handle(workflow_id(lead)).terminate()
    await site.until_ended(lead)
    (done,) = await site.findings_of(lead)
    assert (done.kind, done.repaired) == ("no_workflow", "revived")
    ((at, _),) = await until(lambda: site.entries(lead, "resumed_from_journal"))
    assert site.clock.now(wall) <= at <= site.clock.now(datetime.now(UTC))
    assert (await site.leads.standing(lead))["now"].startswith("2031-03-03")


async def test_a_revived_lead_breaches_what_passed_meanwhile_now_and_not_in_the_past(
    site: ReconciledSite,
) -> None:
    await site.work()
    lead = await site.create_lead()
    await site.leads.events(lead, [{"id": "hand", "type": "form.submitted", "subject": "demo"}])
    await until(lambda: site.entries(lead, "assigned"))
    await site.client.get_workflow_handle(workflow_id(lead)).terminate()
    await site.until_ended(lead)
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    _set_deadline(site, lead, due)
    (done,) = await site.findings_of(lead, since=datetime.now(UTC))
    assert (done.kind, done.repaired) == ("no_workflow", "revived")
    ((at, fields),) = await until(lambda: site.entries(lead, "breached"))
    # A turn of the terminated run may still be under way, and breaches some seconds earlier.
    assert at > due + timedelta(minutes=9)
    assert fields["due"].startswith(due.isoformat()[:19])


async def test_a_lead_whose_run_lies_behind_its_row_keeps_the_deadlines_of_its_row(
    site: ReconciledSite,
) -> None:
    """Temporal was restored from an older backup, and nobody touches the lead."""
    await site.work()
    lead = await site.create_lead()
    await site.leads.events(lead, [{"id": "hand", "type": "form.submitted", "subject": "demo"}])
    await until(lambda: site.entries(lead, "assigned"))

    async def settled() -> bool:
        return bool((await site.leads.standing(lead))["settled"])

    await until(settled)
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    _set_deadline(site, lead, due, turns=3)
    (said,) = await site.findings_of(lead, dry_run=True)
    assert (said.kind, said.repaired) == ("overdue", None)
    assert not site.entries(lead, "breached")
    (done,) = await site.findings_of(lead, since=datetime.now(UTC))
    assert (done.kind, done.repaired) == ("overdue", "made to take a turn")
    ((_, fields),) = await until(lambda: site.entries(lead, "breached"))
    assert fields["due"].startswith(due.isoformat()[:19])
    assert site.kinds(lead).count("resumed_from_journal") == 1
    assert not {"program_paused", "program_resumed"} & set(site.kinds(lead))
    await until(settled)
    assert await site.findings_of(lead) == []


def _set_deadline(site: ReconciledSite, lead: str, due: datetime, *, turns: int = 0) -> None:
    """As if the owner's deadline had passed while the lead had no workflow, or some turns later."""
    with site.database.write() as connection:
        state: Any = connection.scalar(sa.select(_L.c.state).where(_L.c.id == lead))
        handoff = state["handoff"]
        clocks = [{**one, "due": due.isoformat()} for one in handoff["clocks"]]
        turn = state["turn"] + turns
        state = {**state, "handoff": {**handoff, "clocks": clocks}, "turn": turn}
        changed = {"state": state, "turn": turn, "due_at": due, "clock_due": due}
        connection.execute(sa.update(_L).where(_L.c.id == lead).values(changed))


async def test_a_lead_that_does_not_replay_is_reset_and_keeps_its_row(
    site: ReconciledSite,
) -> None:
    async with site.older_worker():
        lead = await site.create_lead(timedelta(seconds=2))
        seen = {"id": "seen", "type": "page.viewed", "subject": "/pricing"}
        await site.leads.events(lead, [seen])
        await until(lambda: "event" in site.kinds(lead))
    before = site.kinds(lead)
    await site.work()
    click = {"id": "later", "type": "page.viewed", "subject": "/docs"}
    await site.leads.events(lead, [click])

    async def fails() -> bool:
        standing = await site.reconciliation.executions.standing(lead)
        return standing.fails

    await until(fails)
    (said,) = await until(lambda: site.findings_of(lead, dry_run=True))
    assert (said.kind, said.repaired) == ("task_fails", None)
    (done,) = await site.findings_of(lead)
    assert done.kind == "task_fails"
    assert str(done.repaired).startswith("reset to event ")
    await until(lambda: len([one for one in site.kinds(lead) if one == "event"]) == 2)
    assert site.kinds(lead)[: len(before)] == before
    await site.leads.act(lead, "note", {"by": MORGAN, "note": "alive"})
    assert await site.findings_of(lead) == []


@pytest.mark.parametrize(("name", "event"), [("l001", 172), ("l004", 152), ("l007", 49)])
async def test_the_last_good_task_of_a_history_that_does_not_replay_is_found(
    dev_server: WorkflowEnvironment, name: str, event: int
) -> None:
    history = WorkflowHistory.from_json(name, (HISTORIES / f"{name}.json").read_text())
    resets = Resets(dev_server.client, sandbox())
    assert await resets.last_good_task(history) == event
    whole = WorkflowHistory(name, list(history.events)[: event - 1])
    assert await resets.last_good_task(whole) is None


async def test_what_waits_or_was_given_up_is_reported(site: ReconciledSite) -> None:
    old = datetime.now(UTC) - timedelta(hours=2)
    intake = SqlIntake(site.database)
    items = [
        NewItem(lead="ana", item=name, kind="event", body={"type": "page.viewed"}, arrived=old)
        for name in ("waits", "lost", "told")
    ]
    intake.accept(items)
    SqlMailLedger(site.database).claim("ana", "mail-1", "<m@x>", old)
    with site.database.write() as connection:
        now = datetime.now(UTC)
        lost = {"done": now, "why": "there is no lead 'ana'"}
        connection.execute(sa.update(_I).where(_I.c.item == "lost").values(**lost))
        connection.execute(sa.update(_I).where(_I.c.item == "told").values(done=now))
        connection.execute(sa.update(_M).values(updated=old))
    found = await site.findings_of("ana")
    assert [(one.kind, one.why, one.repaired) for one in found] == [
        ("mail_unsettled", "mail-1", None),
        ("event_waits", "waits", None),
        ("event_given_up", "lost: there is no lead 'ana'", None),
        ("event_lost", "told", "told again"),  # it is on no timeline
    ]


async def test_what_a_lead_was_told_and_left_no_trace_is_told_again(site: ReconciledSite) -> None:
    """Temporal was restored from a backup of before it was told, and no worker had taken it."""
    await site.work()
    lead, new = await site.create_lead(), f"new{uuid.uuid4().hex[:8]}"
    now, intake = datetime.now(UTC), SqlIntake(site.database, gather=timedelta(0))
    there = {"id": "there", "type": "page.viewed"}
    await site.leads.events(lead, [there])
    await until(lambda: site.entries(lead, "event"))
    profile = {"email": f"{new}@northwind.example"}
    intake.accept(
        [
            NewItem.event(lead, there, arrived=now),
            NewItem.event(lead, {**there, "id": "lost"}, arrived=now),
            NewItem.lead_data(new, "acme", profile, arrived=now),
        ]
    )
    intake.done([one.seq for one in intake.take(9, timedelta(minutes=1))])
    assert intake.unfinished([lead, new]) == 0
    assert await site.findings_of(lead, since=now) == []  # asked once an hour
    (said,) = await site.findings_of(lead, dry_run=True)
    assert (said.kind, said.why, said.repaired) == ("event_lost", "lost", None)
    assert intake.unfinished([lead, new]) == 0
    (done,) = await site.findings_of(lead)
    assert (done.kind, done.why, done.repaired) == ("event_lost", "lost", "told again")
    again = intake.take(9, timedelta(minutes=1))
    assert sorted((one.lead, one.kind) for one in again) == sorted([(lead, "event"), (new, "lead")])


async def test_an_act_that_was_left_and_left_no_trace_is_told_again_once(
    site: ReconciledSite,
) -> None:
    """Nobody answered it, its signal went to the lead, and Temporal was restored from before."""
    await site.work()
    lead = await site.create_lead()
    await site.leads.events(lead, [{"id": "hand", "type": "form.submitted", "subject": "demo"}])
    ((_, assigned),) = await until(lambda: site.entries(lead, "assigned"))
    arrivals, now = SqlArrivals(site.database), datetime.now(UTC)
    act = {"id": "mine", "by": assigned["owner"], "via": "desk"}
    arrivals.keep(lead, "mine", "said", now)
    arrivals.left(lead, "mine", "accept", act)
    (said,) = await until(lambda: site.findings_of(lead, dry_run=True))
    assert (said.kind, said.why, said.repair) == ("event_lost", "act/mine", "told again")
    # A turn may be under way, as of an alert's result: then the lead is looked at later.
    (done,) = await until(lambda: site.findings_of(lead))
    assert (done.kind, done.repaired) == ("event_lost", "told again")
    relay = Relay(
        SqlIntake(site.database, gather=timedelta(0)), SqlPrograms(site.database), site.leads
    )
    await relay.once()
    await until(lambda: site.entries(lead, "accepted"))
    assert await site.findings_of(lead) == []  # it is done
    note = {"id": "note", "by": "nobody@acme.example", "note": "hello", "via": "desk"}
    arrivals.left(lead, "note", "note", note)
    await site.leads.leave(lead, "note", note)
    await until(lambda: site.entries(lead, "refused"))
    assert await site.findings_of(lead) == []  # it was refused, which is an answer


async def test_a_lead_is_asked_nothing_while_no_worker_takes_its_task(site: ReconciledSite) -> None:
    async with site.turns_worker():
        lead = await site.create_lead()
        await until(lambda: site.entries(lead, "created"))
        assert (await site.leads.standing(lead))["stage"] == "known"
    await site.leads.events(lead, [{"id": "viewed", "type": "page.viewed", "subject": "/pricing"}])
    with pytest.raises(TemporalUnavailableError, match="no worker has ended"):
        await site.leads.standing(lead, patience=0.2)
    async with site.turns_worker():
        assert (await site.leads.standing(lead))["received"] == 1


async def test_a_lead_whose_row_was_lost_writes_it_anew(site: ReconciledSite) -> None:
    """An older database was restored, from before the lead was created."""
    await site.work()
    lead = await site.create_lead()
    rows = sa.select(sa.func.count()).select_from(_L).where(_L.c.id == lead)
    with site.database.write() as connection:
        connection.execute(sa.delete(_L).where(_L.c.id == lead))
        connection.execute(sa.delete(_E).where(_E.c.lead == lead))
    later = datetime.now(UTC) + timedelta(minutes=2)
    comparing = replace(site.reconciliation, now=lambda: later)
    (said,) = [one for one in (await comparing.compare(dry_run=True)).found if one.lead == lead]
    assert (said.kind, said.repaired, said.repair) == ("no_row", None, "made to take a turn")
    (done,) = [one for one in (await comparing.compare()).found if one.lead == lead]
    assert (done.kind, done.repaired) == ("no_row", "made to take a turn")

    def written() -> int:
        with site.database.read() as connection:
            return int(connection.scalar(rows) or 0)

    await until(written)
    assert await site.findings_of(lead) == []


async def test_what_is_no_lead_keeps_no_other_from_being_repaired(site: ReconciledSite) -> None:
    """Somebody began and ended a workflow of the lead's type with an argument of his own."""
    await site.work()
    lead, other = await site.create_lead(), f"odd{uuid.uuid4().hex[:8]}"
    for one in (lead, other):
        if one == other:
            queue = site.settings.queue_prefix + LEADS
            await site.client.start_workflow(
                "LeadWorkflow", "x", id=workflow_id(one), task_queue=queue
            )
        await site.client.get_workflow_handle(workflow_id(one)).terminate()
        await site.until_ended(one)
    found = (await site.reconciliation.compare()).found
    assert [one.repaired for one in found if one.lead == lead] == ["revived"]
    assert [one for one in found if one.lead == other] == []


async def test_a_lead_whose_due_instant_passed_and_a_workflow_without_a_row_are_reported(
    site: ReconciledSite,
) -> None:
    await site.work()
    lead, rowless = await site.create_lead(), await site.create_lead()
    await site.stop()
    due = datetime.now(UTC) - timedelta(minutes=3)
    with site.database.write() as connection:
        late = {"due_at": due, "due_what": "accept due"}
        connection.execute(sa.update(_L).where(_L.c.id == lead).values(**late))
        connection.execute(sa.delete(_L).where(_L.c.id == rowless))
    ((late_one,), nothing_yet) = await site.findings_of(lead), await site.findings_of(rowless)
    assert (late_one.kind, late_one.why) == ("overdue", "accept due")
    assert nothing_yet == []  # it began less than a minute ago


async def test_a_mail_that_no_worker_begins_is_reported_and_one_that_the_run_does_not_know_is_asked(
    site: ReconciledSite,
) -> None:
    # Its mails have no send window: the first one is asked for at once.
    site.program = read_program(ROOT / "tests" / "chaos" / "programs" / "minutes.yaml")
    SqlPrograms(site.database).publish(site.program)
    async with site.turns_worker():
        lead = await site.create_lead()

        async def waits_for_a_worker() -> bool:
            described = await site.leads.describe(lead)
            return bool(_asked(site, lead) and described.raw_description.pending_activities)

        await until(waits_for_a_worker)
        assert await site.findings_of(lead) == []  # it has just been asked for
        old = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        _ask_at(site, lead, old, _asked(site, lead))
        (said,) = await site.findings_of(lead)
    assert (said.kind, said.since, said.repaired) == ("mail_waits", old, None)
    assert said.why == "no worker has begun it"
    await site.work()
    await until(lambda: site.entries(lead, "email_sent"))
    assert await site.findings_of(lead) == []
    _ask_at(site, lead, old, [{"do": "send_mail", "key": "lost"}, {"do": "alert", "key": "done"}])
    assert await site.findings_of(lead, since=datetime.now(UTC)) == []  # asked once an hour
    (lost,) = await site.findings_of(lead)
    assert (lost.kind, lost.why) == ("mail_waits", "no activity is pending")
    assert lost.repaired == "made to take a turn"
    await until(lambda: _asked(site, lead) == [])
    _ask_at(site, lead, old, [{"do": "alert", "key": "done"}])  # its result makes no turn
    assert await site.findings_of(lead) == []


def _asked(site: ReconciledSite, lead: str) -> list[dict[str, Any]]:
    """The commands whose results the lead's row awaits."""
    with site.database.read() as connection:
        writer: Any = connection.scalar(sa.select(_L.c.writer).where(_L.c.id == lead))
    return list(writer["asked"])


def _ask_at(site: ReconciledSite, lead: str, at: datetime, asked: list[dict[str, Any]]) -> None:
    """As if these commands had been asked for at that instant."""
    dated = [{**one, "at": at.isoformat()} for one in asked]
    with site.database.write() as connection:
        writer: Any = connection.scalar(sa.select(_L.c.writer).where(_L.c.id == lead))
        new = {**writer, "asked": dated}
        connection.execute(sa.update(_L).where(_L.c.id == lead).values(writer=new))


async def test_a_lead_that_was_ended_before_its_first_turn_is_begun_again(
    site: ReconciledSite,
) -> None:
    lead = f"early{uuid.uuid4().hex[:8]}"
    profile = {"email": f"{lead}@northwind.example", "employees": 900}
    assert await site.leads.enrol(lead, site.program, profile)
    await site.client.get_workflow_handle(workflow_id(lead)).terminate()
    (done,) = await until(lambda: site.findings_of(lead))
    assert (done.kind, done.repaired) == ("no_workflow", "revived")
    await site.work()
    await until(lambda: "created" in site.kinds(lead))


async def test_the_schedule_compares_all_leads_first_and_then_what_changed(
    site: ReconciledSite,
) -> None:
    await site.work()
    lead = await site.create_lead()
    await site.client.get_workflow_handle(workflow_id(lead)).terminate()
    await site.until_ended(lead)
    schedules = Schedules(site.client, prefix=site.settings.queue_prefix)
    name, nightly = await schedules.set_up()
    assert await schedules.set_up() == [name, nightly]
    assert await schedules.missing() == []
    handle = site.client.get_schedule_handle(name)
    try:
        first = await _triggered(site, name)
        assert first["found"]["repaired"]["no_workflow"] == 1
        second = await _triggered(site, name)
        assert second["whole"] == first["whole"]
        assert not any(second["found"]["repaired"].values())
        assert (await _triggered(site, nightly))["snapshots"] >= 1
        assert await _triggered(site, nightly) == {"snapshots": 0, "removed": 0}
        await handle.pause()
        assert await schedules.missing() == [name]
        await schedules.set_up()
        assert (await handle.describe()).schedule.state.paused
    finally:
        await handle.delete()
        await site.client.get_schedule_handle(nightly).delete()
    assert await schedules.missing() == [name, nightly]
    await until(lambda: "resumed_from_journal" in site.kinds(lead))


async def test_a_schedule_that_a_program_lacks_is_found_and_made(site: ReconciledSite) -> None:
    reengage = f"{site.settings.queue_prefix}reengage/acme"
    assert reengage in {one.why for one in await site.findings_of("")}
    try:
        assert await site.findings_of("") == []
        await site.client.get_schedule_handle(reengage).delete()
        (said,) = await site.findings_of("", dry_run=True)
        assert (said.kind, said.why, said.repaired) == ("no_schedule", reengage, None)
        (made,) = await site.findings_of("")
        assert (made.kind, made.repaired) == ("no_schedule", "made")
    finally:
        await site.client.get_schedule_handle(reengage).delete()


async def _triggered(site: ReconciledSite, name: str) -> dict[str, Any]:
    """Have the schedule act now; the result of the workflow that it started."""
    handle = site.client.get_schedule_handle(name)
    before = (await handle.describe()).info.num_actions
    await handle.trigger()

    async def started() -> Any:
        info = (await handle.describe()).info
        return info.recent_actions[-1].action if info.num_actions > before else None

    action = await until(started)
    run = site.client.get_workflow_handle(action.workflow_id, run_id=action.first_execution_run_id)
    found: dict[str, Any] = await run.result()
    return found
