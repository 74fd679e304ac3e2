"""A CRM on loopback that receives webhooks over real HTTP. The test sets its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
HANG = b""
"""No answer at all; the connection stays open."""


def http_answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class CrmDelivery:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def seq(self) -> int:
        return int(self.event["data"]["entry"]["seq"])


@dataclass
class Crm:
    """`behave` is asked first. If it gives None, the next of `answers` is sent, then 204."""

    url: str = ""
    deliveries: list[CrmDelivery] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    behave: Callable[[CrmDelivery], bytes | None] = lambda _delivery: None
    connections: int = 0

    @property
    def events(self) -> list[tuple[str, str]]:
        """The lead and type of each request, in order."""
        return [(one.event["subject"], one.event["type"]) for one in self.deliveries]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await _head(reader):
                first, *lines = head.decode().split("\r\n")
                pairs = (line.split(": ", 1) for line in lines)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                delivery = CrmDelivery(first.split()[1], headers, body)
                self.deliveries.append(delivery)
                reply = self.behave(delivery)
                if reply is None:
                    reply = self.answers.pop(0) if self.answers else TAKEN
                writer.write(reply)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n\r\n"))[:-4]
    except asyncio.IncompleteReadError:
        return b""


@asynccontextmanager
async def running_crm() -> AsyncIterator[Crm]:
    """A CRM that accepts everything, unless the test says otherwise."""
    crm = Crm()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(crm.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    crm.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?token=hush"
    try:
        yield crm
    finally:
        server.close()
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
