"""A database that fails at its n-th change, whichever connection the change comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from adapters.sql.database import Database

_CHANGES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Interruption:
    """How many changes were made, and whether one was interrupted."""

    step: int
    happened: bool = False
    seen: int = 0


@contextmanager
def interrupted(database: Database, step: int) -> Iterator[Interruption]:
    """Fail before the change or the commit with this number, counted from 1, and at all after it.

    So it goes on as after a crash: nothing more is written until the block ends. A door may open
    the database itself, so every engine is watched. Changes of other databases are not counted:
    another test's gateway may still run in this process.
    """
    state = Interruption(step)

    def count(connection: sa.Connection) -> None:
        if connection.engine.url != database.engine.url:
            return
        state.seen += 1
        if state.seen >= step:
            state.happened = True
            raise OperationalError("interrupted by the test", None, RuntimeError("interrupted"))

    def before(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(_CHANGES):
            count(connection)

    def commit(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("leadflow_writes"):
            count(connection)

    sa.event.listen(Engine, "before_cursor_execute", before)
    sa.event.listen(Engine, "commit", commit)
    try:
        yield state
    finally:
        sa.event.remove(Engine, "before_cursor_execute", before)
        sa.event.remove(Engine, "commit", commit)
