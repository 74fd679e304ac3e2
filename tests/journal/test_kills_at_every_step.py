"""A publication and a launch are killed at every change of the database; a rerun finishes them."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from adapters.reports.leads import SqlReports
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.rollouts import SqlRollouts
from lifecycle.stable_hash import lead_id
from tests.journal.test_launches import LaunchSite
from tests.journal.test_rollouts import NEW, RolledOutLeads, add, carry_out, store
from tests.usecases.intake.interruptions import interrupted
from usecases import launch_steps, launches


async def test_a_publication_that_is_killed_anywhere_reaches_each_lead_once(
    database: Database,
) -> None:
    leads, journal = RolledOutLeads(database), SqlJournal(database)
    for step in count(1):
        names = [f"{step}-{name}" for name in ("ana", "bo")]
        store(database, *names)
        rollout = add(database)
        with interrupted(database, step) as killed, suppress(Exception):
            await carry_out(database, leads, rollout.number)
        assert (await carry_out(database, leads, rollout.number))["ended"]
        assert SqlRollouts(database).rollout(rollout.number).failed == {}
        for lead in names:
            state = journal.state(lead)
            assert state is not None
            assert (state.digest, state.turn) == (NEW, 2), f"killed at change {step}"
        if not killed.happened:
            break
    assert step > 5, "it was killed at some steps"


async def test_a_launch_that_is_killed_anywhere_starts_each_row_once_and_so_is_its_undo(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch_steps, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(launch_steps, "_STUCK_SECONDS", 0.02)
    site, undone = LaunchSite(database, tmp_path), 0
    for step in count(1):
        addresses = [f"{name}{step}@kills.example" for name in ("a", "b", "c")]
        text = "email\n" + "".join(f"{one}\n" for one in addresses)
        with interrupted(database, step) as killed, suppress(Exception):
            await site.carry_out(site.store(text).number)
        site.end_leases()
        stored = site.store(text)  # the same command again
        done = await site.carry_out(stored.number)
        assert (done.standing, done.size) == ("done", 3), f"killed at change {step}"
        for one in addresses:
            kinds = [entry.kind for entry in SqlReports(database).timeline(lead_id(one))]
            assert kinds.count("created") == 1, f"killed at change {step}"
        if done.plan["create"] == 3:  # else the first launch was over before it was killed
            undone += 1
            with interrupted(database, step), suppress(Exception):
                launches.undo(database, done.number)
                await site.carry_out(done.number)
            with suppress(launches.LaunchRefusedError):  # it was begun
                launches.undo(database, done.number)
            assert (await site.carry_out(done.number)).closed == 3, f"killed at change {step}"
        if not killed.happened:
            break
    assert step > 10
    assert undone > 5
