"""An item answered with 202 is stored, also if the gateway is killed while it answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from tests.gateway.stored_rows import intake_bodies, store_lead
from tests.waiting import LIMIT, until

_SERVER = """
import sys, uvicorn
from gateway.app import build_app
from assembly.context import open_context
from assembly.settings import Settings
from tests.fakes import FakeActs, FakeMailer
with open_context(Settings(), FakeMailer()) as context:
    uvicorn.run(build_app(context, FakeActs()), port=int(sys.argv[1]), log_level="error")
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def gateway(database: Database, port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "LEADFLOW_HOME": str(tmp_path),
        "LEADFLOW_DATABASE_URL": f"sqlite:///{database.file}",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(port)],
        env={**os.environ, **settings},
        cwd=Path(__file__).parents[2],
    )
    yield process
    process.kill()
    process.wait()


async def test_a_gateway_that_is_killed_after_its_answer_has_lost_nothing(
    database: Database, gateway: subprocess.Popen[bytes], port: int
) -> None:
    store_lead(database)
    made = SqlApiKeys(database).make("tests", ["events:write"])
    events = [{"id": f"e{n}", "type": "page.viewed", "lead": "ana"} for n in range(1_000)]

    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {made}"}, timeout=LIMIT
    ) as http:

        async def up() -> bool:
            try:
                return (await http.get(f"http://127.0.0.1:{port}/health")).is_success
            except httpx.TransportError:
                return False

        await until(up)
        answer = await http.post(f"http://127.0.0.1:{port}/v1/events", json={"events": events})
        gateway.send_signal(signal.SIGKILL)
    assert answer.status_code == 202
    gateway.wait()
    assert [one["id"] for one in intake_bodies(database)] == [one["id"] for one in events]
