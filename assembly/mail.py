"""The mail server and the links in mail, from the settings; worker and gateway share them."""

from __future__ import annotations

from collections.abc import Callable

from activities.meter import MailServer
from adapters.delivery.mail_server import mailer_to
from adapters.delivery.outage import Outage
from adapters.delivery.smtp import SmtpMailer
from adapters.mail.links import SignedLinks
from assembly.link_secret import link_secret
from assembly.settings import Settings, UnusableSettingError


def open_mailer(settings: Settings, outage: Outage | None = None) -> SmtpMailer:
    """A client of the mail server. Raises UnusableSettingError for a DKIM key that can't sign."""
    try:
        return mailer_to(settings, outage)
    except ValueError as error:
        raise UnusableSettingError(str(error)) from error


def outage_of(settings: Settings, changed: Callable[[MailServer], None]) -> Outage:
    """What tells whether the mail server takes mail; `changed` hears how it stands."""
    return Outage(f"{settings.smtp_host}:{settings.smtp_port}", changed)


def signed_links(settings: Settings) -> SignedLinks:
    """The links in mail, signed with the given secret or the one in `home`."""
    secret = settings.secret.get_secret_value() if settings.secret else None
    return SignedLinks(
        public_url=settings.public_url,
        mail_domain=settings.mail_domain,
        secret=link_secret(settings.home, secret),
    )
