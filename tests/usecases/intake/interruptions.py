"""A database that fails at its n-th change, wherever the change comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

_CHANGES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Interruption:
    """How far it came."""

    step: int
    happened: bool = False
    seen: int = 0


@contextmanager
def interrupted(step: int) -> Iterator[Interruption]:
    """Fail before the change or the commit with this number, counted from 1, and at all after it.

    So it goes on as after a crash: nothing more is written until the block ends.
    """
    state = Interruption(step)

    def count() -> None:
        state.seen += 1
        if state.seen >= step:
            state.happened = True
            raise OperationalError("interrupted by the test", None, RuntimeError("interrupted"))

    def before(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(_CHANGES):
            count()

    def commit(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("leadflow_writes"):
            count()

    sa.event.listen(Engine, "before_cursor_execute", before)
    sa.event.listen(Engine, "commit", commit)
    try:
        yield state
    finally:
        sa.event.remove(Engine, "before_cursor_execute", before)
        sa.event.remove(Engine, "commit", commit)
