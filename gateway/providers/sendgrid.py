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
REPLAY_SECONDS = 300.0
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
    "bounce": "email.bounced",
    "dropped": "email.bounced",
    "spamreport": "email.complained",
    "unsubscribe": "email.unsubscribed",
    "group_unsubscribe": "email.unsubscribed",
    "group_resubscribe": "email.resubscribed",
}


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
        if kind not in _TYPES:
            continue
        data: dict[str, Any] = {}
        if kind == "click":
            data["url"] = text(raw, "url")
        elif kind in ("bounce", "dropped"):
            # `blocked` is the receiver's policy; `dropped` is what SendGrid itself held back.
            hard = kind == "bounce" and text(raw, "type") != "blocked"
            status, said = text(raw, "status"), text(raw, "reason")
            data = bounce(hard=hard, status=status, diagnostic=said)
        yield ProviderReport(
            id=text(raw, "sg_event_id"),
            type=_TYPES[kind],
            message=text(raw, "smtp-id"),
            address=text(raw, "email"),
            at=instant(raw.get("timestamp")),
            data=data,
            machine=raw.get("sg_machine_open") is True,
        )
