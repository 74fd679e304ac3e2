"""Acts that were left for their leads and left no trace, as the comparison finds them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.reports.reconciliation import SqlReconciliation
from adapters.sql.arrivals import SqlArrivals
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from lifecycle.stable_hash import short_hash
from tests.journal.turns import FENCE, NOW, turn


@pytest.mark.parametrize("limit", [1, 2])
def test_acts_that_were_done_hide_none_that_was_lost(database: Database, limit: int) -> None:
    arrivals, journal = SqlArrivals(database), SqlJournal(database)
    for lead in ("ana", "bo", "cy", "dora"):
        done = {short_hash(lead): 1} if lead in ("ana", "bo") else {}
        journal.record(turn(1, "created", lead=lead, acts=done), FENCE, NOW)
        arrivals.left(lead, lead, "accept", {"id": lead, "by": "riley@acme.example"})
    with database.read() as connection:
        since = database.now(connection) - timedelta(hours=1)
    found = SqlReconciliation(database).unrecorded_items(since, limit)
    assert [one.lead for one in found] == ["cy", "dora"][:limit]
