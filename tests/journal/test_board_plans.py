"""No count and no list of the board reads the whole timeline, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.reports.board_figures import FIGURES, found_by
from adapters.reports.figures import EXCEPTIONS, Asking, SqlFigures
from adapters.sql.database import Database
from adapters.sql.lead_search import SqlLeadSearch
from tests.journal.turns import NOW

ASKING = Asking(now=NOW, today=NOW - timedelta(hours=9))


def plans(database: Database, ask: Callable[[], object]) -> list[str]:
    """How the database carries out what is asked, a text for each statement."""
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _u: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
    found = []
    with database.read() as connection:
        if not database.is_sqlite:
            # The tables are empty, and reading all of an empty table is the cheapest.
            connection.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        for statement, values in asked:
            if statement.startswith("SELECT"):
                rows = connection.exec_driver_sql(explain + statement, values).all()
                found.append("\n".join(str(row[-1]) for row in rows))
    return found


def test_no_figure_of_the_board_scans_the_timeline(database: Database) -> None:
    figures = SqlFigures(database)

    def everything() -> None:
        for figure in (*FIGURES.values(), found_by(SqlLeadSearch(database), "ana")):
            for by in ((), ("program",), ("why", "age")):
                figures.count([figure], ASKING, by=by, longest=figure)
            figures.listed(figure, ASKING, only={"program": "acme"})

    found = plans(database, everything)
    assert len(found) > 4 * len(FIGURES)
    for plan in found:
        assert "SCAN entries" not in plan
        assert "Seq Scan on entries" not in plan
    assert any("ix_entries_kind_at" in plan for plan in found)


def test_a_figure_that_holds_for_few_leads_does_not_read_all_of_a_program(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL knows how many rows an index has, and chooses by that")
    figures = SqlFigures(database)
    few = [one for one in FIGURES.values() if one.source is EXCEPTIONS]
    assert few
    for figure in few:
        (plan,) = plans(
            database,
            lambda figure=figure: figures.count([figure], ASKING, only={"program": "acme"}),  # type: ignore[misc]
        )
        assert "ix_standings_" in plan, figure.name
        assert "program=?" not in plan, figure.name
