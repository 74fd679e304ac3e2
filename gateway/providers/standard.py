"""Standard Webhooks, for every provider that has no scheme of its own here.

https://www.standardwebhooks.com; a body is one of our events, or a list of them, each with the
Message-ID of the mail (`message`) or the recipient (`email`) it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from gateway.providers.normalised import NotProvenError, ProviderReport, instant, text

EXAMPLE = {
    "type": "email.complained",
    "message": "0123456789abcdef@acme.example",
    "at": "2026-03-02T14:00:00Z",
}


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """The id of a message that was signed within five minutes. Raises NotProvenError."""
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise NotProvenError(str(error)) from None
    return headers["webhook-id"]


def reports(document: Any, identity: str) -> Iterator[ProviderReport]:
    """What a body tells."""
    for place, raw in enumerate(document if isinstance(document, list) else [document]):
        if not isinstance(raw, Mapping):
            continue
        data = raw.get("data")
        yield ProviderReport(
            id=text(raw, "id") or f"{identity}/{place}",
            type=text(raw, "type"),
            message=text(raw, "message"),
            address=text(raw, "email"),
            at=instant(text(raw, "at")),
            data=data if isinstance(data, Mapping) else {},
            machine=raw.get("machine") is True,
        )
