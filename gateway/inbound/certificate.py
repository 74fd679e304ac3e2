"""The certificate with which the listener offers STARTTLS (RFC 3207)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Certificate:
    """A certificate in a file, which is read again when it was renewed.

    Raises OSError or ssl.SSLError if the file can't be used.
    """

    chain: Path
    key: Path | None = None
    """The private key's file; None: it is in the certificate's."""
    _read: ssl.SSLContext = field(init=False)
    _changed: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._changed = self._times()
        self._read = self._load()

    def context(self) -> ssl.SSLContext:
        """What a new connection is encrypted with. A file that can't be read changes nothing."""
        try:
            times = self._times()
            if times != self._changed:
                self._read, self._changed = self._load(), times
        except (OSError, ssl.SSLError) as error:
            _log.error("the listener's certificate can't be read", why=str(error))
        return self._read

    def _times(self) -> tuple[int, ...]:
        files = (self.chain, self.key) if self.key is not None else (self.chain,)
        return tuple(one.stat().st_mtime_ns for one in files)

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context
