"""How the gateway's connections are set up."""

from __future__ import annotations

import asyncio
import socket

from gateway.server import listening
from tests.waiting import until


async def test_small_answers_are_not_held_back_by_nagles_algorithm() -> None:
    listener = listening("127.0.0.1", 0)
    options: list[int] = []

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        options.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        await until(lambda: options)
        writer.close()
        await writer.wait_closed()
    assert options[0] != 0
