"""The gateway's adapters over a test's database, with a clock that does not move."""

from __future__ import annotations

from datetime import timedelta

from activities.ports import Mailer
from adapters.mail.links import SignedLinks
from adapters.reports.leads import SqlReports
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.sent_mail import SqlSentMail
from gateway.config import GatewayConfig, ProviderSecrets
from tests.gateway.stored_rows import CRM_SECRET, NOW, WEBHOOK_SECRET
from usecases.context import Context

CONFIG = GatewayConfig(
    web_origins=("https://www.acme.example",),
    providers=ProviderSecrets(webhook_secret=WEBHOOK_SECRET),
    crm_secrets=(CRM_SECRET,),
)


def gateway_context(database: Database, mailer: Mailer) -> Context:
    return Context(
        database=database,
        intake=SqlIntake(database, gather=timedelta(0)),
        journal=SqlJournal(database),
        people=SqlDirectory(database),
        reports=SqlReports(database),
        mailer=mailer,
        programs=SqlPrograms(database),
        mail_ledger=SqlMailLedger(database),
        sent=SqlSentMail(database),
        links=SignedLinks(
            public_url="https://go.acme.example", mail_domain="in.acme.example", secret="s" * 40
        ),
        now=lambda: NOW,
    )
