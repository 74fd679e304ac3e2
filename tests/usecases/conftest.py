"""One real stack with every door of acting open, and the commands beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.sql.database import Database, open_database
from assembly.stack import Stack
from tests.cli.conftest import Leadflow, command, leadflow, stack_in_a_thread
from tests.gateway.stored_rows import CRM_SECRET
from tests.usecases.acting_doors import Alerted, Doors

__all__ = ["command", "leadflow"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("doors")
    with stack_in_a_thread(home, crm_secret=CRM_SECRET.get_secret_value()) as started:
        yield started


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    opened = open_database(stack.settings.database)
    yield opened
    opened.close()


@pytest.fixture
def doors(stack: Stack, database: Database, leadflow: Leadflow) -> Iterator[Doors]:
    """Every door of acting."""
    with Doors(stack, database, leadflow) as opened:
        yield opened


@pytest.fixture
def lead(doors: Doors) -> Alerted:
    """A new lead in stage mql whose owner was alerted."""
    return doors.alerted()
