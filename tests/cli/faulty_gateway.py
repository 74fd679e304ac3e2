"""A gateway that closes kept connections, answers 503, and answers too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.waiting import LIMIT


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request that was read whole."""

    method: str
    path: str
    body: str


Answer = str | int | tuple[int, str] | tuple[int, str, str]
"""`"close"`, `"silence"`, a status, a status with its page, or also with a header line."""


@dataclass
class FaultyGateway:
    """Answers by `faults` in order, then by `answer`. It is an HTTP/1.1 server of its own, since
    real ones can't be told to close a connection just as it is used."""

    answer: Callable[[ReceivedRequest], Answer]
    faults: list[Answer] = field(default_factory=list)
    asked: list[ReceivedRequest] = field(default_factory=list)
    url: str = ""
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None:
                self.asked.append(request)
                answer = self.faults.pop(0) if self.faults else self.answer(request)
                if answer == "close":
                    break
                if answer == "silence":
                    await reader.read()  # until the client gives up
                    break
                writer.write(_written(answer))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def faulty_gateway(
    answer: Callable[[ReceivedRequest], Answer], faults: Iterable[Answer] = ()
) -> AsyncIterator[FaultyGateway]:
    """The gateway, on a free port of loopback."""
    gateway = FaultyGateway(answer, list(faults))
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(LIMIT), server:
        yield gateway


async def _read(reader: asyncio.StreamReader) -> ReceivedRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head.split("\r\n", 1)[0].split(" ")
    lengths = [
        int(line.partition(":")[2])
        for line in head.split("\r\n")
        if line.lower().startswith("content-length:")
    ]
    body = await reader.readexactly(lengths[0]) if lengths else b""
    return ReceivedRequest(method, path, body.decode())


def _written(answer: Answer) -> bytes:
    status, page, header = (*answer, "", "")[:3] if isinstance(answer, tuple) else (answer, "", "")
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(str(page).encode())}"]
    if header:
        lines.append(str(header))
    return ("\r\n".join(lines) + "\r\n\r\n" + str(page)).encode()
