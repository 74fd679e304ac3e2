"""Domains with letters beyond ASCII, as servers and as people write them (IDNA 2008, RFC 5891).

Python's own codec is of 2003: it takes `straße.example` for `strasse.example`, which belongs to
somebody else.
"""

from __future__ import annotations

import idna


def ascii_domain(domain: str) -> str:
    """The domain as servers know it. Raises ValueError for one that can't be."""
    if domain.isascii():
        return domain
    return idna.encode(domain, uts46=True).decode("ascii")


def readable_domain(domain: str) -> str:
    """The domain as people know it; as it is where that can't be said."""
    try:
        return idna.decode(domain) if "xn--" in domain.lower() else domain
    except idna.IDNAError:
        return domain
