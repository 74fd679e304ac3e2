from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from temporalio.service import RPCError

from adapters.temporal.client import TemporalUnavailableError
from adapters.temporal.connection import connect, connect_to, known_address
from adapters.temporal.embedded import HOST, EmbeddedServer, EmbeddedServerError
from assembly.settings import Settings


async def test_a_port_in_use_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(EmbeddedServerError, match=rf"port {port}.* in use.*--port"):
            EmbeddedServer(tmp_path, port=port, ui_port=0)


async def test_a_server_is_found_by_its_folder_and_gone_when_it_stops(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path, port=0, ui_port=0) as server:
        assert known_address(tmp_path) == server.address
        client = await connect(Settings(home=tmp_path))
        assert client.namespace == "default"
        with pytest.raises(EmbeddedServerError, match="runs already"):
            EmbeddedServer(tmp_path, port=0, ui_port=0)
        pid = server.pid
        assert pid is not None
    assert known_address(tmp_path) is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises((TemporalUnavailableError, RPCError)):
        await connect_to(server.address)


async def test_without_any_server_the_remedy_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TemporalUnavailableError, match="make up"):
        await connect(Settings(home=tmp_path))


_KILLED_STARTER = """
import asyncio, os, pathlib, signal, sys
from adapters.temporal.embedded import EmbeddedServer

async def start():
    await EmbeddedServer(pathlib.Path(sys.argv[1]), port=0, ui_port=0).start()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(start())
"""


async def test_a_server_whose_starter_was_killed_is_replaced_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED_STARTER, str(tmp_path)]
    starter = await asyncio.create_subprocess_exec(*command)
    assert await starter.wait() == -signal.SIGKILL
    left = known_address(tmp_path)
    assert left is not None
    async with EmbeddedServer(tmp_path, port=0, ui_port=0) as server:
        assert known_address(tmp_path) == server.address
    with pytest.raises((TemporalUnavailableError, RPCError)):
        await connect_to(left)


async def test_a_server_that_ends_at_once_is_started_again_and_then_reported(
    tmp_path: Path,
) -> None:
    server = EmbeddedServer(tmp_path, port=0, ui_port=0, options=["--no-such-option"])
    with pytest.raises(EmbeddedServerError, match=r"3 times.*no-such-option"):
        await server.start()
    assert (tmp_path / "temporal.log").read_text().count("Usage:") == 3
    assert server.pid is None
