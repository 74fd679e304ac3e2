"""Many SMTP connections from one address: the twenty-first is asked to come again later."""

from __future__ import annotations

import asyncio

from tests.waiting import until


async def _greeting(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.readline()


async def test_an_address_has_twenty_connections_and_more_when_one_ends(port: int) -> None:
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    assert all([(await _greeting(reader)).startswith(b"220") for reader, _ in held])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await _greeting(reader)).startswith(b"421 4.7.0")
    assert await reader.read() == b""
    writer.close()
    held[0][1].close()

    async def welcome() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        greeted = (await _greeting(reader)).startswith(b"220")
        writer.close()
        return greeted

    await until(welcome)
    for _, one in held[1:]:
        one.close()
