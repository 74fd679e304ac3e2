from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from temporalio.service import RPCError

from adapters.embedded import HOST, EmbeddedServer, EmbeddedServerError
from adapters.temporal import TemporalUnavailableError, connect, connect_to, known_address
from settings import Settings


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


async def test_without_any_server_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemporalUnavailableError, match="make up"):
        await connect(Settings(home=tmp_path))
