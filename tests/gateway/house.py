"""The gateway's adapters over a test's database, by a clock that stands still."""

from __future__ import annotations

from datetime import timedelta

from activities.ports import Mailer
from adapters.database import Database
from adapters.intake import SqlIntake
from adapters.journal import SqlJournal
from adapters.outbox import SqlOutbox
from adapters.people import SqlPeople
from adapters.programs import SqlPrograms
from adapters.reports import SqlReports
from adapters.sent_mail import SqlSentMail
from adapters.signed_links import SignedLinks
from gateway.outside import Outside, ProviderSecrets
from tests.gateway.senders import CRM_SECRET, NOW, WEBHOOK_SECRET


def house(database: Database, mailer: Mailer) -> Outside:
    return Outside(
        database=database,
        intake=SqlIntake(database, gather=timedelta(0)),
        journal=SqlJournal(database),
        people=SqlPeople(database),
        reports=SqlReports(database),
        mailer=mailer,
        programs=SqlPrograms(database),
        outbox=SqlOutbox(database),
        sent=SqlSentMail(database),
        links=SignedLinks(
            public_url="https://go.acme.example", mail_domain="in.acme.example", secret="s" * 40
        ),
        now=lambda: NOW,
        web_origins=("https://www.acme.example",),
        providers=ProviderSecrets(webhook_secret=WEBHOOK_SECRET),
        crm_secrets=(CRM_SECRET,),
    )
