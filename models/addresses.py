"""An e-mail address: how it is read, compared and written.

A domain with letters beyond ASCII has two forms: one for servers, one for people (IDNA 2008,
RFC 5891). Python's own codec follows IDNA 2003: it reads `straße.example` as `strasse.example`,
which belongs to somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from functools import lru_cache

import idna

_NAME_SPECIALS = re.compile(r'[()<>\[\]:;@\\,"=?]')
_ADDRESS = re.compile(r"[^\s<>,;\"()\[\]\\@]+@[^\s<>,;\"()\[\]\\@]+")


def one_line(text: str) -> str:
    """The text on one line, without control characters.

    `=?` becomes `= ?`: Python's e-mail package decodes such words when a header is set, and a line
    break in one would begin a new header.
    """
    # Nearly all text is plain. To look at every letter would cost more than all the rest.
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


def ascii_domain(domain: str) -> str:
    """The ASCII form of a domain, for servers. Raises ValueError for a domain that has none."""
    if domain.isascii():
        return domain
    return idna.encode(domain, uts46=True).decode("ascii")


def readable_domain(domain: str) -> str:
    """The form of a domain for people; unchanged if it has none."""
    try:
        return idna.decode(domain) if "xn--" in domain.lower() else domain
    except idna.IDNAError:
        return domain


def spellings(address: str) -> list[str]:
    """All ways to write an address: an international domain also has an ASCII form (IDNA)."""
    plain = comparable(address)
    local, _, domain = plain.rpartition("@")
    try:
        ascii_form = ascii_domain(domain)
    except ValueError:
        return [plain]
    both = (ascii_form, readable_domain(ascii_form))
    return sorted({plain, *(f"{local}@{one}" for one in both)})


def comparable(address: str) -> str:
    """The address in the form in which addresses are compared: trimmed, in lower case.

    An accented letter can be written in several ways; NFC makes them one (RFC 6532 section 3.1).
    """
    return unicodedata.normalize("NFC", address.strip()).lower()


def address_key(address: str) -> str:
    """The one form of an address by which people are told apart: all its `spellings` have it.

    Trimmed, in lower case, the domain in ASCII.
    """
    plain = comparable(address)
    local, at, domain = plain.rpartition("@")
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return plain


def without_addresses(text: str, address: str = "") -> str:
    """The text without e-mail addresses, and without the local part of `address`.

    So a diagnosis can be kept without a person's address in it.
    """
    text = re.sub(r"<?[^\s<>]+@[^\s<>]+>?", "…", text)
    local = address.partition("@")[0]
    if local:
        text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return " ".join(text.split())
