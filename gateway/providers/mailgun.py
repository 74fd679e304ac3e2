"""Mailgun's webhooks, signed by HMAC-SHA256 over timestamp and token.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks

The signature does not cover the event, so a token counts once: a replay bears an old one. Each
process remembers the tokens of the last minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.providers.normalised import (
    NotProvenError,
    ProviderReport,
    bounce,
    fresh,
    instant,
    text,
)

REPLAY_SECONDS = 300.0
EXAMPLE = {
    "signature": {"timestamp": "1772460000", "token": "a8ce0edb2d", "signature": "d2271d12299f"},
    "event-data": {
        "event": "delivered",
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": 1772460000.0,
        "recipient": "ana@northwind.example",
        "message": {"headers": {"message-id": "0123456789abcdef@acme.example"}},
    },
}

_TYPES = {
    "delivered": "email.delivered",
    "opened": "email.opened",
    "clicked": "email.clicked",
    "failed": "email.bounced",
    "complained": "email.complained",
    "unsubscribed": "email.unsubscribed",
}


class Tokens:
    """The tokens that were seen as long as they would be believed."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def take(self, token: str) -> None:
        """Note a token. Raises NotProvenError for one that was seen."""
        now = time.monotonic()
        while self._seen and (oldest := next(iter(self._seen))):
            if now - self._seen[oldest] <= 2 * REPLAY_SECONDS:
                break
            del self._seen[oldest]
        if token in self._seen:
            raise NotProvenError("its token was used before")
        self._seen[token] = now

    def give_back(self, token: str) -> None:
        """Forget a token whose message could not be stored, so that Mailgun may send it again."""
        self._seen.pop(token, None)


def verify(signing_key: str, document: Any) -> str:
    """The token of a message that Mailgun signed a moment ago. Raises NotProvenError."""
    if not isinstance(document, Mapping):
        raise NotProvenError("it bears no signature")
    stamp, token = (text(document, "signature", name) for name in ("timestamp", "token"))
    fresh(instant(int(stamp)) if stamp.isascii() and stamp.isdigit() else None, REPLAY_SECONDS)
    right = hmac.new(signing_key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    given = text(document, "signature", "signature")
    if not token or not hmac.compare_digest(right.encode(), given.encode(errors="replace")):
        raise NotProvenError("its signature is wrong")
    return token


def reports(document: Any) -> Iterator[ProviderReport]:
    """What one of Mailgun's messages tells."""
    raw = document.get("event-data") if isinstance(document, Mapping) else None
    kind = text(raw, "event") if isinstance(raw, Mapping) else ""
    if not isinstance(raw, Mapping) or kind not in _TYPES:
        return
    data: dict[str, Any] = {}
    if kind == "clicked":
        data["url"] = text(raw, "url")
    elif kind == "failed":
        code = text(raw, "delivery-status", "enhanced-code")
        said = text(raw, "delivery-status", "message")
        data = bounce(hard=text(raw, "severity") == "permanent", status=code, diagnostic=said)
    yield ProviderReport(
        id=text(raw, "id"),
        type=_TYPES[kind],
        message=text(raw, "message", "headers", "message-id"),
        address=text(raw, "recipient"),
        at=instant(raw.get("timestamp")),
        data=data,
        machine=text(raw, "client-info", "bot") != "",
    )
