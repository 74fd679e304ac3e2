"""Amazon SES's events through SNS, signed with a certificate of Amazon's.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

SNS tries for an hour and signs only once, so its messages are believed for that long; an id that
was reported before has no second effect.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

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

REPLAY_SECONDS = 3_900.0
"""An hour of tries, and five minutes for clocks that differ."""
_AMAZONS = re.compile(r"https://sns\.[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)?/[\w./?=&%:-]*")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_TIMEOUT = 10.0
EXAMPLE = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:mail",
    "Message": '{"eventType": "Delivery", "mail": {}, "delivery": {}}',
    "Timestamp": "2026-03-02T14:00:00.000Z",
    "SignatureVersion": "2",
    "Signature": "EXAMPLEpH+...",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
}

Fetch = Callable[[str], bytes]


@lru_cache(maxsize=16)
def fetched(url: str) -> bytes:
    """What is at a URL of Amazon's; certificates are asked for once. Raises httpx.HTTPError."""
    return httpx.get(url, timeout=_TIMEOUT).raise_for_status().content


def verify(topics: tuple[str, ...], document: Any, fetch: Fetch) -> str:
    """The type of a message that Amazon signed for one of our topics. Raises NotProvenError."""
    if not isinstance(document, Mapping):
        raise NotProvenError("it is no message of SNS")
    kind = text(document, "Type")
    if text(document, "TopicArn") not in topics:
        raise NotProvenError("it is of no topic that is listened to")
    fresh(instant(text(document, "Timestamp")), REPLAY_SECONDS)
    url = text(document, "SigningCertURL")
    if not _AMAZONS.fullmatch(url) or not url.endswith(".pem"):
        raise NotProvenError("its certificate is not Amazon's")
    names = _NOTIFICATION if kind == "Notification" else _CONFIRMATION
    signed = "".join(f"{name}\n{text(document, name)}\n" for name in names if name in document)
    digest = hashes.SHA256() if text(document, "SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303 - SNS's version 1
    try:
        key = x509.load_pem_x509_certificate(fetch(url)).public_key()
        signature = base64.b64decode(text(document, "Signature"), validate=True)
        if not isinstance(key, RSAPublicKey):
            raise NotProvenError("its certificate is not Amazon's")
        key.verify(signature, signed.encode(), padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise NotProvenError("its signature is wrong") from error
    return kind


def confirm(document: Mapping[str, Any], fetch: Fetch) -> None:
    """Confirm a subscription, at Amazon and nowhere else. Raises NotProvenError."""
    url = text(document, "SubscribeURL")
    if not _AMAZONS.fullmatch(url):
        raise NotProvenError("it confirms at a host that is not Amazon's")
    fetch(url)


def reports(message: Any, identity: str) -> Iterator[ProviderReport]:
    """What the event within a notification tells; one for each recipient."""
    if not isinstance(message, Mapping):
        return
    kind = text(message, "eventType") or text(message, "notificationType")
    part = message.get(kind.lower())
    part = part if isinstance(part, Mapping) else {}
    common = {
        "message": text(message, "mail", "commonHeaders", "messageId"),
        "at": instant(text(part, "timestamp")),
    }
    if kind == "Bounce":
        for place, one in enumerate(_list(part, "bouncedRecipients")):
            address = text(one, "emailAddress")
            if text(part, "bounceSubType") == "UnsubscribedRecipient":
                yield _report(f"{identity}/{place}", "email.unsubscribed", address, {}, common)
                continue
            said = text(one, "diagnosticCode")
            data = bounce(_meaning(part, one), status=text(one, "status"), diagnostic=said)
            yield _report(f"{identity}/{place}", "email.bounced", address, data, common)
    elif kind == "Complaint" and text(part, "complaintFeedbackType") not in _NO_COMPLAINTS:
        for place, one in enumerate(_list(part, "complainedRecipients")):
            address = text(one, "emailAddress")
            yield _report(f"{identity}/{place}", "email.complained", address, {}, common)
    elif kind == "Subscription":
        wish = part.get("newTopicPreferences")
        if isinstance(wish, Mapping) and wish.get("unsubscribeAll") is True:
            yield _report(identity, "email.unsubscribed", "", {}, common)
    elif kind in ("Delivery", "Open", "Click"):
        type_ = {"Delivery": "delivered", "Open": "opened", "Click": "clicked"}[kind]
        data = {"url": text(part, "link")} if kind == "Click" else {}
        agent = text(part, "userAgent") if part.get("userAgent") else None
        yield _report(identity, f"email.{type_}", "", data, common | {"agent": agent})


_KNOWN_DEAD = re.compile(r"NoEmail|Suppressed|On\w+SuppressionList")
"""SES has a list for everybody, one an account, and one a tenant."""
_ABOUT_US = ("MessageTooLarge", "ContentRejected", "AttachmentRejected", "CustomTimeoutExceeded")
_NO_COMPLAINTS = ("not-spam", "auth-failure", "virus")


def _meaning(part: Mapping[str, Any], one: Mapping[str, Any]) -> Meaning:
    """What a bounce means, by its type and subtype; `Permanent`/`General` by its words."""
    subtype = text(part, "bounceSubType")
    if subtype in _ABOUT_US:
        return "about_us"
    if text(part, "bounceType") != "Permanent":
        return "passing"
    if _KNOWN_DEAD.fullmatch(subtype):
        return "dead"
    judged = judge(text(one, "diagnosticCode"), status=text(one, "status")).meaning
    return "about_us" if judged == "about_us" else "dead"


def _report(
    identity: str, type_: str, address: str, data: Mapping[str, Any], common: dict[str, Any]
) -> ProviderReport:
    return ProviderReport(id=identity, type=type_, address=address, data=data, **common)


def _list(part: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = part.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
