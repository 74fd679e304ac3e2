"""The mail server and the links in mail, from the settings; worker and gateway share them."""

from __future__ import annotations

from adapters.delivery.mail_server import mailer_to
from adapters.delivery.smtp import SmtpMailer
from adapters.mail.links import SignedLinks
from assembly.link_secret import link_secret
from assembly.settings import Settings, UnusableSettingError


def open_mailer(settings: Settings) -> SmtpMailer:
    """A client of the mail server. Raises UnusableSettingError for a DKIM key that can't sign."""
    try:
        return mailer_to(settings)
    except ValueError as error:
        raise UnusableSettingError(str(error)) from error


def signed_links(settings: Settings) -> SignedLinks:
    """The links in mail, signed with the given secret or the one in `home`."""
    secret = settings.secret.get_secret_value() if settings.secret else None
    return SignedLinks(
        public_url=settings.public_url,
        mail_domain=settings.mail_domain,
        secret=link_secret(settings.home, secret),
    )
