"""A mail server that does not take mail: one line at the beginning of it, and one at the end.

A try that fails is repeated for days, so the tries themselves are not logged.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from socket import gaierror
from typing import Literal

import structlog
from aiosmtplib import SMTPAuthenticationError, SMTPResponseException

from activities.meter import MailServer

Cause = Literal["dns", "tls", "login", "time_out", "refuses_us", "not_reached"]

ASKS_FOR_LOGIN = frozenset({530, 534, 535, 538})
"""Replies 5xx that ask for a login. They are about our settings, not about this mail."""
_PERMANENT = 500
_QUIET_SECONDS = 60.0
"""A server that takes every other mail would fill the log: so long lies between two lines."""

REMEDIES: dict[Cause, str] = {
    "dns": "correct LEADFLOW_SMTP_HOST, or mend the DNS of this machine",
    "tls": "set LEADFLOW_SMTP_TLS to what the port wants: implicit (usually 465), or starttls or"
    " if_offered (usually 587 or 25). If the words are about the certificate, let the server renew"
    " it, set LEADFLOW_SMTP_HOST to a name that it has, or name its authority in SSL_CERT_FILE",
    "login": "correct LEADFLOW_SMTP_USERNAME and LEADFLOW_SMTP_PASSWORD, and set LEADFLOW_SMTP_TLS"
    " to starttls or implicit",
    "time_out": "see whether the server hangs, or a firewall swallows what goes to"
    " LEADFLOW_SMTP_HOST and LEADFLOW_SMTP_PORT",
    "refuses_us": "the server refuses this machine before it knows the mail: read its words, and"
    " ask who runs it",
    "not_reached": "see whether the server runs, whether a firewall is between, and whether"
    " LEADFLOW_SMTP_HOST and LEADFLOW_SMTP_PORT are right",
}
"""What to do about each cause."""

_log = structlog.get_logger(__name__)


def cause_of(error: BaseException) -> Cause:
    """Why a mail server did not let us in, by the error and what it came from."""
    chain = list(_chain(error))
    if any(isinstance(one, gaierror) for one in chain):
        return "dns"
    if any(isinstance(one, ssl.SSLError) or "STARTTLS" in str(one) for one in chain):
        return "tls"
    for one in chain:
        if isinstance(one, SMTPAuthenticationError):
            return "login"
        if isinstance(one, SMTPResponseException):
            if one.code in ASKS_FOR_LOGIN:
                return "login"
            if one.code >= _PERMANENT:
                return "refuses_us"
    return "time_out" if any(isinstance(one, TimeoutError) for one in chain) else "not_reached"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Outage:
    """Whether a mail server takes mail, as the tries of this process see it.

    All mailers of a process to one server share it. `changed` hears how it stands.
    """

    def __init__(self, where: str, changed: Callable[[MailServer], None] | None = None) -> None:
        self._where = where
        self._changed = changed
        self._cause: Cause | None = None
        self._since = 0.0
        self._logged: float | None = None

    def failed(self, error: BaseException) -> None:
        """Log that the server takes no mail, unless that is known."""
        cause, now = cause_of(error), time.monotonic()
        if cause == self._cause:
            return
        if self._cause is None:
            self._since = now
            if self._changed is not None:
                self._changed("away")
        self._cause = cause
        if self._logged is None or now - self._logged >= _QUIET_SECONDS:
            self._logged = now
            _log.error(
                "the mail server takes no mail; all mail waits, and is tried again",
                server=self._where,
                cause=cause,
                why=" ".join(str(error).split()),
                remedy=REMEDIES[cause],
            )

    def over(self) -> None:
        """Log that the server takes mail, if it did not."""
        if self._cause is None:
            return
        self._cause = None
        if self._changed is not None:
            self._changed("there")
        _log.info(
            "the mail server takes mail again",
            server=self._where,
            seconds=round(time.monotonic() - self._since),
        )
