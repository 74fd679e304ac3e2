"""The queues of the desk, on both databases: groups, order, filters, pages and their numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.reports.desk_figures import NAMES, figures_within
from adapters.reports.desk_queue import (
    GROUPS,
    PAGE,
    SORTS,
    Filters,
    QueueDay,
    QueuePage,
    SqlQueues,
    queue_of,
    queue_of_teams,
)
from adapters.reports.figures import Asking, SqlFigures
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.directory import Directory
from models.state import ClockState
from tests.journal.test_board_plans import plans
from tests.journal.turns import FENCE, NOW, after, handoff, turn

RILEY, SAM, GONE = "riley@acme.example", "sam@acme.example", "gone@acme.example"
DAY = QueueDay.of(NOW, ZoneInfo("America/New_York"))
PEOPLE = Directory.model_validate(
    {
        "teams": {
            "sdr": {"members": [{"email": RILEY}, {"email": SAM}]},
            "emea": {"manager": SAM, "members": []},
        }
    }
)
MINE = queue_of(RILEY)
TEAM = queue_of_teams({"sdr"}, PEOPLE)


def store(
    database: Database,
    lead: str,
    due: datetime | None = None,
    *entries: Any,
    clock: str = "accept",
    breached: bool = False,
    given: dict[str, Any] | None = None,
    **state: Any,
) -> None:
    """A lead that sales works, with one clock."""
    clocks: tuple[ClockState, ...] = ()
    if due is not None:
        running = ClockState(name=clock, start=NOW, since=NOW, total=60, counted=0, due=due)
        clocks = (replace(running, breached=breached),)
    opened: dict[str, Any] = {"clocks": clocks, "assigned": NOW} | (given or {})
    of = handoff(**opened)
    values: dict[str, Any] = {"stage": "mql", "owner": RILEY, "handoff": of} | state
    SqlJournal(database).record(turn(1, "created", *entries, lead=lead, **values), FENCE, NOW)


def ask(database: Database, queue: Any = MINE, **filters: str) -> QueuePage:
    return SqlQueues(database).page(queue, DAY, Filters(**filters))


def leads(page: QueuePage) -> list[str]:
    return [one.lead for one in page.rows]


@pytest.fixture
def many(database: Database) -> Database:
    """One lead in each group, stored in no order."""
    accepted = {"accepted": NOW}
    asked = ("event", {"type": "form.submitted", "subject": "demo"})
    store(database, "none", given=accepted, stage="opportunity")
    store(database, "later", after(days=3), given=accepted, clock="qualify", stage="sal")
    store(database, "held", after(days=9), given=accepted | {"held_until": after(days=5)})
    store(database, "today", after(hours=2), given=accepted, clock="first_touch", stage="sal")
    store(database, "new", after(minutes=5))
    store(database, "asked", after(hours=1), asked, ("stage", {"to": "mql", "why": "hand_raise"}))
    store(database, "late", after(hours=-5), breached=True)
    store(database, "due", after(minutes=-1))
    store(database, "gone", after(hours=1), owner=GONE)
    store(database, "nobody", after(hours=1), owner=None)
    store(database, "back", stage="recycled")
    return database


def test_a_queue_is_ranked_by_what_is_due_and_by_who_asked(many: Database) -> None:
    page = ask(many)
    order = ["late", "due", "asked", "new", "today", "later", "held", "none"]
    assert leads(page) == order
    assert [one.group for one in page.rows] == [
        *("overdue", "overdue", "new", "new", "today", "later", "held", "none")
    ]
    assert page.rows[2].raised == "sent the form demo"
    assert leads(ask(many, TEAM)) == ["gone", "nobody", *order]
    for queue in (queue_of(SAM), queue_of_teams({"emea"}, PEOPLE), queue_of_teams((), PEOPLE)):
        empty = ask(many, queue)
        assert (empty.rows, empty.first, empty.last, empty.total) == ((), 0, 0, 0)


def test_the_number_of_every_group_is_the_length_of_its_list(many: Database) -> None:
    for queue in (MINE, TEAM):
        everything = ask(many, queue)
        for group in GROUPS:
            page = ask(many, queue, group=group)
            assert len(page.rows) == page.total == everything.counts.get(group, 0)
            assert page.counts == everything.counts
        assert sum(everything.counts.values()) == everything.total
    loads = SqlQueues(many).loads(TEAM, DAY)
    assert sum(one.leads for one in loads) == ask(many, TEAM).total
    for one in loads:
        if one.owner is not None:
            narrow = ask(many, TEAM, owner=one.owner, group=one.group, team=str(one.team))
            assert narrow.total == one.leads


def test_a_queue_is_narrowed_by_each_filter(many: Database) -> None:
    assert leads(ask(many, stage="opportunity")) == ["none"]
    assert leads(ask(many, TEAM, owner=GONE)) == ["gone"]
    assert ask(many, TEAM, team="emea").total == 0
    assert ask(many, program="acme").total == 8
    assert ask(many, program="other").total == 0


def test_other_orders_are_by_score_and_by_last_activity(many: Database) -> None:
    for number, lead in enumerate(("cold", "warm", "hot")):
        store(many, lead, owner=SAM, fit=float(number), last_human=after(days=-number))
    queues = SqlQueues(many)
    by = {one: leads(queues.page(queue_of(SAM), DAY, Filters(), sort=one)) for one in SORTS}
    assert by == {
        "due": ["hot", "warm", "cold"],
        "score": ["hot", "warm", "cold"],
        "activity": ["cold", "warm", "hot"],
    }


def test_a_queue_comes_in_pages_that_say_how_many_there_are(database: Database) -> None:
    for number in range(PAGE + 2):
        store(database, f"lead-{number:03}", after(minutes=number + 1))
    first, second = ask(database), SqlQueues(database).page(MINE, DAY, Filters(), number=2)
    assert (first.first, first.last, first.total) == (1, PAGE, PAGE + 2)
    assert (second.first, second.last) == (PAGE + 1, PAGE + 2)
    named = [*leads(first), *leads(second)]
    assert named == [f"lead-{number:03}" for number in range(PAGE + 2)]


def test_a_queue_is_searched_by_name_company_and_address(database: Database) -> None:
    for lead, more in (
        ("ana", {"first_name": "Ana", "last_name": "Smith", "company": "Northwind 100%"}),
        ("ben", {"first_name": "Ben", "email": "ben@contoso.example"}),
        ("cyd", {"company": "Österreich AG"}),
    ):
        store(database, lead, profile={"email": f"{lead}@northwind.example", **more})
    for find, found in (
        ("ana smi", ["ana"]),
        ("CONTOSO", ["ben"]),
        ("100%", ["ana"]),
        ("1%0", []),
        ("öster", ["cyd"]),
        (" ", ["ana", "ben", "cyd"]),
    ):
        assert sorted(leads(ask(database, find=find))) == found, find


def test_no_queue_scans_the_timeline_or_all_leads(many: Database) -> None:
    queues = SqlQueues(many)

    def everything() -> None:
        for queue in (MINE, TEAM):
            for sort in SORTS:
                queues.page(queue, DAY, Filters(find="ana", group="new"), sort=sort)
            queues.loads(queue, DAY)
            queues.programs(queue)

    found = plans(many, everything)
    assert len(found) >= 20
    for plan in found:
        assert "entries" not in plan
        for table in ("standings", "leads"):
            assert f"SCAN {table}" not in plan
            assert f"Seq Scan on {table}" not in plan


def test_what_people_did_is_counted_and_listed_by_the_index_on_kind_and_instant(
    many: Database,
) -> None:
    entry = ("accepted", {"by": RILEY, "late": False})
    store(many, "ana", None, entry, ("breached", {"owner": RILEY, "clock": "accept"}))
    figures, within = SqlFigures(many), figures_within(after(days=-1), after(days=1))
    asking = Asking(now=NOW, today=NOW)
    only = {"person": RILEY}
    found = {
        name: (
            sum(
                one[name].number
                for one in figures.count([within(name)], asking, only=only).values()
            ),
            figures.listed(within(name), asking, only=only).total,
        )
        for name in NAMES
    }
    assert found == dict.fromkeys(NAMES, (0, 0)) | dict.fromkeys(
        ("accepted", "in-time", "breaches"), (1, 1)
    )

    def everything() -> None:
        for name in NAMES:
            figures.count([within(name)], asking, by=("person",))
            figures.listed(within(name), asking, only=only)

    for plan in plans(many, everything):
        assert "SCAN entries" not in plan
        assert "Seq Scan on entries" not in plan
