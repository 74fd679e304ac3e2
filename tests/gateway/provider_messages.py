"""Messages of mail providers, with the signature that each provider makes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from standardwebhooks import Webhook

from gateway.config import ProviderSecrets
from tests.gateway.stored_rows import WEBHOOK_SECRET

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses"
SENDGRID = ec.generate_private_key(ec.SECP256R1())
AMAZON = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEM_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(AMAZON.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(AMAZON, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def provider_secrets() -> ProviderSecrets:
    """The secrets of all providers."""
    public = SENDGRID.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return ProviderSecrets(
        sendgrid_public_key=base64.b64encode(public).decode(),
        mailgun_signing_key=SecretStr("mailgun-key"),
        postmark_login=SecretStr("post:mark"),
        ses_topics=(TOPIC,),
        webhook_secret=WEBHOOK_SECRET,
    )


def by_sendgrid(document: Any, ago: float = 0) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(document).encode()
    stamp = str(int(datetime.now(UTC).timestamp() - ago))
    signature = SENDGRID.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return body, {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }


def by_mailgun(document: Any, ago: float = 0, token: str = "t1") -> tuple[bytes, dict[str, str]]:  # noqa: S107 - no secret
    stamp = str(int(datetime.now(UTC).timestamp() - ago))
    right = hmac.new(b"mailgun-key", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": stamp, "token": token, "signature": right}
    return json.dumps({"signature": signature, "event-data": document}).encode(), {}


def by_postmark(document: Any) -> tuple[bytes, dict[str, str]]:
    login = base64.b64encode(b"post:mark").decode()
    return json.dumps(document).encode(), {"Authorization": f"Basic {login}"}


def by_ses(
    message: Any, ago: float = 0, version: str = "2", **changes: str
) -> tuple[bytes, dict[str, str]]:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    document = {
        "Type": "Notification",
        "MessageId": "m1",
        "TopicArn": TOPIC,
        "Message": json.dumps(message),
        "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": version,
        "SigningCertURL": PEM_URL,
    } | changes
    confirms = document["Type"] != "Notification"
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if confirms:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    kind = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - SNS's version 1
    signature = AMAZON.sign(signed.encode(), padding.PKCS1v15(), kind)
    document["Signature"] = base64.b64encode(signature).decode()
    return json.dumps(document).encode(), {}


def by_standard_webhooks(document: Any, ago: float = 0) -> tuple[bytes, dict[str, str]]:
    body = document.decode() if isinstance(document, bytes) else json.dumps(document)
    at = datetime.now(UTC) - timedelta(seconds=ago)
    signature = Webhook(WEBHOOK_SECRET.get_secret_value()).sign("w1", at, body)
    stamp = str(int(at.timestamp()))
    return body.encode(), {
        "webhook-id": "w1",
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
    }
