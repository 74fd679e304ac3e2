"""An RFC 6376 verifier on `cryptography` alone, independent of the signer's library.

It accepts what our mail may have: rsa-sha256, relaxed/relaxed, no `l=`. Anything else fails.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
_REQUIRED = {"v", "a", "b", "bh", "c", "d", "h", "s"}


def fields(message: bytes) -> list[tuple[str, bytes]]:
    """The header fields in order: name in lower case, raw value."""
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = list(_FIELD.finditer(head))
    assert b"".join(one[0] for one in found) == head, "the header has a line that is none"
    return [(one[1].decode().lower(), one[2]) for one in found]


def tags(value: bytes) -> dict[str, str]:
    """The tags of a DKIM-Signature (3.2), without white space; none may come twice."""
    pairs = [one.split("=", 1) for one in value.decode().split(";") if one.strip()]
    names = [name.strip() for name, _ in pairs]
    assert len(names) == len(set(names))
    return {name.strip(): re.sub(r"\s+", "", text) for name, text in pairs}


def relaxed_field(name: str, value: bytes) -> bytes:
    """A header field as it is signed (3.4.2)."""
    one_line = value.replace(b"\r\n", b"")
    return name.encode() + b":" + re.sub(rb"[ \t]+", b" ", one_line).strip(b" \t") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """A body as it is hashed (3.4.4)."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def signed_names(message: bytes) -> list[str]:
    """The names of `h=`, in order and as often as they stand there."""
    ((_, value),) = [one for one in fields(message) if one[0] == "dkim-signature"]
    return [name.lower() for name in tags(value)["h"].split(":")]


def verifies(message: bytes, key: rsa.RSAPublicKey, *, domain: str, selector: str) -> bool:
    """Whether the one signature of this message holds, by RFC 6376 section 6.1."""
    head = fields(message)
    ((_, value),) = [one for one in head if one[0] == "dkim-signature"]
    signature_tags = tags(value)
    assert set(signature_tags) >= _REQUIRED
    assert "l" not in signature_tags
    assert (signature_tags["v"], signature_tags["a"], signature_tags["c"]) == (
        "1",
        "rsa-sha256",
        "relaxed/relaxed",
    )
    assert (signature_tags["d"], signature_tags["s"]) == (domain, selector)
    body = message.partition(b"\r\n\r\n")[2]
    if b64decode(signature_tags["bh"]) != hashlib.sha256(relaxed_body(body)).digest():
        return False
    waiting: dict[str, list[bytes]] = {}
    for name, text in head:
        waiting.setdefault(name, []).append(text)
    signed = b""
    for name in (one.lower() for one in signature_tags["h"].split(":")):
        if waiting.get(name):  # the last one first (5.4.2); one too many stands for none
            signed += relaxed_field(name, waiting[name].pop())
    empty = re.sub(rb"(?<![a-z])b=[^;]*", b"b=", value, count=1)
    signed += relaxed_field("dkim-signature", empty)[:-2]
    try:
        key.verify(b64decode(signature_tags["b"]), signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def record(key: rsa.RSAPublicKey) -> str:
    """The TXT record that publishes a key (3.6.1)."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; p={b64encode(der).decode()}"
