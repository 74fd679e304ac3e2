"""What a worker does its work with: the real adapters over one database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from activities.ports import World
from adapters.delivery.chat_webhooks import ChatWebhooks
from adapters.delivery.mail_server import mailer_to
from adapters.mail.digest import SqlDigests
from adapters.mail.links import SignedLinks
from adapters.mail.render import MailRenderer
from adapters.reports.leads import SqlReports
from adapters.sql.database import open_database
from adapters.sql.directory import SqlPeople
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.rates import SqlRates
from assembly.link_secret import link_secret
from assembly.settings import Settings, UnusableSettingError


@contextmanager
def open_world(settings: Settings) -> Iterator[World]:
    """The real adapters, over one database that is up to date.

    Raises UnusableSettingError for a DKIM key that can't sign.
    """
    secret = settings.secret
    links = SignedLinks(
        public_url=settings.public_url,
        mail_domain=settings.mail_domain,
        secret=link_secret(settings.home, secret.get_secret_value() if secret else None),
    )
    try:
        mailer, alerts = mailer_to(settings), mailer_to(settings)
    except ValueError as error:
        raise UnusableSettingError(str(error)) from error
    database = open_database(settings.database)
    try:
        yield World(
            programs=SqlPrograms(database),
            people=SqlPeople(database),
            journal=SqlJournal(database, crm=bool(settings.crm_url)),
            timelines=SqlReports(database),
            mail_ledger=SqlMailLedger(database),
            renderer=MailRenderer(links),
            mailer=mailer,
            alerts=alerts,
            chat=ChatWebhooks(settings.alert_webhooks),
            rates=SqlRates(database),
            digests=SqlDigests(database, settings.public_url),
        )
    finally:
        database.close()
