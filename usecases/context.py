"""All that the gateway reaches the house with. Routes get it; `gateway.app` is given it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import SecretStr

from activities.ports import Mailer
from adapters.mail.links import SignedLinks
from adapters.reports.leads import SqlReports
from adapters.sql.database import Database
from adapters.sql.directory import SqlPeople
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.sent_mail import SqlSentMail


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


class Acts(Protocol):
    """How a person's acts reach a lead; `adapters.temporal.client.Leads` is one."""

    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        """Act on a lead; `Leads.act` tells what is raised."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The house as the gateway sees it."""

    database: Database
    intake: SqlIntake
    journal: SqlJournal
    people: SqlPeople
    reports: SqlReports
    mailer: Mailer
    """For what the gateway itself sends: replies passed on, links that sign in."""
    programs: SqlPrograms
    mail_ledger: SqlMailLedger
    sent: SqlSentMail
    links: SignedLinks
    now: Callable[[], datetime]
    """The program's clock, in whole seconds; the wall clock but in a demonstration."""
    speed: float = 1.0
    """How many seconds of the program's clock pass in a real one."""
    providers: ProviderSecrets = field(default_factory=ProviderSecrets)
    web_origins: tuple[str, ...] = ()
    """Origins of the web sites that may send page views, like https://www.acme.example."""
    action_links_last: timedelta = timedelta(days=14)
    """So long the buttons of an alert work (wall clock)."""
    crm_secrets: tuple[SecretStr, ...] = ()
    """Standard Webhooks secrets that the CRM's acts are believed by; none: it may not act."""
    most_bytes: int = 1_000_000
    """The largest body of a request that is read."""
