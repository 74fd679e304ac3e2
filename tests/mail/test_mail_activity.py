"""The activities of mail, over ports in memory: what is checked before a mail is sent, and when.

The file is long because each check before sending is a test of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from activities.envelopes import write_command
from activities.mail import MailActivities
from activities.ports import Claim, MailRefusedError, MailUnsentError, Rendered, Reservation
from activities.sales import SalesActivities
from models.decision import Alert, SendMail
from models.durations import Rate, parse_cap
from models.envelopes import CommandResult, Work
from models.program.program import Program
from models.state import MergedState
from tests.fakes import FakeMailer, FakeMailLedger, FakePeople, FakePrograms, FakeRates, FakeWorld
from tests.mail.acme import PEOPLE, alert, lead, program, send_mail
from tests.waiting import LIMIT

ADDRESS = "ana@northwind.example"


@dataclass
class WatchedRates(FakeRates):
    """Also does something while a mail waits."""

    meanwhile: Callable[[], None] = field(default=lambda: None)

    def reserve(self, rates: Mapping[str, Rate], patience: timedelta) -> Reservation:
        self.meanwhile()
        return super().reserve(rates, patience)


def program_with_limit(**rates: str) -> Program:
    whole = program()
    return whole.model_copy(
        update={
            "sending": whole.sending.model_copy(
                update={name: parse_cap(rate) for name, rate in rates.items()}
            )
        }
    )


def world(of: Program, rates: FakeRates | None = None, **profile: Any) -> FakeWorld:
    made = FakeWorld(
        programs=FakePrograms({of.digest: of}),
        people=FakePeople(PEOPLE),
        rates=rates or FakeRates(),
        alerts=FakeMailer(),
    )
    made.journal.states["ana"] = dataclasses.replace(lead(**profile), digest=of.digest)
    return made


async def run_send_mail(
    of: FakeWorld, command: SendMail | None = None, tries: int = 1
) -> CommandResult:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, attempt=tries)
    work = Work(lead="ana", commands=[write_command(command or send_mail())])
    (done,) = await environment.run(MailActivities(of.ports).send_mail, work)
    return done


async def test_a_mail_asks_for_a_place_under_the_programs_rate_and_its_domains() -> None:
    of = program_with_limit(rate="600 per 1m", domain_rate="60 per 1m")
    at = world(of, email="Ana@Northwind.Example")
    assert await run_send_mail(at) == {"outcome": "sent"}
    assert at.rates.asked == [
        {"program/acme": of.sending.rate, "domain/northwind.example": of.sending.domain_rate}
    ]


async def test_mail_of_a_merged_lead_that_is_on_its_way_goes_to_the_lead_that_goes_on() -> None:
    at = world(program())
    for other, into in (("ana", "bob"), ("bob", "eve")):  # a chain
        merged = MergedState(into=into, left={})
        at.journal.states[other] = dataclasses.replace(at.journal.states["ana"], merged=merged)
    at.journal.states["eve"] = dataclasses.replace(
        at.journal.states["ana"],
        lead="eve",
        merged=None,
        profile={"email": "eve@northwind.example"},
    )
    assert await run_send_mail(at) == {"outcome": "sent"}
    assert [one.to for one in at.mailer.sent] == ["eve@northwind.example"]


async def test_a_program_without_rates_asks_for_no_place() -> None:
    at = world(program())
    assert await run_send_mail(at) == {"outcome": "sent"}
    assert at.rates.asked == []


async def test_a_mail_whose_place_is_near_waits_for_it() -> None:
    at = world(program_with_limit(rate="600 per 1m"), FakeRates([timedelta(milliseconds=5)]))
    assert await run_send_mail(at) == {"outcome": "sent"}
    assert len(at.rates.asked) == 1


@pytest.mark.parametrize("tries", [1, 5, 500])
async def test_a_mail_whose_place_is_far_is_tried_again_later_each_time(
    tries: int,
) -> None:
    wait = timedelta(seconds=30)
    at = world(program_with_limit(rate="2 per 1m"), FakeRates([wait]))
    with pytest.raises(ApplicationError) as raised:
        await run_send_mail(at, tries=tries)
    assert raised.value.category is ApplicationErrorCategory.BENIGN
    delay = raised.value.next_retry_delay
    assert delay is not None
    assert wait <= delay <= wait + min(tries * wait, timedelta(minutes=10))
    assert (at.mail_ledger.claims, at.mailer.sent) == ({}, [])
    assert await run_send_mail(at) == {"outcome": "sent"}


async def test_a_lead_that_unsubscribes_while_a_mail_waits_for_its_place_gets_no_mail() -> None:
    rates = WatchedRates([timedelta(milliseconds=5)])
    at = world(program_with_limit(rate="2 per 1m"), rates)
    rates.meanwhile = lambda: at.mail_ledger.suppressed.update({ADDRESS: "unsubscribed"})
    assert await run_send_mail(at) == {"outcome": "skipped", "why": "unsubscribed"}
    assert at.mailer.sent == []


async def test_the_name_and_links_of_a_sent_mail_are_stored() -> None:
    at = world(program())
    await run_send_mail(at)
    assert at.mail_ledger.known == {send_mail().key: ("note", ())}


@pytest.mark.parametrize(
    ("kind", "why"),
    [("bounced", "bounced"), ("soft_bounced", "soft_bounced"), ("unsendable", "refused")],
)
async def test_what_a_refusal_means_is_sent_to_the_rules(kind: Any, why: str) -> None:
    at = world(program())
    at.mailer.failures[ADDRESS] = [MailRefusedError("550 no", kind)]
    assert await run_send_mail(at) == {"outcome": "failed", "why": why}
    assert await run_send_mail(at) == {"outcome": "failed", "why": why}


async def test_a_refusal_of_the_content_is_sent_to_the_rules_too() -> None:
    at = world(program())
    at.mailer.after_content[ADDRESS] = [MailRefusedError("554 5.6.0 malformed")]
    assert await run_send_mail(at) == {"outcome": "failed", "why": "refused"}


async def test_a_server_that_is_down_does_not_fill_the_log() -> None:
    at = world(program())
    at.mailer.failures[ADDRESS] = [MailUnsentError("no connection to 127.0.0.1:25: refused")]
    with pytest.raises(ApplicationError, match="no connection") as raised:
        await run_send_mail(at)
    assert raised.value.category is ApplicationErrorCategory.BENIGN
    assert at.mail_ledger.claims == {}


async def test_a_mail_that_cannot_be_rendered_is_reported_and_claims_no_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    at = world(program_with_limit(rate="2 per 1m"))
    at.renderer.failure = ValueError("e-mail 'note': no such field")
    assert await run_send_mail(at) == {"outcome": "failed", "why": "template"}
    assert at.rates.asked == []


async def test_an_alert_has_a_connection_of_its_own_and_waits_for_no_rate() -> None:
    at = world(program_with_limit(rate="2 per 1m"), FakeRates([timedelta(days=1)]))
    command: Alert = alert()
    work = Work(lead="ana", commands=[write_command(command)])
    await ActivityEnvironment().run(SalesActivities(at.ports).alert, work)
    assert at.alerts is not None
    assert at.alerts.to("riley@acme.example") == ["breached"]
    assert (at.mailer.sent, at.rates.asked) == ([], [])
    assert at.mail_ledger.claims == {command.key: Claim(status="sent")}


@dataclass
class SlowMailLedger(FakeMailLedger):
    """A database that takes its time to claim."""

    asked: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def claim(self, lead: str, key: str, message: str, at: datetime) -> Claim:
        self.asked.set()
        assert self.goes_on.wait(LIMIT)
        return super().claim(lead, key, message, at)


@pytest.mark.parametrize("rate", ["", "600 per 1m"])
async def test_a_send_that_is_cancelled_while_it_claims_releases_its_claim(
    rate: str,
) -> None:
    mail_ledger = SlowMailLedger()
    at = dataclasses.replace(
        world(program_with_limit(rate=rate) if rate else program()), mail_ledger=mail_ledger
    )
    trying = asyncio.create_task(run_send_mail(at))
    await asyncio.to_thread(mail_ledger.asked.wait, 10)
    trying.cancel()
    await asyncio.sleep(0)
    mail_ledger.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await trying
    assert mail_ledger.claims == {}
    assert at.mailer.sent == []


async def test_a_mail_whose_outcome_is_unknown_asks_no_server() -> None:
    at = world(program())
    at.mail_ledger.claims[send_mail().key] = Claim(status="unknown")
    at.mailer.failures[ADDRESS] = [AssertionError("it was asked")]
    assert await run_send_mail(at) == {"outcome": "failed", "why": "unknown_outcome"}


class EndedMeanwhile(FakeMailLedger):
    """A worker that hung goes on and ends its mail after another one saw the open claim."""

    def standing(self, key: str, mail: Rendered, *, operational: bool) -> Claim | None:
        known = super().standing(key, mail, operational=operational)
        self.claims[key] = Claim(status="sent")
        return known


async def test_a_try_that_comes_too_late_to_end_a_mail_reports_the_end_that_is_kept() -> None:
    ledger = EndedMeanwhile({send_mail().key: Claim(status="unknown")})
    at = dataclasses.replace(world(program()), mail_ledger=ledger)
    assert await run_send_mail(at) == {"outcome": "sent"}


async def test_a_suppressed_address_is_not_named_to_the_mail_server() -> None:
    at = world(program())
    at.mail_ledger.suppressed[ADDRESS] = "unsubscribed"
    at.mailer.failures[ADDRESS] = [AssertionError("it was asked")]
    assert await run_send_mail(at) == {"outcome": "skipped", "why": "unsubscribed"}


@dataclass
class HangingMailer(FakeMailer):
    """A server that answers nothing until the test allows it."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.asked.set()
        await self.goes_on.wait()
        await super().send(mail, before_content=before_content)


async def test_a_lead_that_unsubscribes_while_a_server_hangs_gets_no_mail() -> None:
    hanging = HangingMailer()
    at = dataclasses.replace(world(program()), mailer=hanging)
    trying = asyncio.create_task(run_send_mail(at))
    await hanging.asked.wait()
    assert at.mail_ledger.claims == {}
    at.mail_ledger.suppressed[ADDRESS] = "unsubscribed"
    hanging.goes_on.set()
    assert await trying == {"outcome": "skipped", "why": "unsubscribed"}
    assert at.mailer.sent == []


async def test_a_worker_that_stops_releases_a_mail_that_it_has_not_begun_to_send() -> None:
    hanging = HangingMailer()
    at = dataclasses.replace(world(program()), mailer=hanging)
    environment = ActivityEnvironment()
    work = Work(lead="ana", commands=[write_command(send_mail())])
    trying = asyncio.create_task(environment.run(MailActivities(at.ports).send_mail, work))
    await hanging.asked.wait()
    environment.worker_shutdown()
    with pytest.raises(ApplicationError, match="not begun") as raised:
        await trying
    assert not raised.value.non_retryable
    assert (at.mail_ledger.claims, at.mailer.sent) == ({}, [])


async def test_a_worker_that_stops_finishes_a_mail_that_it_has_begun_to_send() -> None:
    mail_ledger = SlowMailLedger()
    at = dataclasses.replace(world(program()), mail_ledger=mail_ledger)
    environment = ActivityEnvironment()
    work = Work(lead="ana", commands=[write_command(send_mail())])
    trying = asyncio.create_task(environment.run(MailActivities(at.ports).send_mail, work))
    await asyncio.to_thread(mail_ledger.asked.wait, 10)
    environment.worker_shutdown()
    mail_ledger.goes_on.set()
    assert await trying == [{"outcome": "sent"}]


@pytest.mark.parametrize("trouble", [OSError("a bug"), ApplicationError("another")])
async def test_a_failure_before_the_content_leaves_no_unknown_outcome(trouble: Exception) -> None:
    at = world(program())
    at.mailer.failures[ADDRESS] = [trouble]
    with pytest.raises(type(trouble)):
        await run_send_mail(at)
    assert at.mail_ledger.claims == {}
    assert await run_send_mail(at) == {"outcome": "sent"}


async def test_a_temporary_refusal_of_the_content_releases_the_claim() -> None:
    at = world(program())
    at.mailer.after_content[ADDRESS] = [MailUnsentError("452 4.3.1 disk full")]
    with pytest.raises(ApplicationError, match="disk full"):
        await run_send_mail(at)
    assert at.mail_ledger.claims == {}


async def test_a_connection_that_breaks_after_the_content_leaves_the_outcome_unknown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    at = world(program())
    at.mailer.after_content[ADDRESS] = [ConnectionResetError()]
    assert await run_send_mail(at) == {"outcome": "failed", "why": "unknown_outcome"}
    assert await run_send_mail(at) == {"outcome": "failed", "why": "unknown_outcome"}
