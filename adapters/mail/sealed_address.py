"""An address within a link: encrypted and authenticated, so that nobody reads or changes it.

AES-SIV (RFC 5297) gives the same text for the same address, so a mail that is rendered again is the
same mail.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

LONGEST = 600
"""Characters of a sealed address. An address has at most 254 characters (RFC 5321)."""


def seal(key: str, address: str, *, bound_to: str) -> str:
    """The address as text for a URL. It opens only together with the same `bound_to`."""
    sealed = _cipher(key).encrypt(address.encode(), [bound_to.encode()])
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(keys: Sequence[str], text: str, *, bound_to: str) -> str | None:
    """The address; None if none of these keys sealed it for this `bound_to`."""
    if len(text) > LONGEST:
        return None
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    for key in keys:
        try:
            return _cipher(key).decrypt(sealed, [bound_to.encode()]).decode()
        except (InvalidTag, ValueError):
            continue
    return None


def _cipher(key: str) -> AESSIV:
    return AESSIV(hashlib.sha256(f"leadflow sealed address\n{key}".encode()).digest())
