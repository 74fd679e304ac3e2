"""A database from before the board: the migration fills in where each lead stands."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from adapters.sql.database import Database
from adapters.sql.lead_search import SqlLeadSearch
from models.tables.columns import table_of
from models.tables.search import INDEX, SearchedLead
from models.tables.standings import StandingRow
from tests.board.busy_program import play
from tests.desk.simulated_leads import SimulatedLeads
from usecases.context import Context

_S = table_of(StandingRow)
_W = table_of(SearchedLead)
_MIGRATIONS = (
    *("r0017_where_each_lead_stands", "r0023_how_the_desk_ranks_leads"),
    "r0031_search_over_all_leads",
)
_VERSIONS = Path(__file__).parents[2] / "deploy/migrations/versions"
_SINCE = ("step_since", "suppressed_since", "paused_since")
"""What older states do not say: the migration takes the lead's last turn."""


def rows(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as connection:
        return {row["lead"]: dict(row) for row in connection.execute(sa.select(_S)).mappings()}


def words(database: Database) -> dict[str, str]:
    """What the search knows of each lead."""
    with database.read() as connection:
        found = {row.lead: row.words for row in connection.execute(sa.select(_W))}
        assert set(connection.scalars(SqlLeadSearch(database).leads("ana"))) <= found.keys()
    return found


async def test_the_migration_finds_what_the_turns_wrote(
    leads: SimulatedLeads, context: Context, database: Database
) -> None:
    await play(leads, context)
    written, searched = rows(database), words(database)
    with database.write() as connection:
        for table in ("standings", "desk_views", INDEX, "lead_search"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        with Operations.context(MigrationContext.configure(connection)):
            for name in _MIGRATIONS:
                spec = importlib.util.spec_from_file_location(name, _VERSIONS / f"{name}.py")
                assert spec is not None
                assert spec.loader is not None
                migration = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(migration)
                migration.upgrade()
    assert searched == words(database)
    migrated = rows(database)
    assert migrated.keys() == written.keys()
    for lead, row in migrated.items():
        for name in _SINCE:
            now, then = row.pop(name), written[lead].pop(name)
            assert (now is None) == (then is None)
            assert now is None or now >= then
        assert row == written[lead]
