"""Idle connections: how long they stay open, and which are closed when there are many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import pytest
import uvicorn

from gateway.requests.connections import OpenConnections, bounded_http
from gateway.requests.http_server import listening
from tests.waiting import until

HEAD = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


class Answering:
    """An application that answers at once, or on the path /slow when the test allows it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body", False):
            pass
        if scope["path"] == "/slow":
            self.asked.set()
            await self.goes_on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def serve_app(open_: OpenConnections, app: Answering) -> AsyncIterator[int]:
    """The port of a server with these connections' rules."""
    with listening("127.0.0.1", 0) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, http=bounded_http(open_), lifespan="off", log_config=None)
        )
        server.capture_signals = open_signals  # type: ignore[method-assign]  # pytest's are its own
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        yield listener.getsockname()[1]
        server.should_exit = True
        await running


def open_signals() -> Any:
    return nullcontext()


async def open_connection(
    port: int, sent: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def read_status_line(port: int, path: bytes = b"") -> bytes:
    """The status line of an answer; empty if the connection is closed without one."""
    reader, writer = await open_connection(port, HEAD % path)
    try:
        return await reader.readline()
    finally:
        writer.close()


@pytest.mark.parametrize("expected", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_connection_without_a_whole_head_is_closed(expected: bytes) -> None:
    open_ = OpenConnections(10, head_seconds=0.1)
    async with serve_app(open_, Answering()) as port:
        reader, writer = await open_connection(port, expected)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
        await until(lambda: len(open_) == 0)


async def test_a_body_that_does_not_come_ends_its_connection() -> None:
    async with serve_app(OpenConnections(10, body_seconds=0.1), Answering()) as port:
        sent = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhal"
        reader, writer = await open_connection(port, sent)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_a_kept_connection_may_be_used_again_and_only_then_has_a_limit() -> None:
    async with serve_app(OpenConnections(10, head_seconds=0.2), Answering()) as port:
        reader, writer = await open_connection(port, HEAD % b"")
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.4)  # longer than a head may take
        writer.write(HEAD % b"")
        assert b"204" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET / HT")
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_a_new_connection_finds_room_beside_many_idle_ones() -> None:
    open_ = OpenConnections(20, of_one_address=20)
    async with serve_app(open_, Answering()) as port:
        idle = [await open_connection(port, b"GET / HT") for _ in range(60)]
        assert b"204" in await read_status_line(port)
        assert len(open_) <= 20
        for _, writer in idle:
            writer.close()


async def test_a_request_that_is_being_answered_is_not_closed_to_make_room() -> None:
    open_, app = OpenConnections(3, of_one_address=3), Answering()
    async with serve_app(open_, app) as port:
        slow = asyncio.create_task(read_status_line(port, b"slow"))
        await app.asked.wait()
        idle = [await open_connection(port) for _ in range(9)]
        assert b"204" in await read_status_line(port)
        app.goes_on.set()
        assert b"204" in await slow
        for _, writer in idle:
            writer.close()


async def test_a_new_connection_is_refused_when_all_connections_are_busy() -> None:
    open_, app = OpenConnections(1), Answering()
    async with serve_app(open_, app) as port:
        slow = asyncio.create_task(read_status_line(port, b"slow"))
        await app.asked.wait()
        assert await read_status_line(port) == b""
        app.goes_on.set()
        assert b"204" in await slow
        await until(lambda: len(open_) == 0)


def test_an_address_with_many_connections_closes_its_own_and_no_other_s() -> None:
    closed: list[str] = []
    open_ = OpenConnections(10, of_one_address=2)
    for name, address in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a")):
        assert open_.opened(name, address, lambda name=name: closed.append(name))  # type: ignore[misc]
    assert (closed, len(open_)) == (["a1"], 3)
    open_.works("a2")
    assert open_.opened("a4", "a", lambda: closed.append("a4"))
    assert closed == ["a1", "a3"]


def test_an_address_whose_requests_are_all_answered_may_have_more() -> None:
    open_ = OpenConnections(10, of_one_address=1)
    for number in range(3):  # a proxy with many requests under way
        assert open_.opened(number, "proxy", lambda: None)
        open_.works(number)
    assert len(open_) == 3
