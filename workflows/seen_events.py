"""Which event ids a lead has seen: remembered for thirty days, and never more than a limit."""

from __future__ import annotations

import base64
import hashlib
import struct
from datetime import datetime, timedelta

KEPT_FOR = timedelta(days=30)
KEPT_AT_LEAST = 1_000
KEPT_AT_MOST = 50_000
"""A flood of more than this in thirty days forgets its oldest: about 800 kB when carried."""

_LINE = struct.Struct(">QI")


class Seen:
    """Ids of events as 8-byte hashes, oldest first, each with the instant it arrived."""

    def __init__(self, dumped: str = "") -> None:
        """Begin empty, or with what `dump` wrote."""
        self._at: dict[int, int] = dict(_LINE.iter_unpack(base64.b64decode(dumped)))

    def remember(self, event: str, at: datetime) -> bool:
        """Remember an id that arrives at `at`; whether it was remembered already."""
        digest = hashlib.sha256(event.encode(errors="surrogatepass")).digest()
        (name,) = struct.unpack(">Q", digest[:8])
        second = max(0, int(at.timestamp()))
        if name in self._at:
            return True
        self._at[name] = second
        self._forget(second - int(KEPT_FOR.total_seconds()))
        return False

    def _forget(self, before: int) -> None:
        while len(self._at) > KEPT_AT_LEAST:
            oldest = next(iter(self._at))
            if self._at[oldest] >= before and len(self._at) <= KEPT_AT_MOST:
                return
            del self._at[oldest]

    def join(self, others: Seen) -> None:
        """Remember what these remember, too."""
        both = {**others._at, **self._at}
        self._at = dict(sorted(both.items(), key=lambda one: one[1]))
        self._forget(max(self._at.values(), default=0) - int(KEPT_FOR.total_seconds()))

    def dump(self) -> str:
        """All of it as text, 16 characters an id."""
        return base64.b64encode(b"".join(_LINE.pack(*one) for one in self._at.items())).decode()
