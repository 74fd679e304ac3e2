"""Values that are safe in a mail's headers, whoever wrote them."""

from __future__ import annotations

import re
import unicodedata
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import Message
from functools import lru_cache

from models.domains import ascii_domain

_NAME_SPECIALS = re.compile(r'[()<>\[\]:;@\\,"=?]')
_ADDRESS = re.compile(r"[^\s<>,;\"()\[\]\\@]+@[^\s<>,;\"()\[\]\\@]+")


def one_line(text: str) -> str:
    """The text on one line, without control characters.

    `=?` is taken apart: Python's e-mail package decodes such words when a header is set, and
    a line break in one would begin a new header.
    """
    # Nearly all text is plain; looking at every letter of it costs more than the rest.
    plain = text.isascii() and text.isprintable()
    spaced = text if plain else "".join(_harmless(letter) for letter in text)
    return " ".join(spaced.split()).replace("=?", "= ?")


def _harmless(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "�" if category == "Cs" else letter


@lru_cache(maxsize=4096)
def only_address(text: str) -> Address:
    """The one address in `Name <local@domain>`; an international domain in its ASCII form.

    Raises ValueError where there is none or more than one.
    """
    try:
        found = policy.SMTP.header_factory("To", one_line(text)).addresses
    except (MessageError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"'{text}' is not an e-mail address: {error}") from None
    if len(found) != 1 or not _ADDRESS.fullmatch(found[0].addr_spec):
        raise ValueError(
            f"'{text}' is not one e-mail address; write one like Ana <ana@acme.example>"
        )
    one = found[0]
    try:
        domain = ascii_domain(one.domain)
    except ValueError:
        raise ValueError(f"'{one.domain}' is not a domain that mail can be sent to") from None
    return Address(one.display_name, one.username, domain)


def named_address(name: str, email: str) -> str:
    """`Name <local@domain>`, whatever the name holds. Raises ValueError for a bad address."""
    address = only_address(email)
    plain = " ".join(_NAME_SPECIALS.sub(" ", one_line(name)).split())
    return str(Address(plain[:60].strip(), address.username, address.domain))


def header_text(mail: Message, name: str) -> str:
    """A header of a stranger's mail, whatever it holds; empty if it is absent or unreadable."""
    try:
        return str(mail.get(name, "")).strip()
    except (ValueError, LookupError, AttributeError, TypeError, MessageError, RecursionError):
        return ""
