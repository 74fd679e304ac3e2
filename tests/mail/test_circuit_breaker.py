"""Servers that refuse everybody: routes stop, nothing is lost, and a probe lets mail go again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.circuit_breaker import DEAD_SERIES, FIRST_PROBE, LONGEST_PROBE, SERIES
from activities.envelopes import write_command
from activities.mail import MailActivities
from activities.mail_routes import RETRIES
from activities.ports import Claim, MailRefusedError, MailUnsentError, RefusalKind, Rendered
from models.durations import parse_cap
from models.envelopes import CommandResult, Work
from tests.fakes import FakeMailer, FakePeople, FakePrograms, FakeWorld
from tests.mail.acme import PEOPLE, lead, program, send_mail

RELAY = "550 relay not permitted"


@dataclass
class RefusingMailer(FakeMailer):
    """A server that refuses whomever `refuses` says, for the reason `kind`."""

    refuses: Callable[[str], bool] = lambda _: True
    kind: RefusalKind = "refused"
    of_content: bool = False
    """Whether it refuses the content, and not the recipient."""
    not_now: bool = False
    """Whether it takes nothing now, and may later (4XX)."""
    tried: int = 0

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.tried += 1
        if self.not_now:
            raise MailUnsentError("451 4.7.1 greylisted", answered=True)
        if self.refuses(mail.to) and not self.of_content:
            raise MailRefusedError(RELAY, self.kind)
        if before_content is not None:
            await before_content()
        if self.refuses(mail.to):
            raise MailRefusedError(RELAY, self.kind)
        self.sent.append(mail)


class RefusedSite:
    """A worker's mail activities with some leads, and a server that refuses."""

    def __init__(
        self,
        mailer: RefusingMailer,
        addresses: list[str],
        rate: str = "",
        contact: str | None = None,
    ) -> None:
        of = program()
        if rate:
            sending = of.sending.model_copy(update={"rate": parse_cap(rate)})
            of = of.model_copy(update={"sending": sending})
        self.mailer = mailer
        self.world = FakeWorld(
            programs=FakePrograms({of.digest: of}),
            people=FakePeople(PEOPLE),
            mailer=mailer,
            operations_contact=contact,
        )
        self.leads = {f"lead-{number}": one for number, one in enumerate(addresses)}
        for name, address in self.leads.items():
            self.world.journal.states[name] = dataclasses.replace(
                lead(email=address), lead=name, digest=of.digest
            )

    async def send(
        self, name: str, tries: int = 1, since: datetime | None = None, mail: str = "note"
    ) -> CommandResult | timedelta | None:
        """One try for this lead: its result, or after how long it is tried again."""
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(
            environment.info, attempt=tries, scheduled_time=since or datetime.now(UTC)
        )
        work = Work(lead=name, commands=[write_command(send_mail(f"{name}/1/welcome/{mail}"))])
        try:
            (done,) = await environment.run(MailActivities(self.world.ports).send_mail, work)
        except ApplicationError as error:
            return error.next_retry_delay
        return done

    async def send_another(self, name: str) -> CommandResult | timedelta | None:
        return await self.send(name, mail="second")

    async def send_all(self) -> list[CommandResult | timedelta | None]:
        return [await self.send(name) for name in self.leads]

    def later(self, by: timedelta) -> None:
        self.world.breakers.now += by

    @property
    def stopped(self) -> list[str]:
        """The routes whose mail waits."""
        return sorted(name for name, one in self.world.breakers.routes.items() if one.is_open)


def many(count: int, domain: str = "x{}.example") -> list[str]:
    return [f"ana{number}@{domain.format(number)}" for number in range(count)]


@pytest.mark.parametrize("of_content", [False, True])
async def test_a_relay_that_refuses_all_leads_loses_no_mail(
    caplog: pytest.LogCaptureFixture, *, of_content: bool
) -> None:
    caplog.set_level(logging.CRITICAL)
    site = RefusedSite(RefusingMailer(of_content=of_content), many(12))
    waits = await site.send_all()
    assert all(isinstance(one, timedelta) for one in waits)
    assert site.world.mail_ledger.claims == {}
    assert site.stopped == ["program/acme"]
    assert site.mailer.tried == SERIES
    site.mailer.refuses = lambda _: False
    site.later(FIRST_PROBE)
    assert await site.send_all() == [{"outcome": "sent"}] * 12
    assert site.stopped == []


async def test_a_domain_that_refuses_all_stops_its_own_mail_only() -> None:
    addresses = [*many(6, "x.example"), "bo@y.example"]
    site = RefusedSite(RefusingMailer(refuses=lambda to: to.endswith("x.example")), addresses)
    *refused, other = await site.send_all()
    assert all(isinstance(one, timedelta) for one in refused)
    assert other == {"outcome": "sent"}
    assert site.stopped == ["domain/x.example"]


async def test_while_a_route_is_stopped_one_mail_is_the_probe_and_probes_become_rare() -> None:
    site = RefusedSite(RefusingMailer(), many(12, "x.example"))
    await site.send_all()
    tried = site.mailer.tried
    pause = FIRST_PROBE
    for _ in range(8):
        site.later(pause)
        await site.send_all()
        tried += 1
        assert site.mailer.tried == tried
        pause = min(pause * 2, LONGEST_PROBE)


async def test_one_refused_address_again_and_again_stops_nothing() -> None:
    site = RefusedSite(RefusingMailer(), ["ana@x.example"])
    for _ in range(20):
        await site.send("lead-0")
    assert site.stopped == []


async def test_a_mail_that_is_accepted_between_ends_the_series() -> None:
    addresses = [*many(4), "good@y.example", *many(4, "z{}.example")]
    site = RefusedSite(RefusingMailer(refuses=lambda to: not to.startswith("good")), addresses)
    await site.send_all()
    assert site.stopped == []


async def test_a_list_with_many_dead_addresses_bounces_them_until_nobody_is_accepted() -> None:
    site = RefusedSite(RefusingMailer(kind="bounced"), many(DEAD_SERIES + 3))
    done = await site.send_all()
    bounced = {"outcome": "failed", "why": "bounced"}
    assert done[: DEAD_SERIES - 1] == [bounced] * (DEAD_SERIES - 1)
    assert all(isinstance(one, timedelta) for one in done[DEAD_SERIES - 1 :])
    assert site.stopped == ["program/acme"]


async def test_a_company_that_closed_stops_no_route() -> None:
    site = RefusedSite(RefusingMailer(kind="bounced"), many(DEAD_SERIES + 3, "closed.example"))
    assert await site.send_all() == [{"outcome": "failed", "why": "bounced"}] * (DEAD_SERIES + 3)
    assert site.stopped == []


async def test_a_letter_that_alone_is_refused_fails_after_three_tries() -> None:
    site = RefusedSite(RefusingMailer(refuses=lambda to: to.startswith("ana")), ["ana@x.example"])
    since = datetime(2026, 3, 2, 8, tzinfo=UTC)
    site.world.journal.states["bo"] = dataclasses.replace(
        site.world.journal.states["lead-0"], lead="bo", profile={"email": "bo@x.example"}
    )
    assert isinstance(await site.send("lead-0", tries=1, since=since), timedelta)
    assert await site.send("bo") == {"outcome": "sent"}
    assert isinstance(await site.send("lead-0", tries=2, since=since), timedelta)
    assert await site.send("lead-0", tries=3, since=since) == {
        "outcome": "failed",
        "why": "refused",
    }
    claim = site.world.mail_ledger.claims["lead-0/1/welcome/note"]
    assert claim == Claim(status="failed", why="refused")


@pytest.mark.parametrize(("tries", "delay"), [(1, RETRIES[0]), (2, RETRIES[1]), (7, RETRIES[2])])
async def test_a_server_that_says_not_now_is_asked_after_minutes_and_then_half_hours(
    tries: int, delay: timedelta
) -> None:
    site = RefusedSite(RefusingMailer(not_now=True), ["ana@x.example"])
    wait = await site.send("lead-0", tries=tries)
    assert isinstance(wait, timedelta)
    assert delay <= wait <= delay * 1.25


async def test_operators_read_which_route_is_stopped_why_and_what_to_do() -> None:
    with capture_logs() as logged:
        await RefusedSite(RefusingMailer(), many(12)).send_all()
    [said] = [str(one) for one in logged if one["event"].startswith("mail of a route is stopped")]
    for word in ("program/acme", RELAY, "block list entry", "probe"):
        assert word in said


async def test_the_operations_contact_gets_one_mail_for_each_time_a_route_is_stopped() -> None:
    contact = "ops@acme.example"
    mailer = RefusingMailer(refuses=lambda to: contact not in to)
    site = RefusedSite(mailer, many(12), contact=contact)
    await site.send_all()
    [notice] = site.mailer.sent
    assert notice.subject == "acme: mail of program acme is stopped"
    for words in (RELAY, "mend the relay", "One mail at a time is tried as a probe"):
        assert words in notice.text
    for _ in range(3):  # probes that are refused bring no second mail
        site.later(LONGEST_PROBE)
        await site.send_all()
    assert site.mailer.sent == [notice]
    site.mailer.refuses = lambda _: False
    site.later(LONGEST_PROBE)
    await site.send_all()
    assert len(site.mailer.sent) == 1 + 12
    site.mailer.refuses = lambda to: contact not in to
    for name in site.leads:  # stopped again, some time later
        await site.send_another(name)
    assert [one.subject for one in site.mailer.sent].count(notice.subject) == 2


async def test_a_relay_that_refuses_the_contact_too_lets_it_know_when_mail_goes_again() -> None:
    site = RefusedSite(RefusingMailer(), many(6), contact="ops@acme.example")
    await site.send_all()
    assert site.mailer.sent == []
    site.mailer.refuses = lambda _: False
    site.later(FIRST_PROBE)
    await site.send_all()
    told = [one for one in site.mailer.sent if "ops@acme.example" in one.to]
    assert [one.subject for one in told] == ["acme: mail of program acme is stopped"]
    assert len(site.mailer.sent) == 6 + 1


async def test_a_try_of_which_nothing_was_sent_gives_its_place_back() -> None:
    refused = RefusedSite(RefusingMailer(), ["ana@x.example"], rate="1 per 1d")
    rates = refused.world.rates
    await refused.send("lead-0")
    assert len(rates.given_back) == 1
    refused.mailer.refuses = lambda _: False
    assert await refused.send("lead-0") == {"outcome": "sent"}
    assert len(rates.given_back) == 1
