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

from adapters.delivery.refusal_words import Meaning
from adapters.delivery.refusals import judge
from gateway.providers.normalised import NotProvenError, ProviderReport, bounce, instant, text

_TYPES = {
    "Delivery": ("email.delivered", "DeliveredAt"),
    "Open": ("email.opened", "ReceivedAt"),
    "Click": ("email.clicked", "ReceivedAt"),
    "Bounce": ("email.bounced", "BouncedAt"),
    "SpamComplaint": ("email.complained", "BouncedAt"),
    "SubscriptionChange": ("email.unsubscribed", "ChangedAt"),
}
_BOUNCES: dict[str, tuple[str, Meaning | None]] = {
    "HardBounce": ("email.bounced", "dead"),
    "BadEmailAddress": ("email.bounced", "dead"),
    "SoftBounce": ("email.bounced", "passing"),
    "DnsError": ("email.bounced", "passing"),
    "Unknown": ("email.bounced", "passing"),
    "Blocked": ("email.bounced", "about_us"),
    "SpamNotification": ("email.bounced", "about_us"),
    "VirusNotification": ("email.bounced", "about_us"),
    "DMARCPolicy": ("email.bounced", "about_us"),
    "SpamComplaint": ("email.complained", None),
    "Unsubscribe": ("email.unsubscribed", None),
    "AutoResponder": ("email.replied", None),
}
"""What Postmark calls a bounce, and what it means. All other types say nothing of the address:
`Transient` is tried again, `Subscribe` is a request, `ManuallyDeactivated` is administration."""
_SUPPRESSIONS = {"HardBounce": "email.bounced", "SpamComplaint": "email.complained"}
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
    machine = False
    if kind == "Click":
        data["url"] = text(document, "OriginalLink")
    elif kind == "Bounce":
        found = _BOUNCES.get(text(document, "Type"))
        if found is None:
            return
        type_, meaning = found
        machine = type_ == "email.replied"
        if meaning is not None:
            data = _bounce(meaning, document)
    elif kind == "SubscriptionChange":
        wish = _changed(document)
        if wish is None:
            return
        type_ = wish
        data = {"kind": "hard", "status": ""} if wish == "email.bounced" else {}
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
        machine=machine,
        agent=text(document, "UserAgent") if document.get("UserAgent") else None,
    )


def _bounce(meaning: Meaning, document: Mapping[str, Any]) -> dict[str, str]:
    """A hard bounce whose own words are about us is none of the address."""
    said = text(document, "Details") or text(document, "Description")
    if meaning == "dead" and judge(said).meaning == "about_us":
        meaning = "about_us"
    return bounce(meaning, diagnostic=text(document, "Description"))


def _changed(document: Mapping[str, Any]) -> str | None:
    """What a change of Postmark's list means. A clerk's change, or a reactivation, is nothing."""
    if document.get("SuppressSending") is False:
        return None
    reason = text(document, "SuppressionReason")
    if reason in _SUPPRESSIONS:
        return _SUPPRESSIONS[reason]
    return "email.unsubscribed" if text(document, "Origin") in ("", "Recipient") else None
