"""A store is restored from a backup that is older than the other one."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.sql.database import open_database
from tests.server.child_processes import Site, running_site
from tests.waiting import until

MORGAN = "morgan@acme.example"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(tmp_path) as one:
        yield one


def _backup(site: Site, name: str) -> None:
    with sqlite3.connect(site.home / name) as store:
        store.execute("vacuum into ?", (str(site.home / f"{name}.backup"),))
    store.close()


def _restore(site: Site, name: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        (site.home / f"{name}{suffix}").unlink(missing_ok=True)
    (site.home / f"{name}.backup").rename(site.home / name)


async def _stop(site: Site) -> int:
    """Stop worker and Temporal; the port that it had."""
    assert site.kill(signal.SIGTERM) == 0
    port = int(site.server.address.rpartition(":")[2])
    site.server.stop()
    return port


async def _start(site: Site, port: int) -> None:
    await site.serve(port)
    await site.work()


def _timeline(site: Site, lead: str) -> list[tuple[int, str, str]]:
    query = sa.text("SELECT seq, kind, fields FROM entries WHERE lead = :lead ORDER BY seq")
    with site.database.read() as connection:
        return [
            (row.seq, row.kind, str(row.fields))
            for row in connection.execute(query, {"lead": lead})
        ]


async def _until_row_and_workflow_agree(site: Site, lead: str) -> None:
    """The row and the workflow agree."""

    async def same() -> bool:
        says = await site.leads.standing(lead)
        with site.database.read() as connection:
            query = sa.text("SELECT turn, stage, owner FROM leads WHERE id = :lead")
            row = connection.execute(query, {"lead": lead}).one()
        return says["settled"] and tuple(row) == (says["turn"], says["stage"], says["owner"])

    await until(same, 30)


async def _raise_hand(site: Site, lead: str) -> str:
    await site.leads.events(lead, [{"id": "hand", "type": "form.submitted", "subject": "demo"}])
    (assigned,) = await until(lambda: site.entries_of(lead, "assigned"), 30)
    return str(assigned["owner"])


async def test_answered_acts_survive_when_temporal_is_older_than_the_database(
    site: Site,
) -> None:
    await site.create_lead("worked")
    await site.create_lead("quiet")
    for lead in ("worked", "quiet"):
        await until(partial(site.entries_of, lead, "email_sent"), 30)
        await _until_row_and_workflow_agree(site, lead)
    port = await _stop(site)
    _backup(site, "temporal.db")
    await _start(site, port)
    owner = await _raise_hand(site, "worked")
    await site.leads.act("worked", "accept", {"by": owner})
    await _until_row_and_workflow_agree(site, "worked")
    before = {lead: _timeline(site, lead) for lead in ("worked", "quiet")}
    port = await _stop(site)
    _restore(site, "temporal.db")
    await _start(site, port)
    for lead in ("worked", "quiet"):
        await site.leads.act(lead, "note", {"by": MORGAN, "note": "after the restore"})
        await _until_row_and_workflow_agree(site, lead)
        after = _timeline(site, lead)
        assert after[: len(before[lead])] == before[lead]
        assert [one["note"] for one in site.entries_of(lead, "noted")] == ["after the restore"]
        assert len(site.mailbox(f"{lead}@northwind.example")) == 1
    assert site.entries_of("worked", "resumed_from_journal") == [{}]
    assert site.entries_of("quiet", "resumed_from_journal") == []
    assert (await site.leads.standing("worked"))["stage"] == "sal"


async def test_a_mail_that_went_out_since_the_backup_of_temporal_is_told_and_not_sent_again(
    site: Site,
) -> None:
    """The run that asked for it and got its result is gone. The row and the ledger know it."""
    assert site.kill(signal.SIGTERM) == 0
    await site.create_lead("mailed")
    _backup(site, "temporal.db")
    server, port = site.server.pid, int(site.server.address.rpartition(":")[2])
    assert server is not None
    # The worker settles the mail and can tell Temporal nothing.
    site.on_mail = lambda _mail: os.kill(server, signal.SIGKILL)
    await site.work()
    await until(lambda: _ends_of_mails(site, "mailed") == ["sent"])
    site.on_mail = lambda _mail: None
    site.kill()
    site.server.stop()
    assert site.entries_of("mailed", "email_sent") == []
    before = _timeline(site, "mailed")
    _restore(site, "temporal.db")
    await _start(site, port)
    await until(lambda: site.entries_of("mailed", "email_sent"))
    await _until_row_and_workflow_agree(site, "mailed")
    assert _timeline(site, "mailed")[: len(before)] == before
    assert len(site.entries_of("mailed", "email_sent")) == 1
    assert len(site.mailbox("mailed@northwind.example")) == 1


def _ends_of_mails(site: Site, lead: str) -> list[str]:
    query = sa.text("SELECT status FROM messages WHERE lead = :lead")
    with site.database.read() as connection:
        return list(connection.scalars(query, {"lead": lead}))


async def test_a_lead_goes_on_when_the_database_is_older_than_temporal(site: Site) -> None:
    """Entries since the backup are lost. The state is not, because the workflow has it."""
    await site.create_lead("worked")
    await until(lambda: site.entries_of("worked", "email_sent"), 30)
    await _until_row_and_workflow_agree(site, "worked")
    _backup(site, "leadflow.db")
    owner = await _raise_hand(site, "worked")
    await site.leads.act("worked", "accept", {"by": owner})
    await _until_row_and_workflow_agree(site, "worked")
    whole = _timeline(site, "worked")
    port = await _stop(site)
    site.database.close()
    _restore(site, "leadflow.db")
    # A process that has the file open notices that it was replaced, and must be started again.
    site.database = open_database(site.settings.database)
    await _start(site, port)
    await site.leads.act("worked", "note", {"by": MORGAN, "note": "after the restore"})
    await _until_row_and_workflow_agree(site, "worked")
    assert (await site.leads.standing("worked"))["stage"] == "sal"
    *_, (seq, kind, _) = _timeline(site, "worked")
    assert (seq, kind) == (len(whole) + 1, "noted")
