"""No page of the board reads the whole timeline: by the plans of its queries, on both databases."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from adapters.files.program import read_program
from adapters.sql.database import Database
from gateway.app import build_app
from models.directory import Directory
from tests.board.busy_program import play
from tests.desk.simulated_leads import (
    KIM,
    PEOPLE,
    DeskBrowser,
    MovableClock,
    SimulatedLeads,
    sign_in_browser,
)
from tests.fakes import FakeMailer
from tests.gateway.gateway_context import gateway_context
from tests.gateway.stored_rows import NOW

PAGES = (
    *("/board", "/board/programs/acme", "/board/not-moving", "/board/programs/acme/not-moving"),
    *("/board/programs/acme/change", "/board/changes", "/board/leads?q=ana", "/board/leads/ana"),
    *("/board/launches", "/board/lists/leads"),
)
TIMELINE = "entries"


@contextmanager
def selects_of(database: Database) -> Iterator[dict[str, Any]]:
    """The queries that are made while the block runs, with their parameters."""
    found: dict[str, Any] = {}

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            found.setdefault(statement, parameters)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(database.engine, "before_cursor_execute", note)


def scans(database: Database, statement: str, parameters: Any) -> list[str]:
    """The steps of a query's plan that read the whole timeline."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [row.detail for row in plan if row.detail.startswith(f"SCAN {TIMELINE}")]
        # A table of a few rows is always scanned, unless there is another way.
        connection.exec_driver_sql("SET enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        return [
            node["Node Type"]
            for node in nodes(plan.scalar_one()[0]["Plan"])
            if node.get("Relation Name") == TIMELINE and reads_all(node)
        ]


def reads_all(node: dict[str, Any]) -> bool:
    """Whether a step of PostgreSQL's plan reads a whole table, or a whole index of it."""
    kind = node["Node Type"]
    return kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in node)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All steps of a plan of PostgreSQL."""
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


async def test_no_query_of_any_page_or_list_reads_the_whole_timeline(database: Database) -> None:
    clock = MovableClock(NOW)
    context = replace(gateway_context(database, FakeMailer()), now=clock)
    context.people.apply(Directory.model_validate(PEOPLE))
    acme = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
    context.programs.publish(acme)
    leads = SimulatedLeads(context, acme, clock)
    await play(leads, context)
    transport = httpx.ASGITransport(build_app(context, leads))
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as http:
        board: DeskBrowser = sign_in_browser(http, context, KIM)
        with selects_of(database) as made:
            lists: dict[str, str] = {}
            for page in PAGES:
                answer = await board.open(page)
                assert answer.status_code == 200, page
                for path in re.findall(r'href="(/board/lists/[^"]+)"', answer.text):
                    lists.setdefault(path.partition("?")[0], html.unescape(path))
            for path in lists.values():
                assert (await board.open(path)).status_code == 200, path
    assert any(TIMELINE in one for one in made)
    found = {one: steps for one, more in made.items() if (steps := scans(database, one, more))}
    assert found == {}
    assert scans(database, "SELECT count(fields) FROM entries", ())
