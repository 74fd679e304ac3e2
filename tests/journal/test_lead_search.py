"""The search over all leads: what it finds, how, and that its rows follow the leads."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice, product
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.reports.board_figures import found_by
from adapters.reports.desk_queue import Filters, Queue, QueueDay, SqlQueues
from adapters.reports.figures import Asking, SqlFigures
from adapters.reports.lead_pages import SqlLeadPages
from adapters.reports.leads import SqlReports
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.lead_search import SqlLeadSearch, search_words
from models.searched_words import compared
from models.state import MergedState
from models.tables.columns import table_of
from models.tables.search import INDEX, SearchedLead
from models.tables.standings import StandingRow
from tests.journal.test_board_plans import plans
from tests.journal.turns import FENCE, NEWER, NOW, after, turn

_S = table_of(StandingRow)
_W = table_of(SearchedLead)

_INTEGRITY = """
INSERT INTO lead_search_index(lead_search_index, rank) VALUES ('integrity-check', 1)
"""
"""FTS5 compares its index with the rows, and raises an error if they differ."""

SURNAMES = (
    *("Müller", "Mu\u0308ller", "MÜLLER", "Muller", "Straße", "STRASSE", "O'Brien", "İnan", "Żak"),
    *(
        "山田",
        "山田太郎",
        "ヤマダ",
        "ﾔﾏﾀﾞ",
        "王",
        "김민준",
        "Иванов",
        "a%b",
        "a_b",
        'say "x"',
        "\U0001d49cda",
        "Ada",
    ),
)
COMPANIES = ("Northwind GmbH", "株式会社山田商事", "Ølstykke & Co.", "C++ (Zürich)", "-", "AND OR")


def profiles() -> dict[str, dict[str, Any]]:
    """Leads of all kinds of names, the same each time."""
    names = product(SURNAMES, COMPANIES, ("Ana", "Jörg", "太郎", "", "Zoë"))
    return {
        f"lead-{number}": {
            "first_name": first,
            "last_name": last,
            "company": company,
            "email": f"p{number}@{('x.example', 'bücher.example')[number % 2]}",
        }
        for number, (last, company, first) in enumerate(islice(names, 0, None, 9))
    }


PROFILES = profiles()


@pytest.fixture
def searched(database: Database) -> Database:
    """A database with these leads."""
    journal = SqlJournal(database)
    for lead, profile in PROFILES.items():
        journal.record(turn(1, "created", lead=lead, profile=profile), FENCE, NOW)
    return database


def found(database: Database, text: str) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(SqlLeadSearch(database).leads(text)))


def plain(text: str) -> list[str]:
    """The same without a database: each lead's words are looked through."""
    wanted = compared(text.strip())
    return sorted(
        lead
        for lead, profile in PROFILES.items()
        if wanted in search_words(profile) or lead == text.strip()
    )


@st.composite
def parts(draw: st.DrawFn) -> str:
    """A part of what some lead is called, as it is or in capitals."""
    names = [one for profile in PROFILES.values() for one in profile.values() if one]
    whole = str(draw(st.sampled_from(names)))
    begin, size = draw(st.integers(0, len(whole) - 1)), draw(st.integers(1, 6))
    part = whole[begin : begin + size]
    return part.upper() if draw(st.booleans()) else part


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.one_of(parts(), st.text(st.sampled_from("aäü山%_\"'\\*^ -"), max_size=4)))
@example(text="müller")
@example(text="MU\u0308LLER")
@example(text="山田")
@example(text="ﾔﾏﾀﾞ")
@example(text="strasse")
@example(text="lead-7")
@example(text="a%b")
@example(text='"x"')
def test_the_search_finds_what_a_plain_look_at_each_lead_finds(
    searched: Database, text: str
) -> None:
    assert found(searched, text) == plain(text)


@pytest.mark.parametrize("text", ["müller", "山田商", "p17@", "an", "王", "nothing of this"])
def test_without_the_index_it_finds_the_same(searched: Database, text: str) -> None:
    with searched.write() as connection:
        if searched.is_sqlite:
            for trigger in ("added", "removed", "changed"):
                connection.execute(sa.text(f"DROP TRIGGER lead_search_{trigger}"))
            connection.execute(sa.text(f"DROP TABLE {INDEX}"))
        else:
            connection.execute(sa.text(f"DROP INDEX {INDEX}"))
    assert found(searched, text) == plain(text)


def test_a_lead_is_found_by_what_it_is_called_now_and_not_once_it_is_merged(
    database: Database,
) -> None:
    journal = SqlJournal(database)
    profile = {"first_name": "Ana", "company": "Northwind"}
    journal.record(turn(1, "created", profile=profile), FENCE, NOW)
    assert found(database, "northwind") == ["ana"]
    journal.record(turn(2, profile={**profile, "company": "Contoso"}), NEWER, NOW)
    assert (found(database, "northwind"), found(database, "contoso")) == ([], ["ana"])
    merged = turn(3, profile=profile, merged=MergedState(into="bea", left={}))
    journal.record(merged, NEWER, NOW)
    assert found(database, "contoso") == []


def doors(database: Database, text: str) -> dict[str, Callable[[], list[str]]]:
    """The search as the board, the desk, the API and the command line ask it."""
    board, desk = SqlFigures(database), SqlQueues(database)
    everybody = Queue(_S.c.lead.is_not(None))
    day, asking = QueueDay(now=NOW, tomorrow=after(days=1)), Asking(now=NOW, today=NOW)
    figure = found_by(SqlLeadSearch(database), text)
    return {
        "board": lambda: [one.lead for one in board.listed(figure, asking, only={}).lines],
        "desk": lambda: [one.lead for one in desk.page(everybody, day, Filters(find=text)).rows],
        "api": lambda: [one.id for one in SqlLeadPages(database).page(limit=50, find=text).leads],
        "cli": lambda: [one.id for one in SqlReports(database).leads(find=text)],
    }


@pytest.mark.parametrize("text", ["müller", "山田商", "lead-3"])
def test_every_door_finds_the_same_and_reads_no_table_of_leads_as_a_whole(
    searched: Database, text: str
) -> None:
    if not searched.is_sqlite:
        with searched.write() as connection:
            connection.execute(sa.text("ANALYZE"))
    for door, ask in doors(searched, text).items():
        assert sorted(ask()) == plain(text), door
        made = "\n".join(plans(searched, ask))
        assert INDEX in made, (door, made)
        for table in ("leads", "standings", "lead_search", "lead_ids", "entries"):
            assert not re.search(rf"(SCAN|Seq Scan on) {table}\b", made), (door, made)


def test_the_index_stays_whole_when_the_file_is_compacted(searched: Database) -> None:
    if not searched.is_sqlite:
        pytest.skip("PostgreSQL's index does not know rows by their number")
    with searched.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.execute("VACUUM")
    with searched.write() as connection:
        connection.execute(sa.text(_INTEGRITY))
    assert found(searched, "müller") == plain("müller")
