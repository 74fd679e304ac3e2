"""What only the gateway's doors need to know: secrets of senders, origins of web sites, limits.

Use cases get none of it: `usecases.context.Context` is what they work with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSecrets:
    """What mail providers prove themselves with; a provider without one is not listened to."""

    sendgrid_public_key: str | None = None
    """SendGrid's verification key: an ECDSA P-256 public key in base64 DER."""
    mailgun_signing_key: SecretStr | None = None
    postmark_login: SecretStr | None = None
    """`user:password` of the URL that Postmark was given (basic auth)."""
    ses_topics: tuple[str, ...] = ()
    """ARNs of the SNS topics that Amazon SES publishes to."""
    webhook_secret: SecretStr | None = None
    """A Standard Webhooks secret, `whsec_…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """How the gateway is set up; without anything it listens to no provider, site or CRM."""

    providers: ProviderSecrets = field(default_factory=ProviderSecrets)
    web_origins: tuple[str, ...] = ()
    """Origins of the web sites that may send page views, like https://www.acme.example."""
    action_links_last: timedelta = timedelta(days=14)
    """So long the buttons of an alert work (wall clock)."""
    crm_secrets: tuple[SecretStr, ...] = ()
    """Standard Webhooks secrets that the CRM's acts are believed by; none: it may not act."""
    most_bytes: int = 1_000_000
    """The largest body of a request that is read."""


UNCONFIGURED = GatewayConfig()
"""A gateway that only its keys and links open."""
