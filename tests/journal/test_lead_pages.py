"""Pages of leads on both databases: each lead once, even if other leads change meanwhile."""

from __future__ import annotations

from datetime import datetime

import pytest

from adapters.reports.lead_pages import Order, SqlLeadPages
from adapters.reports.leads import Sight, SqlReports
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from lifecycle.stable_hash import short_hash
from models.state import ClockState
from tests.journal.turns import FENCE, NEWER, NOW, after, handoff, turn

RILEY = "riley@acme.example"


@pytest.fixture
def pages(database: Database) -> SqlLeadPages:
    return SqlLeadPages(database)


def clock_state(due: datetime, *, breached: bool = False) -> ClockState:
    return ClockState(
        name="accept", start=NOW, total=60, counted=0, since=NOW, due=due, breached=breached
    )


def store_lead_with_clock(
    journal: SqlJournal, lead: str, due: datetime | None, *, number: int = 1, breached: bool = False
) -> None:
    """A lead of sdr whose accept clock is due then; None: no clock runs."""
    clocks = (clock_state(due, breached=breached),) if due is not None else ()
    decision = turn(number, lead=lead, stage="mql", owner=RILEY, handoff=handoff(clocks=clocks))
    journal.record(decision, FENCE if number == 1 else NEWER, NOW)


def read_ids(
    pages: SqlLeadPages, order: Order = "urgency", *, limit: int = 3, after: str | None = None
) -> list[str]:
    found = []
    while True:
        page = pages.page(limit=limit, order=order, after=after)
        found += [one.id for one in page.leads]
        after = page.next
        if after is None:
            return found


def test_an_empty_database_has_one_empty_page(pages: SqlLeadPages) -> None:
    page = pages.page(limit=10)
    assert (page.leads, page.next) == ((), None)


def test_many_leads_are_read_in_order_each_once(journal: SqlJournal, pages: SqlLeadPages) -> None:
    for number in range(60):
        due = after(minutes=number // 4) if number < 40 else None
        store_lead_with_clock(journal, f"lead-{number:02}", due)
    store_lead_with_clock(journal, "late-b", after(hours=-1), breached=True)
    store_lead_with_clock(journal, "late-a", after(hours=-1), breached=True)
    wanted = ["late-a", "late-b", *(f"lead-{number:02}" for number in range(60))]
    for limit in (1, 7, 62, 100):
        assert read_ids(pages, limit=limit) == wanted
    assert read_ids(pages, "lead", limit=7) == sorted(wanted)


def test_leads_that_are_added_removed_or_moved_between_pages_hide_no_other_lead(
    journal: SqlJournal, pages: SqlLeadPages
) -> None:
    names = [f"lead-{number:02}" for number in range(12)]
    for place, name in enumerate(names):
        store_lead_with_clock(journal, name, after(hours=place))
    first = pages.page(limit=4)
    store_lead_with_clock(journal, "lead-00", None, number=2)
    store_lead_with_clock(journal, "lead-05", after(hours=-3), number=2)
    store_lead_with_clock(journal, "lead-09", after(hours=9), number=2, breached=True)
    store_lead_with_clock(journal, "new", after(hours=5))
    rest = read_ids(pages, limit=4, after=first.next)
    stayed = set(names) - {"lead-00", "lead-05", "lead-09"}
    seen = [one.id for one in first.leads] + rest
    assert sorted(one for one in seen if one in stayed) == sorted(stayed)
    assert "new" in rest
    by_name = pages.page(limit=4, order="lead")
    store_lead_with_clock(journal, "lead-01", after(hours=50), number=3)
    rest = read_ids(pages, "lead", limit=4, after=by_name.next)
    assert [one.id for one in by_name.leads] + rest == [*names, "new"]


def test_a_deadline_is_the_handoffs_clock_and_a_missed_one_stays_due(
    journal: SqlJournal, pages: SqlLeadPages
) -> None:
    store_lead_with_clock(journal, "soon", after(hours=1))
    store_lead_with_clock(journal, "later", after(hours=5))
    store_lead_with_clock(journal, "late", after(hours=-2), breached=True)
    store_lead_with_clock(journal, "calm", None)
    page = pages.page(limit=10, due_before=after(hours=5))
    assert [one.id for one in page.leads] == ["late", "soon"]


def test_a_page_holds_what_the_asker_may_see(journal: SqlJournal, pages: SqlLeadPages) -> None:
    store_lead_with_clock(journal, "ana", after(hours=1))
    journal.record(turn(1, lead="cold"), FENCE, NOW)
    seen = {
        "team": Sight(owner="x@acme.example", teams=frozenset({"sdr"})),
        "owner": Sight(owner=RILEY, teams=frozenset({"emea"})),
        "manager": Sight(owner="x@acme.example", teams=frozenset({"emea"}), unhanded=True),
        "nobody": Sight(owner="x@acme.example", teams=frozenset()),
    }
    found = {
        who: [one.id for one in pages.page(limit=10, sight=sight).leads]
        for who, sight in seen.items()
    }
    assert found == {"team": ["ana"], "owner": ["ana"], "manager": ["cold"], "nobody": []}


def test_an_act_is_found_by_its_id_and_person(journal: SqlJournal, database: Database) -> None:
    recycled = ("recycled", {"reason": "not_now", "by": RILEY})
    journal.record(turn(3, recycled, acts={short_hash("crm-1"): 3}), FENCE, NOW)
    reports = SqlReports(database)
    assert reports.acted("ana", "crm-1", RILEY)
    assert not reports.acted("ana", "crm-1", "sam@acme.example")
    assert not reports.acted("ana", "crm-2", RILEY)
    assert not reports.acted("gone", "crm-1", RILEY)


def test_a_timeline_is_read_in_parts(journal: SqlJournal, database: Database) -> None:
    journal.record(turn(1, *(("noted", {"note": str(one)}) for one in range(1, 8))), FENCE, NOW)
    reports = SqlReports(database)
    assert [one.seq for one in reports.timeline("ana", last=3)] == [5, 6, 7]
    assert [one.seq for one in reports.timeline("ana", last=3, before=5)] == [2, 3, 4]
    assert [one.seq for one in reports.timeline("ana", before=3)] == [1, 2]
    assert len(reports.timeline("ana")) == 7
    line = reports.line("ana")
    assert line is not None
    assert (line.id, reports.line("gone")) == ("ana", None)
