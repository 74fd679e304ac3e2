"""How many connections are open and for how long, so that no client can block the gateway.

A connection costs a file descriptor, and a process has a limited number of them. Three rules hold:

- A request's head must come within ten seconds, its body within sixty.
- A client's address has at most 200 connections. One more closes the oldest of them that waits for
  its client; one whose request is being answered is never closed. So a client that opens many
  hurts itself, and a proxy that has many requests under way is not disturbed.
- All addresses together have as many as the process's descriptors allow, and at most 1,000.
"""

from __future__ import annotations

import asyncio
import resource
from collections import OrderedDict
from collections.abc import Callable, Hashable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.requests.throttle import network_of

HEAD_SECONDS = 10.0
BODY_SECONDS = 60.0
OF_ONE_ADDRESS = 200
_AT_MOST = 1_000
_LAST_SECONDS = 5.0
_RESERVED = 250
"""Descriptors for everything else: the database's pool, Temporal, mail, files."""


def most_connections() -> int:
    """How many connections this process may have, by its limit of open files."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return _AT_MOST
    return max(50, min(_AT_MOST, allowed - _RESERVED))


class OpenConnections:
    """The open connections of one listener, oldest first.

    `close` of the oldest that waits for its client is called to make room for a new one.
    """

    def __init__(
        self,
        most: int,
        *,
        of_one_address: int = OF_ONE_ADDRESS,
        head_seconds: float = HEAD_SECONDS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self.head_seconds = head_seconds
        self.body_seconds = body_seconds
        self._most = most
        self._of_one_address = of_one_address
        self._waiting: OrderedDict[Hashable, tuple[str, Callable[[], None]]] = OrderedDict()
        self._address: dict[Hashable, str] = {}
        self._count: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._address)

    def opened(self, one: Hashable, address: str, close: Callable[[], None]) -> bool:
        """Count a new connection, which waits for its client; False if there is no room for it."""
        if self._count.get(address, 0) >= self._of_one_address:
            self._make_room(address)
        if len(self._address) >= self._most and not self._make_room(None):
            return False
        self._address[one] = address
        self._count[address] = self._count.get(address, 0) + 1
        self._waiting[one] = (address, close)
        return True

    def waits(self, one: Hashable, close: Callable[[], None]) -> None:
        """Note that a connection waits for its client from now on."""
        if one in self._address:
            self._waiting[one] = (self._address[one], close)
            self._waiting.move_to_end(one)

    def works(self, one: Hashable) -> None:
        """Note that a connection's request is being answered: it is not closed to make room."""
        self._waiting.pop(one, None)

    def closed(self, one: Hashable) -> None:
        """Forget a connection."""
        self._waiting.pop(one, None)
        address = self._address.pop(one, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _make_room(self, address: str | None) -> bool:
        """Close the oldest that waits for its client, of this address or of all; False if none."""
        for one, (of, close) in self._waiting.items():
            if address is None or of == address:
                self.closed(one)
                close()
                return True
        return False


class _BoundedHttp(H11Protocol):
    """One connection to uvicorn, with the rules of `open_connections`."""

    open_connections: OpenConnections
    _timer: asyncio.TimerHandle | None = None
    _stage: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        super().connection_made(transport)
        address = network_of(self.client[0] if self.client else "")
        if self.open_connections.opened(self, address, self._end):
            self._watch()
        else:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self.open_connections.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()
        if self.conn.their_state is h11.IDLE:
            self._unwatch()  # nothing is asked yet: uvicorn's keep-alive says how long it may
            self._stage = None

    def _watch(self) -> None:
        """Limit what the client has to do next; a stage's time runs from its beginning."""
        stage = (self.conn.their_state, self.cycle)
        if stage == self._stage:
            return
        self._stage = stage
        self._unwatch()
        seconds = {
            h11.IDLE: self.open_connections.head_seconds,
            h11.SEND_BODY: self.open_connections.body_seconds,
        }.get(stage[0])
        if seconds is None:
            self.open_connections.works(self)
        else:
            self.open_connections.waits(self, self._end)
            self._timer = self.loop.call_later(seconds, self._end)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._unwatch()
        self.transport.close()
        # A client that does not read either gets no more time.
        self.loop.call_later(_LAST_SECONDS, self.transport.abort)


def bounded_http(connections: OpenConnections) -> type[asyncio.Protocol]:
    """What uvicorn is given as `http`, so that these rules hold."""
    return type("BoundedHttp", (_BoundedHttp,), {"open_connections": connections})
