"""Merging on a real server: names, what reaches the merged lead, a worker that is killed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.reports.leads import SqlReports
from adapters.sql.intake import SqlIntake
from adapters.sql.merges import SqlMerges
from adapters.sql.programs import SqlPrograms
from adapters.sql.suppressions import SqlSuppressionList
from tests.server.child_processes import Site, running_site
from tests.waiting import until
from usecases.acting import ActRefused
from usecases.intake import Intake, accept_events, accept_leads
from usecases.merging import MergeAnswer, MergeDone, merge
from usecases.relay import Relay
from usecases.viewer import ADMIN


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("site")) as one:
        yield one


async def merged(site: Site, keep: str, other: str) -> MergeAnswer:
    """Ask for a merge as the command line does."""
    return await merge(
        SqlReports(site.database),
        SqlMerges(site.database),
        site.leads,
        ADMIN.through("cli"),
        keep=keep,
        other=other,
        by="morgan@acme.example",
        now=datetime.now(UTC),
        timeout_seconds=120,
    )


def known(site: Site, *leads: str) -> bool:
    return all(site.entries_of(lead, "email_sent") for lead in leads)


async def relayed(site: Site, intake: SqlIntake) -> None:
    """Relay what was accepted, until nothing waits."""
    relay = Relay(intake, SqlPrograms(site.database), site.leads)
    while intake.waiting().count:
        await relay.once()


async def test_a_merge_whose_worker_is_killed_ends_by_itself_and_is_done_once(site: Site) -> None:
    for lead in ("ana", "bob"):
        await site.create_lead(lead)
    await until(lambda: known(site, "ana", "bob"))
    await site.leads.events("bob", [{"id": "demo", "type": "form.submitted", "subject": "demo"}])
    await until(lambda: site.entries_of("bob", "assigned"))
    asked = asyncio.create_task(merged(site, "ana", "bob"))
    await until(lambda: site.entries_of("bob", "merged"))
    site.kill(signal.SIGKILL)
    await site.work()
    done = await asked
    assert isinstance(done, MergeDone)
    assert done.line is not None
    assert (done.line.id, done.line.stage) == ("ana", "mql")
    again = await merged(site, "ana", "bob@northwind.example")
    assert isinstance(again, MergeDone)
    assert again.before
    (entry,) = site.entries_of("ana", "merged")
    assert (entry["from"], entry["by"], entry["via"]) == ("bob", "morgan@acme.example", "cli")
    assert len(site.entries_of("ana", "handoff_opened")) == 1
    assert site.entries_of("bob", "merged") == [{"into": "ana"}]


async def test_a_merge_of_which_only_the_first_step_was_done_is_finished_when_it_is_asked_again(
    site: Site,
) -> None:
    for lead in ("kim", "leo"):
        await site.create_lead(lead)
    await until(lambda: known(site, "kim", "leo"))
    into = {"do": "into", "keep": "kim", "to": site.program.digest}
    await site.leads.merge_side("leo", into)
    await until(lambda: site.entries_of("leo", "merged"))
    assert not site.entries_of("kim", "merged")
    assert isinstance(await merged(site, "kim", "leo"), MergeDone)
    assert [one["from"] for one in site.entries_of("kim", "merged")] == ["leo"]


async def test_whatever_reaches_a_merged_lead_goes_to_the_one_that_goes_on(site: Site) -> None:
    for lead in ("mia", "ned", "oli"):
        await site.create_lead(lead)
    await until(lambda: known(site, "mia", "ned", "oli"))
    assert isinstance(await merged(site, "mia", "ned"), MergeDone)
    assert isinstance(await merged(site, "oli", "mia"), MergeDone)
    assert isinstance(await merged(site, "oli", "ned"), MergeDone), "by a chain they are one"
    circle = await merged(site, "mia", "oli")
    assert isinstance(circle, ActRefused)
    assert circle.why == "Both are lead oli already. Name two leads."
    unknown = await merged(site, "oli", "nobody")
    assert isinstance(unknown, ActRefused)
    reports = SqlReports(site.database)
    assert [reports.with_id(one) for one in ("ned", "mia", "oli")] == ["oli"] * 3
    assert not {"ned", "mia"} & {one.id for one in reports.leads()}

    # At the doors: by an id, and by an address; the lead's own address stays.
    intake = SqlIntake(site.database, gather=timedelta(0))
    doors = Intake(items=intake, programs=SqlPrograms(site.database), now=datetime.now(UTC))
    (by_id, by_address) = accept_events(
        doors,
        [
            {"id": "door-1", "lead": "ned", "type": "page.viewed", "subject": "/pricing"},
            {
                "id": "door-2",
                "email": "NED@northwind.example",
                "type": "email.bounced",
                "data": {"kind": "hard"},
            },
        ],
    )
    assert (by_id.lead, by_address.lead) == ("oli", "oli")
    (form,) = accept_leads(doors, [{"email": "mia@northwind.example", "company": "Northwind"}])
    assert form.lead == "oli"
    # Past the doors: a signal and an act that went to the workflow of the merged lead.
    await site.leads.events("ned", [{"id": "late", "type": "page.viewed", "subject": "/late"}])
    note = {"id": "noted", "by": "morgan@acme.example", "note": "hello"}
    await site.leads.leave("ned", "note", note)
    await site.leads.act("mia", "note", {**note, "id": "asked", "note": "asked"})
    await until(lambda: intake.waiting().count >= 5)
    await relayed(site, intake)
    await until(
        lambda: (
            {"door-1", "door-2", "late"}
            <= {one["event"] for one in site.entries_of("oli", "event")}
        )
    )
    await until(lambda: len(site.entries_of("oli", "noted")) == 2)
    await until(lambda: site.entries_of("oli", "profile"))
    (changed,) = site.entries_of("oli", "profile")
    assert changed["changed"] == ["company"]
    assert not site.entries_of("oli", "suppressed"), "a bounce stays with its address"
    # The person's wish, by the other address, counts at once where the mail goes.
    accept_events(
        doors, [{"id": "stop", "email": "ned@northwind.example", "type": "email.unsubscribed"}]
    )
    listed = SqlSuppressionList(site.database)
    assert listed.reasons("oli@northwind.example") == ["unsubscribed"]
    assert listed.reasons("ned@northwind.example") == ["bounced", "unsubscribed"]
    await relayed(site, intake)
    await until(lambda: site.entries_of("oli", "suppressed"))
    # What was told twice is known once.
    await site.leads.events("oli", [{"id": "late", "type": "page.viewed", "subject": "/late"}])
    await until(lambda: site.entries_of("oli", "ignored"))
    for merged_lead in ("ned", "mia"):
        assert not site.entries_of(merged_lead, "noted")


async def test_two_merges_that_meet_leave_one_lead(site: Site) -> None:
    for lead in ("pat", "qui"):
        await site.create_lead(lead)
    await until(lambda: known(site, "pat", "qui"))
    outcomes = await asyncio.gather(merged(site, "pat", "qui"), merged(site, "qui", "pat"))
    reports = SqlReports(site.database)
    owners = {reports.with_id(one) for one in ("pat", "qui")}
    assert len(owners) == 1
    (survivor,) = owners
    assert survivor in ("pat", "qui")
    assert len(site.entries_of(str(survivor), "merged")) == 1
    assert sum(isinstance(one, MergeDone) for one in outcomes) >= 1
