"""The stable hash: the same share of leads, whatever the machine, the day or the order."""

from __future__ import annotations

import hashlib
from fractions import Fraction

_WHOLE = 2**64


def stable_hash(*parts: str) -> Fraction:
    """Hash texts to an exact number from 0 up to, not including, 1.

    The first 8 bytes of the SHA-256 of the parts joined by newlines, divided by 2^64
    (docs/language.md section 5).
    """
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return Fraction(int.from_bytes(digest[:8], "big"), _WHOLE)


def lead_id(email: str) -> str:
    """Derive the id of a lead from its e-mail address: 16 hex digits."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]


def short_hash(text: str) -> str:
    """16 hex digits that stand for a longer text, such as an act's id."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
