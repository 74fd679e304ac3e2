"""The gateway as it runs in production: started, killed in the middle of a burst, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import migrate
from tests.server.child_processes import ROOT, Site, running_site
from tests.waiting import LIMIT, until

BURST = 600


def start_gateway(home: Path, temporal: str, **more: str) -> tuple[subprocess.Popen[bytes], Path]:
    log = home / f"gateway-{len(list(home.glob('gateway-*')))}.log"
    settings = {
        "TEMPORAL_ADDRESS": temporal,
        "LEADFLOW_HOME": str(home),
        "LEADFLOW_LOG_FORMAT": "json",
        "LEADFLOW_GATEWAY_PORT": "0",
        "LEADFLOW_INBOUND_PORT": "0",
        **more,
    }
    command = [sys.executable, "-m", "gateway"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=out, stderr=out
        )
    return process, log


async def read_url(log: Path) -> str:
    """The URL of a gateway, once it says where it listens."""

    def port_of_log() -> int | None:
        log_lines = [
            json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")
        ]
        ports = [one["http"] for one in log_lines if one["event"] == "gateway ready"]
        return ports[0] if ports else None

    return f"http://127.0.0.1:{await until(port_of_log, 30)}/v1/events"


async def post_events(site: Site, url: str) -> None:
    key = SqlApiKeys(site.database).make("burst", ["events:write"])
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=LIMIT) as http:
        for start in range(0, BURST, 100):
            events = [
                {"id": f"e{number}", "type": "page.viewed", "lead": "ana"}
                for number in range(start, start + 100)
            ]
            answer = await http.post(url, json={"events": events})
            assert answer.status_code == 202


async def test_an_accepted_burst_is_recorded_though_its_gateway_was_killed(tmp_path: Path) -> None:
    async with running_site(tmp_path) as site:
        await site.create_lead("ana")
        await until(lambda: site.entries_of("ana", "created"))
        first, log = start_gateway(tmp_path, site.server.address)
        try:
            await post_events(site, await read_url(log))
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
        second, log = start_gateway(tmp_path, site.server.address)
        try:
            await read_url(log)

            def all_recorded() -> bool:
                return len(site.entries_of("ana", "event")) >= BURST

            # What the first gateway had leased when it died is sent when the lease ends.
            await until(all_recorded, 180)
        finally:
            second.send_signal(signal.SIGTERM)
            assert second.wait(LIMIT) == 0
        recorded = [one["event"] for one in site.entries_of("ana", "event")]
        assert sorted(recorded) == sorted(f"e{number}" for number in range(BURST))


@pytest.mark.parametrize(
    ("settings", "status", "expected"),
    [
        ({}, 3, "does not answer at 127.0.0.1:1"),
        ({"LEADFLOW_GATEWAY_PORT": "many"}, 2, "gateway_port"),
    ],
)
def test_a_gateway_that_can_not_start_says_why(
    tmp_path: Path, settings: dict[str, str], status: int, expected: str
) -> None:
    migrate(f"sqlite:///{tmp_path}/leadflow.db")
    process, log = start_gateway(tmp_path, "127.0.0.1:1", **settings)
    assert process.wait(LIMIT) == status
    assert expected in log.read_text()
    assert "Traceback" not in log.read_text()
