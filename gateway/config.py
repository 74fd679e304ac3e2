"""Configuration of the gateway's doors: secrets of senders, origins of web sites, limits.

Use cases don't need it. They get a `usecases.context.Context`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSecrets:
    """The secrets by which mail providers authenticate. A provider without one is refused."""

    sendgrid_public_key: str | None = None
    """SendGrid's verification key: an ECDSA P-256 public key in base64 DER."""
    mailgun_signing_key: SecretStr | None = None
    postmark_login: SecretStr | None = None
    """`user:password` of the URL that you give to Postmark (basic auth)."""
    ses_topics: tuple[str, ...] = ()
    """ARNs of the SNS topics that Amazon SES publishes to."""
    webhook_secret: SecretStr | None = None
    """A Standard Webhooks secret, `whsec_…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """How the gateway is set up. By default it accepts no provider, web site or CRM."""

    providers: ProviderSecrets = field(default_factory=ProviderSecrets)
    web_origins: tuple[str, ...] = ()
    """Origins of the web sites that may send page views, like https://www.acme.example."""
    web_forms_need_key: bool = False
    """Whether a web site's forms must be sent with its own key, and not by browsers."""
    action_links_last: timedelta = timedelta(days=14)
    """How long the buttons of an alert work (wall clock)."""
    crm_secrets: tuple[SecretStr, ...] = ()
    """Standard Webhooks secrets that sign the CRM's acts. Without one the CRM may not act."""
    most_bytes: int = 1_000_000
    """The largest body of a request that the gateway reads, in bytes."""


UNCONFIGURED = GatewayConfig()
"""A gateway that accepts API keys and signed links only."""
