"""How this leadflow is set up: environment variables that begin with LEADFLOW_.

Where Temporal is, Temporal's own variables and profiles say (TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, a TOML file); without any, the embedded server is used.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SHORTEST_KEY = 16
"""Bytes of a secret that is shared with the CRM."""


class UnusableSettingError(Exception):
    """A setting names something that can't be used; the message says which and why."""


class Settings(BaseSettings):
    """All settings. Each is the variable LEADFLOW_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="LEADFLOW_", frozen=True)

    home: Path = Path(".leadflow")
    """Where the embedded stack keeps its files."""
    database_url: str = ""
    """`sqlite:///file` or `postgresql://user@host/name`; empty: a file in `home`."""
    default_program: str = ""
    """The program of new leads for which none is named; else the only one that is published."""
    temporal_profile: str | None = None
    """The profile of Temporal's TOML file to connect with."""
    queue_prefix: str = Field(default="", pattern=r"^[a-z0-9-]*$", max_length=40)
    """Put before the task queues' names, to keep several leadflows in one namespace apart."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["if_offered", "starttls", "implicit"] = "if_offered"
    mail_per_second: float | None = Field(default=None, gt=0)
    """The most mails a second, all workers together; None: as fast as the server takes them."""

    public_url: str = Field(default="", pattern=r"^$|^https?://[^/?#\s]+$")
    """Where the gateway is reached from outside, like https://go.acme.example. Without it
    mail has no tracked links, and one unsubscribes by mail."""
    mail_domain: str = ""
    """The domain whose mail comes to the inbound listener, like in.acme.example: bounces
    (VERP) and replies. Without it they go to the sender."""
    secret: SecretStr | None = None
    """What links are signed with, at least 32 characters; several, separated by spaces, to change
    it: the last one signs. Without it, one is made and kept in `home`: for one machine."""
    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=8080, ge=0, le=65535)
    inbound_host: str = "127.0.0.1"
    inbound_port: int = Field(default=2525, ge=0, le=65535)
    """Where mail that comes back is taken in (SMTP)."""
    inbound_tls_cert_file: Path | None = None
    """The certificate, with which the listener offers STARTTLS, and its chain; a PEM file."""
    inbound_tls_key_file: Path | None = None
    """Its private key; without it, the key is in the certificate's file."""
    web_origins: tuple[str, ...] = ()
    """Web sites that may send page views, as a JSON list of origins."""
    web_forms_need_key: bool = False
    """Forms are not taken from browsers; the web site's server sends them with its own key."""
    dkim_domain: str = ""
    """Mail is signed for this domain (DKIM); empty: mail is not signed here."""
    dkim_selector: str = ""
    dkim_key_file: Path | None = None
    """The private key as a PEM file: RSA of at least 2048 bits."""
    sendgrid_public_key: str | None = None
    mailgun_signing_key: SecretStr | None = None
    postmark_login: SecretStr | None = None
    """`user:password` of the URL that Postmark was given."""
    ses_topics: tuple[str, ...] = ()
    """ARNs of SNS topics, as a JSON list."""
    webhook_secret: SecretStr | None = None
    """A Standard Webhooks secret (`whsec_…`) for all other providers."""

    alert_webhooks: dict[str, SecretStr] = {}
    """Where alerts go besides mail, by team, as a JSON object of Slack-compatible incoming
    webhooks; `*` is for every other team. Whoever knows such a URL may post to it."""
    alert_seconds: float = Field(default=60, ge=0, le=3600)
    """So many seconds lie between two mails with alerts to a person: what comes meanwhile waits for
    the next one. An urgent alert waits for other urgent ones only. 0: each alert is a mail."""
    operations_contact: str = Field(default="", pattern=r"^$|^[^@\s]+@[^@\s]+$")
    """The address that hears of a program whose team is missing or has no manager; empty: nobody
    does, and the worker logs a warning."""
    crm_url: str = Field(default="", pattern=r"^$|^https?://[!-~]+$")
    """Where the CRM is told what happens (CloudEvents); without it, it is told nothing."""
    crm_secret: SecretStr | None = None
    """A Standard Webhooks secret (`whsec_…`): what the CRM is told, and tells, is signed with it.
    Several, separated by spaces, to change it: all are believed and all sign."""
    approve_above: int | None = Field(default=None, ge=0)
    """With more leads of a program in flight, what the board publishes needs the approval of a
    second person; None: it needs none."""
    action_link_days: int = Field(default=14, ge=1, le=90)
    """So many days the buttons of an alert work."""

    monitoring_host: str = "127.0.0.1"
    monitoring_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `/metrics`, `/health` and `/ready` of this process are; None: nowhere. Apart from the
    gateway's own port, so that a proxy does not show them to the world."""

    turns_at_once: int = Field(default=8, ge=1)
    """Turns one worker runs at the same time, each in a thread."""
    mails_at_once: int = Field(default=20, ge=1)
    sales_at_once: int = Field(default=20, ge=1)
    leads_in_memory: int = Field(default=1_000, ge=1)
    """Leads whose workflows one worker keeps awake; the others are replayed when they wake."""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """What only makes sense together is given together."""
        if self.smtp_username is not None and self.smtp_tls == "if_offered":
            raise ValueError("LEADFLOW_SMTP_USERNAME needs LEADFLOW_SMTP_TLS=starttls or implicit")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("LEADFLOW_SMTP_USERNAME and LEADFLOW_SMTP_PASSWORD go together")
        keys = self.secret.get_secret_value().split() if self.secret is not None else ["-" * 32]
        if not keys or any(len(key) < 32 for key in keys):
            raise ValueError("LEADFLOW_SECRET: each key needs at least 32 characters")
        if self.crm_url and not _is_place(self.crm_url):
            raise ValueError("LEADFLOW_CRM_URL is no URL like https://crm.acme.example/hooks")
        if self.crm_url and not self.crm_secrets:
            raise ValueError("LEADFLOW_CRM_URL needs LEADFLOW_CRM_SECRET")
        if any(len(_key(one)) < _SHORTEST_KEY for one in self.crm_secrets):
            raise ValueError(
                "LEADFLOW_CRM_SECRET: each is `whsec_` and at least 16 bytes in base64; make one by"
                " echo whsec_$(openssl rand -base64 32)"
            )
        dkim = (self.dkim_domain, self.dkim_selector, self.dkim_key_file)
        if any(dkim) and not all(dkim):
            raise ValueError(
                "DKIM needs LEADFLOW_DKIM_DOMAIN, LEADFLOW_DKIM_SELECTOR and LEADFLOW_DKIM_KEY_FILE"
            )
        return self

    @property
    def crm_secrets(self) -> tuple[SecretStr, ...]:
        """The secrets that are shared with the CRM, one each."""
        given = self.crm_secret.get_secret_value() if self.crm_secret is not None else ""
        return tuple(SecretStr(one) for one in given.split())

    @property
    def database(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.home / 'leadflow.db'}"


def _is_place(url: str) -> bool:
    """Whether a URL names a host, and its port, if it names one, is a port."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _key(secret: SecretStr) -> bytes:
    """The key in a Standard Webhooks secret; empty if there is none."""
    scheme, _, text = secret.get_secret_value().partition("_")
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True) if scheme == "whsec" else b""
    except ValueError:
        return b""
