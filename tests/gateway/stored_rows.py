"""Leads, sent mail and accepted intake items in the database, and messages that a CRM signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from activities.ports import Fence
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.decision import Decision, Entry
from models.state import LeadState
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from models.tables.leads import LeadAddressRow, LeadRow
from models.tables.mail import MessageRow

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
WEBHOOK_SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
CRM_SECRET = SecretStr("whsec_Q1JNLXNlY3JldC1vZi10aGUtdGVzdHM=")
MAIL = "0123456789abcdef"
"""The local part of the Message-ID of Ana's mail."""
GUIDE = "https://www.acme.example/guide"
PRICES = "https://prices.acme.example/?plan=team"


def store_lead(
    database: Database, lead: str = "ana", digest: str = "d" * 64, *, email: str | None = None
) -> None:
    """Store a lead. Without `email`, its address is made from its id."""
    journal = SqlJournal(database)
    before = journal.state(lead)
    turn = 1 if before is None else before.turn + 1  # a turn number is stored once
    state = LeadState(
        lead=lead,
        program="acme",
        digest=digest,
        turn=turn,
        seq=turn,
        at=NOW,
        created=NOW,
        since=NOW,
        profile={"email": email or f"{lead}@northwind.example"},
    )
    entry = Entry(seq=turn, at=NOW, kind="created", fields={})
    fence = Fence(run=1, length=turn)
    journal.record(Decision(state=state, entries=(entry,)), fence, NOW)


def store_twin(database: Database, lead: str, *, email: str) -> None:
    """Store a lead with the address of another, from before addresses were unique."""
    store_lead(database, lead)
    table, names = table_of(LeadRow), table_of(LeadAddressRow)
    with database.write() as connection:
        state: Any = connection.scalar(sa.select(table.c.state).where(table.c.id == lead))
        profile = {"email": email}
        values = {"email": email, "profile": profile, "state": {**state, "profile": profile}}
        connection.execute(sa.update(table).where(table.c.id == lead).values(values))
        connection.execute(sa.delete(names).where(names.c.lead == lead))


def store_sent_mail(
    database: Database,
    *,
    mail: str = MAIL,
    lead: str = "ana",
    email: str = "welcome",
    links: tuple[str, ...] = ("", GUIDE, PRICES),
    ago: float = 3_600.0,
) -> str:
    """Store a mail that was sent `ago` seconds ago on the real clock. Returns its Message-ID."""
    message = f"{mail}@acme.example"
    taken = datetime.fromtimestamp(datetime.now(UTC).timestamp() - ago, UTC)
    row = {
        "key": f"{lead}/1/awareness/{email}/{mail}",
        "lead": lead,
        "message": message,
        "mail": mail,
        "email": email,
        "address": f"{lead}@northwind.example",
        "links": list(links),
        "status": "sent",
        "why": None,
        "at": NOW,
        "updated": taken,
    }
    with database.write() as connection:
        connection.execute(sa.insert(table_of(MessageRow)).values(row))
    return message


def intake_bodies(database: Database) -> list[dict[str, Any]]:
    """The bodies of the accepted intake items with their `lead` and `kind`, in order."""
    table = table_of(IntakeItem)
    with database.read() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.seq)).all()
    return [{"lead": row.lead, "kind": row.kind, **row.body} for row in rows]


def sign_as_crm(
    document: Any, *, identity: str = "msg-1", secret: SecretStr = CRM_SECRET, ago: float = 0
) -> tuple[bytes, dict[str, str]]:
    """A body with the headers of Standard Webhooks, made without its library."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    at = datetime.now(UTC) - timedelta(seconds=ago)
    key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"))
    text = f"{identity}.{int(at.timestamp())}.".encode() + body
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return body, {
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": f"v1,{signature}",
    }
