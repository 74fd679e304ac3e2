"""Links and addresses that come back from mail: signed, without personal data.

A link does not expire by itself. Whoever reads one can look up when its mail was sent.

A token names a mail by its Message-ID's local part, a hash, and a number (of a link). It is
lower-case hex with dashes, so that it survives mail servers that change the case of an
address. Its signature is bound to its purpose: the token of a click is valid for nothing else.

Unsubscribing must work even if the database has lost the mail's row, for example after a restore.
So its URL also holds the recipient's address, encrypted. An e-mail address has no room for that:
there the token holds 12 hex digits by which the recipient's address is recognised.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Literal

from itsdangerous import Signer

from adapters.mail.sealed_address import seal, unseal
from models.addresses import address_key

Purpose = Literal[
    "click", "open", "unsubscribe", "preferences", "confirm", "bounce", "reply", "visitor", "act"
]

_SIGNATURE = 20  # hex digits, 80 bits
_RECIPIENT = 12
"""Hex digits that name a recipient: with 16 of the mail, `unsubscribe+TOKEN` has the 64 characters
that a local part may have (RFC 5321, 4.5.3.1.1)."""
_TOKEN = re.compile(r"([0-9a-f]{8,64})-(\d{1,4})-([0-9a-f]{20})(?:-([0-9a-f]{12}))?")


@dataclass(frozen=True, slots=True)
class LinkToken:
    """What a valid token names: a mail, and the number of a link in it (0 where none is meant)."""

    mail: str
    """The local part of the mail's Message-ID."""
    number: int


class SignedLinks:
    """Makes and reads the links of one gateway.

    `public_url` is where the gateway is reached from outside, `mail_domain` the domain whose
    mail comes back to us. If one of them is empty, there are no such links. `secret` holds one
    or more keys separated by spaces: all are accepted, and the last one signs.
    """

    def __init__(self, *, public_url: str, mail_domain: str, secret: str) -> None:
        keys = secret.split()
        if not keys:
            raise ValueError("links can't be signed without a secret; set LEADFLOW_SECRET")
        self.public_url = public_url.rstrip("/")
        self.mail_domain = mail_domain
        self._keys = keys

    def click(self, message: str, number: int) -> str:
        """The tracked URL of a link of this mail. `message` is a Message-ID without brackets."""
        return f"{self.public_url}/c/{self._token('click', message, number)}"

    def pixel(self, message: str) -> str:
        """The image that is loaded when the mail is opened."""
        return f"{self.public_url}/o/{self._token('open', message)}.gif"

    def unsubscribe(self, message: str, address: str) -> str:
        """The URL at which this mail's recipient unsubscribes: a page, and RFC 8058's one click."""
        sealed = seal(self._keys[-1], address, bound_to=_local(message))
        return f"{self.public_url}/u/{self._token('unsubscribe', message)}.{sealed}"

    def preferences(self, message: str) -> str:
        """Where the recipient of this mail chooses how much mail to get."""
        return f"{self.public_url}/p/{self._token('preferences', message)}"

    def confirm(self, message: str) -> str:
        """Where the recipient of this mail confirms a consent (double opt-in)."""
        return f"{self.public_url}/k/{self._token('confirm', message)}"

    def action(self, message: str, number: int) -> str:
        """Where a button of this alert leads: a page on which its person acts.

        The alert's row holds the person, the handoff and the time of sending.
        """
        return f"{self.public_url}/a/{self._token('act', message, number)}"

    def return_path(self, message: str) -> str:
        """The envelope's sender, to which this mail's bounces come (VERP)."""
        return f"bounce+{self._token('bounce', message)}@{self.mail_domain}"

    def reply_to(self, message: str) -> str:
        """The address to which this mail's replies come."""
        return f"reply+{self._token('reply', message)}@{self.mail_domain}"

    def unsubscribe_mail(self, message: str, address: str) -> str:
        """The address to which the recipient of this mail writes to unsubscribe."""
        token = self._token("unsubscribe", message)
        recipient = _recipient(self._keys[-1], _local(message), address)
        return f"unsubscribe+{token}-{recipient}@{self.mail_domain}"

    def visitor(self, message: str) -> str:
        """The token by which a web page knows a visitor who came by a link of this mail."""
        return self._token("visitor", message)

    def read(self, purpose: Purpose, token: str) -> LinkToken | None:
        """What a token names; None if it was not made here for this purpose."""
        plain = token.partition(".")[0] if purpose == "unsubscribe" else token
        match = _TOKEN.fullmatch(plain.lower())
        if match is None or (match[4] is not None and purpose != "unsubscribe"):
            return None
        value, signature = f"{match[1]}-{match[2]}", match[3]
        for key in self._keys:
            if hmac.compare_digest(_signature(key, purpose, value), signature):
                return LinkToken(match[1], int(match[2]))
        return None

    def recipient(self, token: str) -> str | None:
        """The address that the token of an `unsubscribe` URL holds; None if it holds none.

        URLs of mail that older releases sent hold none.
        """
        found = self.read("unsubscribe", token)
        sealed = token.partition(".")[2]
        if found is None or not sealed:
            return None
        return unseal(self._keys, sealed, bound_to=found.mail)

    def is_recipient(self, token: str, address: str) -> bool:
        """Whether the mail of this `unsubscribe_mail` token was sent to this address."""
        match = _TOKEN.fullmatch(token.lower())
        return match is not None and any(
            hmac.compare_digest(_recipient(key, match[1], address), match[4] or "")
            for key in self._keys
        )

    def _token(self, purpose: Purpose, message: str, number: int = 0) -> str:
        value = f"{_local(message)}-{number}"
        return f"{value}-{_signature(self._keys[-1], purpose, value)}"


def _local(message: str) -> str:
    return message.partition("@")[0]


def _recipient(key: str, mail: str, address: str) -> str:
    text = f"leadflow recipient\n{mail}\n{address_key(address)}".encode()
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()[:_RECIPIENT]


def _signature(key: str, purpose: Purpose, value: str) -> str:
    signer = Signer(
        key, salt=f"leadflow {purpose}", key_derivation="hmac", digest_method=hashlib.sha256
    )
    signature = signer.get_signature(value)
    padded = signature + b"=" * (-len(signature) % 4)
    return urlsafe_b64decode(padded).hex()[:_SIGNATURE]
