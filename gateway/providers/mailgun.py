"""Mailgun's webhooks, signed by HMAC-SHA256 over timestamp and token.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks

The signature does not cover the event, so a token counts once: a replay bears an old one. Each
process remembers the tokens of what it stored. 406 tells Mailgun to stop; after every other
refusal it tries again for eight hours.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.delivery.refusal_words import Meaning
from adapters.delivery.refusals import judge
from gateway.providers.normalised import (
    NotProvenError,
    ProviderReport,
    bounce,
    fresh,
    instant,
    text,
)

REPLAY_SECONDS = 30_000.0
"""Mailgun repeats a message for eight hours, with the same signature."""
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
    "complained": "email.complained",
    "unsubscribed": "email.unsubscribed",
}


_HELD_BACK: dict[str, tuple[str, dict[str, str]]] = {
    "suppress-bounce": ("email.bounced", {"kind": "hard", "status": ""}),
    "suppress-complaint": ("email.complained", {}),
    "suppress-unsubscribe": ("email.unsubscribed", {}),
}
"""What Mailgun did not try because of the address."""


class SpentTokenError(Exception):
    """The message of this token was stored already, so it need not be sent again."""


class Tokens:
    """The tokens of stored messages, for as long as they would be accepted."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}

    def check(self, token: str) -> None:
        """Raise SpentTokenError for a token that was spent."""
        if token in self._spent:
            raise SpentTokenError

    def spend(self, token: str) -> None:
        """Note a token once its message is stored: what fails before may be sent again."""
        now = time.monotonic()
        while self._spent and (oldest := next(iter(self._spent))):
            if now - self._spent[oldest] <= 2 * REPLAY_SECONDS:
                break
            del self._spent[oldest]
        self._spent[token] = now


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
    found = _meant(kind, raw) if isinstance(raw, Mapping) else None
    if found is None or not isinstance(raw, Mapping):
        return
    type_, data = found
    agent = text(raw, "client-info", "user-agent")
    yield ProviderReport(
        id=text(raw, "id"),
        type=type_,
        message=text(raw, "message", "headers", "message-id"),
        address=text(raw, "recipient"),
        at=instant(raw.get("timestamp")),
        data=data,
        # Gmail's proxy loads an image when a person opens the mail, as with our own links.
        machine=text(raw, "client-info", "bot") not in ("", "gmail"),
        agent=agent or None,
    )


def _meant(kind: str, raw: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The type and data of an event; None where it says nothing about the lead."""
    if kind == "failed":
        reason = text(raw, "reason")
        if reason in _HELD_BACK:
            return _HELD_BACK[reason]
        status = text(raw, "delivery-status", "enhanced-code")
        said = text(raw, "delivery-status", "message")
        said = said or text(raw, "delivery-status", "description")
        code = text(raw, "delivery-status", "code")
        permanent = text(raw, "severity") == "permanent"
        answer = int(code) if code.isdecimal() else None
        meaning: Meaning = "dead" if permanent else "passing"
        if status or said or answer:
            meaning = judge(said, status=status, code=answer).meaning
        if reason == "espblock":
            meaning = "about_us"
        elif meaning == "dead" and not permanent:
            meaning = "passing"
        return "email.bounced", bounce(meaning, status=status, diagnostic=said)
    if kind not in _TYPES:
        return None
    return _TYPES[kind], {"url": text(raw, "url")} if kind == "clicked" else {}
