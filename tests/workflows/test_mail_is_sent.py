from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.ports import Claim, MailRefusedError, MailUnsentError
from adapters.temporal.client import Leads
from models.envelopes import ProgramClock
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack


async def test_a_mail_is_sent_and_recorded(busy: WorkerStack) -> None:
    lead = await busy.create_lead()
    await until(lambda: busy.world.journal.entries_of(lead, "email_sent"))
    assert busy.world.mailer.to(f"{lead}@northwind.example") == ["welcome"]


async def test_a_mail_that_the_server_did_not_accept_is_tried_again_and_fills_no_log(
    busy: WorkerStack, caplog: pytest.LogCaptureFixture
) -> None:
    busy.world.mailer.failures["again@x.example"] = [
        MailUnsentError("down"),
        MailUnsentError("yet"),
    ]
    lead = await busy.create_lead(email="again@x.example")
    await until(lambda: busy.world.journal.entries_of(lead, "email_sent"))
    assert busy.world.mailer.to("again@x.example") == ["welcome"]
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert [one for one in warnings if one.exc_info is not None] == []


@pytest.mark.parametrize(
    ("kind", "why"),
    [("unsendable", "refused"), ("bounced", "bounced"), ("soft_bounced", "soft_bounced")],
)
async def test_a_mail_that_the_server_refuses_is_recorded_as_failed_with_the_reason(
    busy: WorkerStack, kind: Any, why: str
) -> None:
    address = f"{kind}@x.example"
    busy.world.mailer.failures[address] = [MailRefusedError("550 no", kind)]
    lead = await busy.create_lead(email=address)
    (failed,) = await until(lambda: busy.world.journal.entries_of(lead, "email_failed"))
    assert failed.fields["why"] == why
    suppressed = [one.fields["why"] for one in busy.world.journal.entries_of(lead, "suppressed")]
    assert suppressed == (["bounced"] if kind == "bounced" else [])


async def test_a_mail_with_an_unknown_outcome_is_not_sent_twice(busy: WorkerStack) -> None:
    busy.world.mailer.after_content["doubt@x.example"] = [ConnectionResetError("after the data")]
    lead = await busy.create_lead(email="doubt@x.example")
    (failed,) = await until(lambda: busy.world.journal.entries_of(lead, "email_failed"))
    assert failed.fields["why"] == "unknown_outcome"
    assert busy.world.mailer.to("doubt@x.example") == []
    assert Claim(status="failed", why="unknown_outcome") in busy.world.mail_ledger.claims.values()


async def test_a_suppressed_address_is_skipped_at_the_last_moment(busy: WorkerStack) -> None:
    busy.world.mail_ledger.suppressed["stop@x.example"] = "unsubscribed"
    lead = await busy.create_lead(email="stop@x.example")
    (skipped,) = await until(lambda: busy.world.journal.entries_of(lead, "email_skipped"))
    assert skipped.fields["why"] == "unsubscribed"


async def test_an_alert_is_sent_again_when_its_outcome_is_unknown(stack: WorkerStack) -> None:
    riley = "riley@acme.example"
    stack.world.mailer.failures[riley] = [ConnectionResetError("after the data")]
    lead = await stack.create_mql()

    def alerted() -> bool:
        mine = [key for key in stack.world.mail_ledger.claims if key.startswith(lead)]
        alerts = [one.message_id for one in stack.world.mailer.sent if one.to == riley]
        return any(key in alerts for key in mine)

    await until(alerted)
    assert stack.world.mailer.failures[riley] == []


async def test_on_a_fast_clock_an_entry_has_the_instant_when_it_was_due(busy: WorkerStack) -> None:
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    clock = ProgramClock(wall=datetime.now(UTC), program=monday, speed=43_200)
    fast = replace(busy, leads=Leads(busy.client, busy.world.journal, prefix="busy-", clock=clock))
    lead = await fast.create_lead()
    entries_of = busy.world.journal.entries_of
    await until(lambda: len(entries_of(lead, "email_sent")) == 2)
    first, second = entries_of(lead, "email_sent")[:2]
    assert first.at == busy.world.journal.states[lead].created
    assert second.at - first.at == timedelta(days=3)
