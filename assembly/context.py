"""What the gateway works with: the real adapters over one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from activities.meter import UNMETERED, Meter
from activities.ports import Mailer
from adapters.reports.leads import SqlReports
from adapters.sql.database import open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.sent_mail import SqlSentMail
from assembly.mail import signed_links
from assembly.settings import Settings, UnusableSettingError
from gateway.config import GatewayConfig, ProviderSecrets
from gateway.inbound.certificate import Certificate
from gateway.inbound.config import InboundConfig
from models.instants import whole_second
from usecases.background import OwnProcess
from usecases.context import Context


def _wall_clock() -> datetime:
    return whole_second(datetime.now(UTC))


@contextmanager
def open_context(
    settings: Settings,
    mailer: Mailer,
    *,
    now: Callable[[], datetime] = _wall_clock,
    speed: float = 1.0,
    gather: timedelta = timedelta(seconds=1),
    meter: Meter = UNMETERED,
) -> Iterator[Context]:
    """The real adapters, over one database that is up to date.

    A demonstration has another clock, and gathers what comes for one lead for a shorter time.
    """
    database = open_database(settings.database)
    # A process for each kind, so that a report need not wait for a list of 100,000 rows.
    list_work, report_work = OwnProcess(), OwnProcess()
    # The futures of 100,000 leads are minutes of work, and need much memory meanwhile.
    change_work = OwnProcess(stays=False, gives_way=True)
    try:
        yield Context(
            database=database,
            intake=SqlIntake(database, gather=gather),
            journal=SqlJournal(database),
            people=SqlDirectory(database),
            reports=SqlReports(database),
            mailer=mailer,
            programs=SqlPrograms(database),
            mail_ledger=SqlMailLedger(database),
            sent=SqlSentMail(database),
            links=signed_links(settings),
            now=now,
            speed=speed,
            default_program=settings.default_program or None,
            meter=meter,
            list_work=list_work,
            report_work=report_work,
            change_work=change_work,
            approve_above=settings.approve_above,
        )
    finally:
        list_work.close()
        report_work.close()
        change_work.close()
        database.close()


def gateway_config(settings: Settings) -> GatewayConfig:
    """How the gateway is set up, from the settings."""
    return GatewayConfig(
        providers=ProviderSecrets(
            sendgrid_public_key=settings.sendgrid_public_key,
            mailgun_signing_key=settings.mailgun_signing_key,
            postmark_login=settings.postmark_login,
            ses_topics=settings.ses_topics,
            webhook_secret=settings.webhook_secret,
        ),
        web_origins=settings.web_origins,
        web_forms_need_key=settings.web_forms_need_key,
        action_links_last=timedelta(days=settings.action_link_days),
        crm_secrets=settings.crm_secrets,
    )


def inbound_config(settings: Settings) -> InboundConfig:
    """How inbound mail is taken in, from the settings.

    Raises UnusableSettingError for a certificate that can't be used.
    """
    certificate = None
    if (chain := settings.inbound_tls_cert_file) is not None:
        try:
            certificate = Certificate(chain, settings.inbound_tls_key_file)
        except OSError as error:  # ssl.SSLError is one
            raise UnusableSettingError(
                f"LEADFLOW_INBOUND_TLS_CERT_FILE: {chain} and its key can't be used: {error}"
            ) from error
    return InboundConfig(contact=settings.operations_contact or None, certificate=certificate)
