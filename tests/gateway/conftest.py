"""The gateway on a fresh SQLite database, called in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from adapters.files.program import read_program
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.programs import SqlPrograms
from gateway.app import build_app
from tests.fakes import FakeActs, FakeMailer
from tests.gateway.gateway_context import CONFIG, gateway_context
from usecases.context import Context

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def gateway_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gateway") / "template.db"
    migrate(f"sqlite:///{path}")
    database = open_database(f"sqlite:///{path}")
    SqlPrograms(database).publish(read_program(ROOT / "programs" / "acme.yaml"))
    database.close()
    return path


@pytest.fixture
def database(gateway_template: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "leadflow.db"
    path.write_bytes(gateway_template.read_bytes())
    database = open_database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def mailer() -> FakeMailer:
    """Collects the mails that the gateway itself sends."""
    return FakeMailer()


@pytest.fixture
def acts() -> FakeActs:
    """Collects the acts that are asked for."""
    return FakeActs()


@pytest.fixture
def context(database: Database, mailer: FakeMailer) -> Context:
    return gateway_context(database, mailer)


@pytest.fixture
async def http(context: Context, acts: FakeActs) -> AsyncIterator[httpx.AsyncClient]:
    """A client outside, without a key."""
    transport = httpx.ASGITransport(
        build_app(context, acts, config=CONFIG), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as one:
        yield one


@pytest.fixture
def key(database: Database) -> dict[str, str]:
    """A header with a key that may write leads and events."""
    made = SqlApiKeys(database).make("tests", ["leads:write", "events:write"])
    return {"Authorization": f"Bearer {made}"}
