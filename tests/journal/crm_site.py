"""A database, a CRM that listens, and dispatchers between them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from adapters.crm.delivery import CrmDispatcher, Receiver
from adapters.crm.outbox import CrmEvent, SqlCrmOutbox, TurnEvents
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from tests.crm import Crm
from tests.journal.turns import FENCE, NOW, turn

OLD = "whsec_" + base64.b64encode(b"the secret of last year").decode()
NEW = "whsec_" + base64.b64encode(b"the secret of this year").decode()


@dataclass
class CrmSite:
    """A database and a CRM. `now` is the dispatchers' wall clock, which the test moves on."""

    database: Database
    crm: Crm
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.outbox = SqlCrmOutbox(self.database, now=lambda: self.now)
        self.dispatcher = self.make_dispatcher()

    def make_dispatcher(self, *secrets: str, **receiver: Any) -> CrmDispatcher:
        made = receiver_of(self.crm, *secrets)
        return CrmDispatcher(self.outbox, replace(made, **receiver), now=lambda: self.now)

    def record_turn(self, lead: str, *kinds: str) -> None:
        """A lead with these entries; its events can be sent at once."""
        SqlJournal(self.database, crm=TurnEvents(self.database)).record(
            turn(1, *kinds, lead=lead), FENCE, NOW
        )
        self.now = max(self.now, datetime.now(UTC))

    def move_clock(self, **length: float) -> None:
        self.now += timedelta(**length)

    async def try_all(self) -> None:
        while await self.dispatcher.once():
            pass

    def events(self, *leads: str) -> list[CrmEvent]:
        found = self.outbox.listed(["waiting", "sent", "dead"], limit=10_000)
        return [one for one in found if not leads or one.lead in leads]

    def seqs(self, lead: str) -> list[int]:
        """The seqs of a lead's events that the CRM got, in order."""
        return [one.seq for one in self.crm.deliveries if one.event["subject"] == lead]


def receiver_of(crm: Crm, *secrets: str) -> Receiver:
    return Receiver(
        url=crm.url,
        secrets=[Webhook(one) for one in secrets or (NEW,)],
        source="https://go.acme.example",
    )


@asynccontextmanager
async def running_dispatchers(*dispatchers: CrmDispatcher) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in dispatchers]
    try:
        yield
    finally:
        for one in dispatchers:
            one.stop()
        await asyncio.gather(*tasks)


def dispatcher_by_wall_clock(site: CrmSite, **receiver: Any) -> CrmDispatcher:
    """A dispatcher by the real clock."""
    made = replace(receiver_of(site.crm), **receiver)
    return CrmDispatcher(SqlCrmOutbox(site.database), made, pause=0.02)
