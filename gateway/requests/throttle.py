"""Limits on requests: how many for each key, and how many wrong keys for each address.

Kept in memory, for each process by itself: it protects all other clients from one that sends
requests without end; it is no quota. Mail's own rates, which must be exact, are in the database.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.requests.problems import problem

_PATHS = "/v1/"
_MOST = 10_000
"""Names that are remembered; the one not asked about for longest is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """So many at once, and then so many a second."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one asker may do."""

    requests: Pace = Pace(burst=200, per_second=50)
    """Of one key. Who has more to send puts up to 1,000 items into a request."""
    wrong_keys: Pace = Pace(burst=20, per_second=1 / 3)
    """From one client address. Nobody mistypes a key more often, and guessing must not
    keep the database busy."""


LIMITS = Limits()


class PaceMeter:
    """The generic cell rate algorithm (ITU-T I.371), with a tolerance of a burst, by name."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._spacing = 1 / pace.per_second
        self._tolerance = (pace.burst - 1) * self._spacing
        self._clock = clock
        self._next: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str) -> float:
        """Seconds until it may; 0 if it may now, and then it is counted."""
        now = self._clock()
        at = max(self._next.get(name, now), now)
        wait = at - self._tolerance - now
        if wait > 0:
            return wait
        self._next[name] = at + self._spacing
        self._next.move_to_end(name)
        if len(self._next) > _MOST:
            self._next.popitem(last=False)
        return 0

    def left(self, name: str) -> tuple[int, float]:
        """How many it may now, and in how many seconds it may a whole burst again."""
        ahead = max(self._next.get(name, 0) - self._clock(), 0)
        return math.floor((self._tolerance + self._spacing - ahead) / self._spacing), ahead

    def give_back(self, name: str) -> None:
        """Uncount one."""
        if name in self._next:
            self._next[name] -= self._spacing


class Throttle:
    """Answers 429 to whoever asks too often, before anything is looked up (ASGI middleware)."""

    def __init__(
        self, app: ASGIApp, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._requests = PaceMeter(limits.requests, clock)
        pace = limits.requests
        window = math.ceil(pace.burst / pace.per_second)
        self._policy = f'"requests";q={pace.burst};w={window}'
        self._wrong = PaceMeter(limits.wrong_keys, clock)
        self._proven: OrderedDict[str, None] = OrderedDict()
        """Credentials that were good when last seen. Others' guesses don't hold them up, though
        they come from the same address: many share one behind a proxy."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = Headers(scope=scope).get("authorization", "") if scope["type"] == "http" else ""
        scheme, _, credentials = given.partition(" ")
        if not credentials.strip() or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        name = hashlib.sha256(credentials.strip().encode()).hexdigest()
        # Providers' webhooks prove themselves by other schemes, and come in floods after a mailing.
        limited = scheme.lower() == "bearer"
        await self._judged(name, scope, receive, send, limited=limited)

    async def _judged(
        self, name: str, scope: Scope, receive: Receive, send: Send, *, limited: bool
    ) -> None:
        """Serve it as a guess of a key, until it proves to be none."""
        proven, address = name in self._proven, _address(scope)

        async def with_left(message: Message) -> None:
            """Say what is left of the limit (draft-ietf-httpapi-ratelimit-headers-10)."""
            if limited and message["type"] == "http.response.start":
                left, whole = self._requests.left(name)
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = self._policy
                headers["RateLimit"] = f'"requests";r={left};t={math.ceil(whole)}'
            await send(message)

        wait = 0 if proven else self._wrong.take(address)
        if wait > 0:
            said = "too many wrong keys came from this address"
            await _too_often(wait, said)(scope, receive, send)
            return
        wait = self._requests.take(name) if limited else 0
        if wait > 0:
            await _too_often(wait, "this key asks too often")(scope, receive, with_left)
            return

        async def judging(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 401:
                    self._proven.pop(name, None)
                elif not proven:
                    self._wrong.give_back(address)
                if status < 300 or status == 403:  # else it may not have been looked at
                    self._remember(name)
            await with_left(message)

        await self._app(scope, receive, judging)

    def _remember(self, name: str) -> None:
        self._proven[name] = None
        self._proven.move_to_end(name)
        if len(self._proven) > _MOST:
            self._proven.popitem(last=False)


def _too_often(wait: float, said: str) -> ASGIApp:
    seconds = math.ceil(wait)
    return problem(429, f"{said}; ask again in {seconds} s", headers={"Retry-After": str(seconds)})


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(str(client[0]) if client else "")


def network_of(text: str) -> str:
    """A client's address; of IPv6 the network, for a client has all of its addresses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return text
    return str(ipaddress.ip_network((address, 64), strict=False))
