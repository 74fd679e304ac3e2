"""The mail server that the settings name, and the signature of mail sent through it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from adapters.delivery.dkim import DkimSigner
from adapters.delivery.outage import Outage
from adapters.delivery.smtp import SmtpMailer, Tls


class MailServerSettings(Protocol):
    """The settings of the mail server and of the DKIM signature."""

    @property
    def smtp_host(self) -> str:
        """The server's name."""
        ...

    @property
    def smtp_port(self) -> int:
        """Its port."""
        ...

    @property
    def smtp_username(self) -> str | None:
        """The user name of the login; empty if there is no login."""
        ...

    @property
    def smtp_password(self) -> SecretStr | None:
        """The password of the login."""
        ...

    @property
    def smtp_tls(self) -> Tls:
        """How the connection is encrypted."""
        ...

    @property
    def dkim_domain(self) -> str:
        """The domain that signs."""
        ...

    @property
    def dkim_selector(self) -> str:
        """The selector of its key."""
        ...

    @property
    def dkim_key_file(self) -> Path | None:
        """The private key. Without one, mail is not signed."""
        ...


def mailer_to(settings: MailServerSettings, outage: Outage | None = None) -> SmtpMailer:
    """A mailer of its own connections. Raises ValueError for a DKIM key that can't sign.

    Mailers of one process to one server share an `outage`.
    """
    password = settings.smtp_password
    return SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        tls=settings.smtp_tls,
        signer=_signer(settings),
        outage=outage,
    )


def _signer(settings: MailServerSettings) -> DkimSigner | None:
    if settings.dkim_key_file is None:
        return None
    try:
        return DkimSigner(
            domain=settings.dkim_domain,
            selector=settings.dkim_selector,
            key_file=settings.dkim_key_file,
        )
    except ValueError as error:
        raise ValueError(f"LEADFLOW_DKIM_KEY_FILE: {error}") from error
