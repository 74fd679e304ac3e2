"""Postmark's webhooks, which prove themselves by the login in their URL (basic auth).

https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook

There is no timestamp and no signature: whoever knows the login may report anything. So
the URL must be HTTPS, which a proxy in front of the gateway provides.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.providers.normalised import NotProvenError, ProviderReport, bounce, instant, text

_TYPES = {
    "Delivery": ("email.delivered", "DeliveredAt"),
    "Open": ("email.opened", "ReceivedAt"),
    "Click": ("email.clicked", "ReceivedAt"),
    "Bounce": ("email.bounced", "BouncedAt"),
    "SpamComplaint": ("email.complained", "BouncedAt"),
    "SubscriptionChange": ("email.unsubscribed", "ChangedAt"),
}
_HARD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated"})
EXAMPLE = {
    "RecordType": "SpamComplaint",
    "ID": 42,
    "Email": "ana@northwind.example",
    "BouncedAt": "2026-03-02T14:00:00Z",
    "Metadata": {"message-id": "0123456789abcdef@acme.example"},
}


def verify(login: str, headers: Mapping[str, str]) -> None:
    """Raise NotProvenError unless the request bears this `user:password`."""
    right = "Basic " + base64.b64encode(login.encode()).decode()
    given = headers.get("authorization", "")
    if not hmac.compare_digest(right.encode(), given.encode(errors="replace")):
        raise NotProvenError("its login is wrong")


def reports(document: Any) -> Iterator[ProviderReport]:
    """What one of Postmark's messages tells."""
    kind = text(document, "RecordType") if isinstance(document, Mapping) else ""
    if kind not in _TYPES:
        return
    type_, when = _TYPES[kind]
    data: dict[str, Any] = {}
    if kind == "Click":
        data["url"] = text(document, "OriginalLink")
    elif kind == "Bounce":
        data = bounce(
            hard=text(document, "Type") in _HARD, diagnostic=text(document, "Description")
        )
    elif kind == "SubscriptionChange" and document.get("SuppressSending") is False:
        type_ = "email.resubscribed"
    # Bounces have an id of their own; the others are known by message, kind and instant.
    identity = text(document, "ID") or f"{text(document, 'MessageID')}/{text(document, when)}"
    yield ProviderReport(
        id=f"{kind}/{identity}",
        type=type_,
        # Postmark's MessageID is its own; ours comes back as metadata, if it was given there.
        message=text(document, "Metadata", "message-id"),
        address=text(document, "Recipient") or text(document, "Email"),
        at=instant(text(document, when)),
        data=data,
    )
