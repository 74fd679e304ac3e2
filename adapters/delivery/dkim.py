"""DKIM (RFC 6376): a domain signs its mail, and so takes responsibility for it."""

from __future__ import annotations

import base64
from pathlib import Path

import dkim  # type: ignore[import-untyped]  # it ships no types
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from models.addresses import ascii_domain

_SHORTEST = 2_048  # bits, RFC 8301
_SIGNED = (
    "From",
    "From",  # signed once more than the mail has it, so that none can be added (RFC 6376, 8.15)
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",  # both list headers: RFC 8058, 4
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
)


class DkimSigner:
    """Signs mail for one domain, its public key being at `selector._domainkey.domain`."""

    def __init__(self, *, domain: str, selector: str, key_file: Path) -> None:
        """Raises ValueError, with the remedy, for a key that can't be used."""
        try:
            self._key = key_file.read_bytes()
            key = load_pem_private_key(self._key, password=None)
        except OSError as error:
            raise ValueError(f"the DKIM key {key_file} can't be read: {error.strerror}") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(
                f"{key_file} holds no private key in PEM without a password; make one with"
                f" `openssl genrsa -out {key_file.name} 2048`"
            ) from error
        if not isinstance(key, RSAPrivateKey) or key.key_size < _SHORTEST:
            raise ValueError(f"the DKIM key {key_file} must be RSA of at least {_SHORTEST} bits")
        self._domain = ascii_domain(domain).encode()
        self._selector = selector.encode()

    def signature(self, message: bytes) -> bytes:
        """The header that signs this message, with its line end; it goes before the message."""
        present = {line.partition(b":")[0].strip().lower() for line in _header_lines(message)}
        include = [name.lower().encode() for name in _SIGNED if name.lower().encode() in present]
        signed: bytes = dkim.sign(
            message,
            selector=self._selector,
            domain=self._domain,
            privkey=self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=include,
        )
        return signed


def published_key(key_file: Path) -> str:
    """The public key as the DNS publishes it (`p=`). Raises ValueError for an unusable file."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the DKIM key {key_file} can't be read: {error}") from error
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def _header_lines(message: bytes) -> list[bytes]:
    head = message.partition(b"\r\n\r\n")[0]
    return [line for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
