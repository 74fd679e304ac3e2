"""What a worker works with: the real adapters over one database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from activities.meter import UNMETERED, Meter
from activities.ports import World
from adapters.crm.outbox import TurnEvents
from adapters.delivery.chat_webhooks import ChatWebhooks
from adapters.mail.digest import SqlDigests
from adapters.mail.render import MailRenderer
from adapters.reports.leads import SqlReports
from adapters.sql.alert_queue import SqlAlertQueue
from adapters.sql.arrivals import SqlArrivals
from adapters.sql.breakers import SqlBreakers
from adapters.sql.database import open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.rates import SqlRates
from adapters.sql.rollouts import SqlRollouts
from assembly.mail import open_mailer, outage_of, signed_links
from assembly.settings import Settings


@contextmanager
def open_world(settings: Settings, meter: Meter = UNMETERED) -> Iterator[World]:
    """The real adapters, over one database that is up to date.

    Raises UnusableSettingError for a DKIM key that can't sign.
    """
    links = signed_links(settings)
    outage = outage_of(settings, meter.mail_server)
    mailer, alerts = open_mailer(settings, outage), open_mailer(settings, outage)
    database = open_database(settings.database)
    try:
        yield World(
            programs=SqlPrograms(database),
            people=SqlDirectory(database),
            journal=SqlJournal(database, crm=TurnEvents(database) if settings.crm_url else None),
            timelines=SqlReports(database),
            mail_ledger=SqlMailLedger(database),
            alert_queue=SqlAlertQueue(database),
            renderer=MailRenderer(links),
            mailer=mailer,
            alerts=alerts,
            chat=ChatWebhooks(settings.alert_webhooks),
            rates=SqlRates(database),
            breakers=SqlBreakers(database),
            digests=SqlDigests(database, settings.public_url),
            meter=meter,
            operations_contact=settings.operations_contact or None,
            arrivals=SqlArrivals(database),
            rollouts=SqlRollouts(database),
        )
    finally:
        database.close()
