"""SendGrid's event webhook, signed by ECDSA over the timestamp and the raw body.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

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

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
REPLAY_SECONDS = 90_000.0
"""SendGrid repeats a message for 24 hours; an event that was reported before has no effect."""
EXAMPLE = [
    {
        "event": "bounce",
        "sg_event_id": "ZGVtbw",
        "email": "ana@northwind.example",
        "smtp-id": "<0123456789abcdef@acme.example>",
        "timestamp": 1772460000,
        "status": "5.1.1",
    }
]

_TYPES = {
    "delivered": "email.delivered",
    "open": "email.opened",
    "click": "email.clicked",
    "spamreport": "email.complained",
    "unsubscribe": "email.unsubscribed",
    "group_unsubscribe": "email.unsubscribed",
}


_DROPPED: dict[str, tuple[str, dict[str, str]]] = {
    "bounced address": ("email.bounced", {"kind": "hard", "status": ""}),
    "invalid": ("email.bounced", {"kind": "hard", "status": ""}),
    "unsubscribed address": ("email.unsubscribed", {}),
    "spam reporting address": ("email.complained", {}),
}
"""What SendGrid held back because of the address. All other reasons are about us: our quota, our
header, what the letter says."""
_CLASSES: dict[str, Meaning] = {
    "invalid address": "dead",
    "mailbox unavailable": "passing",
    "technical": "passing",
    "content": "about_us",
    "reputation": "about_us",
    "frequency or volume too high": "about_us",
    "frequency/volume": "about_us",
}
"""SendGrid's own classification. `Unclassified`, or none, is judged by the words."""


def verify(public_key: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise NotProvenError unless SendGrid signed this body a moment ago."""
    stamp = headers.get(_TIMESTAMP, "")
    fresh(instant(int(stamp)) if stamp.isascii() and stamp.isdigit() else None, REPLAY_SECONDS)
    try:
        key = load_der_public_key(base64.b64decode(public_key))
        signature = base64.b64decode(headers.get(_SIGNATURE, ""), validate=True)
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise NotProvenError("its signature can't be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise NotProvenError("the key is not one of SendGrid's")
    try:
        key.verify(signature, stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise NotProvenError("its signature is wrong") from None


def reports(document: Any) -> Iterator[ProviderReport]:
    """What a batch of SendGrid's events tells."""
    for raw in document if isinstance(document, list) else [document]:
        kind = text(raw, "event") if isinstance(raw, Mapping) else ""
        found = _meant(kind, raw) if kind else None
        if found is None:
            continue
        type_, data = found
        yield ProviderReport(
            id=text(raw, "sg_event_id"),
            type=type_,
            message=text(raw, "smtp-id"),
            address=text(raw, "email"),
            at=instant(raw.get("timestamp")),
            data=data,
            machine=raw.get("sg_machine_open") is True,
            agent=text(raw, "useragent") if raw.get("useragent") else None,
        )


def _meant(kind: str, raw: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The type and data of an event; None where it says nothing about the lead."""
    if kind == "dropped":
        return _DROPPED.get(text(raw, "reason").lower().strip())
    if kind == "bounce":
        status, said = text(raw, "status"), text(raw, "reason")
        meaning = _CLASSES.get(text(raw, "bounce_classification").lower())
        meaning = meaning or judge(said, status=status).meaning
        if meaning == "dead" and text(raw, "type") == "blocked":
            meaning = "passing"
        return "email.bounced", bounce(meaning, status=status, diagnostic=said)
    if kind not in _TYPES:
        return None
    return _TYPES[kind], {"url": text(raw, "url")} if kind == "click" else {}
