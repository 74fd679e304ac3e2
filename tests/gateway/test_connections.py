"""Connections of the server: small answers go at once, HEAD is answered, kept ones stay open."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from adapters.sql.database import Database
from gateway.requests.http_server import listening
from gateway.server import KEEP_ALIVE_SECONDS, serving
from tests.fakes import FakeActs
from tests.gateway.sales_keys import (
    RILEY,
    TEAMS,
    apply_directory,
    header,
    store_lead_for_each_person,
)
from usecases.context import Context


class _Leads(FakeActs):
    """Leads that get acts only."""

    async def enrol(self, *_: Any, **__: Any) -> bool:
        """Create a lead."""
        return True

    async def events(self, *_: Any) -> None:
        """Send events."""


@pytest.fixture
async def url(context: Context) -> AsyncIterator[str]:
    """Where the real server answers."""
    listener = listening("127.0.0.1", 0)
    async with serving(context, _Leads(), listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_small_answer_is_sent_at_once_on_an_accepted_connection() -> None:
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = writer.get_extra_info("socket")
        accepted.set_result(found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listening("127.0.0.1", 0)
    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(accepted, 10)
        writer.close()


def test_the_server_keeps_a_connection_longer_than_our_own_clients_do() -> None:
    pool = httpx.AsyncHTTPTransport()._pool  # where httpx keeps its default
    expiry = pool._keepalive_expiry
    assert expiry is not None
    assert expiry * 2 < KEEP_ALIVE_SECONDS


async def test_head_is_answered_as_get_is_but_without_the_body(
    url: str, database: Database
) -> None:
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    riley = header(database, "sales", RILEY)
    async with httpx.AsyncClient(base_url=url, headers=riley) as http:
        document = (await http.get("/openapi.json")).json()
        paths = [path for path, of in document["paths"].items() if "get" in of]
        paths = [one.replace("{lead}", "ana") for one in paths if "{" not in one or "{lead}" in one]
        paths += ["/openapi.json", "/desk", "/desk/sign-in", "/desk/team", "/desk/leads/ana"]
        paths += ["/desk/in/x", "/a/x", "/nothing"]
        assert {"/health", "/ready", "/v1/leads", "/v1/leads/ana"} <= set(paths)
        for path in paths:
            got = await http.get(path)
            head = await http.head(path)
            assert head.status_code == got.status_code != 405, path
            assert head.content == b"", path
            for name in ("content-length", "content-type", "location"):
                assert head.headers.get(name) == got.headers.get(name), (path, name)
        assert (await http.head("/v1/events")).status_code == 405


async def test_the_documents_of_the_interface_list_no_head(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    assert not [path for path, of in document["paths"].items() if "head" in of]
