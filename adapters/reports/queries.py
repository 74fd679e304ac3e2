"""Running a query of a report, each in a read of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database


def rows(database: Database, query: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
    """The rows of a query, each a mapping from column to value."""
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def counts(database: Database, query: sa.Select[str, int]) -> dict[str, int]:
    """The rows of a query for names and numbers, as a mapping from name to number."""
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def text(column: sa.Column[Any], key: str) -> sa.ColumnElement[str]:
    """What a JSON column holds under a key, as text."""
    found: sa.ColumnElement[str] = column[key].as_string()
    return found
