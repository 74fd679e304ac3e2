"""The demonstration's people try again when the gateway fails them, and go on when one fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest

from adapters.temporal.client import TemporalUnavailableError
from cli.session import explained
from demonstration.desk_client import DeskClient
from demonstration.people import SimulatedPeople
from demonstration.prospect_client import ProspectClient
from demonstration.retries import BusyError
from gateway.server import KEEP_ALIVE_SECONDS
from models.envelopes import ProgramClock
from simulation.people.prospects import Prospect
from tests.cli.faulty_gateway import Answer, FaultyGateway, ReceivedRequest, faulty_gateway
from tests.waiting import until

PAUSES = (0.0,) * 5
SOON = 0.3
"""How many seconds a client waits in tests in which the answer comes too late."""
RILEY = "riley@acme.example"
FAULTS: dict[str, Answer] = {"a connection closed": "close", "a 503": 503, "no answer": "silence"}
FORM = (
    '<form><input type="hidden" name="token" value="t"><input type="hidden" name="id" value="i-1">'
    '<input type="hidden" name="do" value="touch"></form>'
)


def make_mail(text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["To"] = RILEY
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def prospect_client(http: httpx.AsyncClient, gateway: FaultyGateway) -> ProspectClient:
    return ProspectClient(http, url=gateway.url, inbound=1, key="k", pauses=PAUSES)


@pytest.mark.parametrize("fault", FAULTS)
async def test_events_are_sent_again_with_the_same_ids(fault: str) -> None:
    accepted = json.dumps({"results": [{"status": "accepted"}]})
    async with (
        faulty_gateway(lambda _: (200, accepted)) as gateway,
        httpx.AsyncClient(timeout=SOON) as http,
    ):
        client = prospect_client(http, gateway)
        await client.send_events("ana", [{"id": "e0", "type": "page.viewed"}])
        gateway.faults = [FAULTS[fault]] * 2  # on the connection that was kept, and on a new one
        await client.send_events("ana", [{"id": "e1", "type": "page.viewed"}])
    sent = [json.loads(one.body)["events"][0]["id"] for one in gateway.asked]
    assert sent == ["e0", "e1", "e1", "e1"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_act_is_sent_again_with_the_same_id(fault: str) -> None:
    def answer(asked: ReceivedRequest) -> Answer:
        if asked.path == "/desk/in/link":
            return (200, "") if asked.method == "GET" else (303, "", "Set-Cookie: s=1")
        if asked.path == "/desk/sign-in":
            mail = make_mail(f"{gateway.url}/desk/in/link?to=/desk")
            asyncio.get_running_loop().call_soon(desk.take_link, RILEY, mail)
        return 303 if asked.path.endswith("/acts") else (200, FORM)

    async with faulty_gateway(answer) as gateway:
        desk = DeskClient(gateway.url, pauses=PAUSES, answer_seconds=SOON)
        await desk.act(RILEY, "ana", "touch", {"channel": "call"})
        gateway.asked.clear()
        gateway.faults = [(200, FORM), FAULTS[fault], FAULTS[fault]]
        await desk.act(RILEY, "ana", "touch", {"channel": "call"})
        await desk.close()
    page, *acts = gateway.asked
    assert page.method == "GET"
    assert [parse_qs(one.body)["id"] for one in acts] == [["i-1"]] * 3


async def test_a_button_whose_answer_was_lost_counts_as_pressed() -> None:
    done = (200, '<p role="status">This was done already.</p>')
    pages: Iterator[Answer] = iter([(200, FORM), "close", done])
    async with faulty_gateway(lambda _: next(pages)) as gateway:
        desk = DeskClient(gateway.url, pauses=PAUSES)
        await desk.accept(f"Accept: {gateway.url}/a/ab-0-cd")
    assert [one.method for one in gateway.asked] == ["GET", "POST", "POST"]


async def test_a_sign_in_whose_answer_was_lost_asks_for_another_link() -> None:
    links = iter(["first", "second"])

    def answer(asked: ReceivedRequest) -> Answer:
        if asked.path == "/desk/sign-in":
            mail = make_mail(f"{gateway.url}/desk/in/{next(links)}?to=/desk")
            asyncio.get_running_loop().call_soon(desk.take_link, RILEY, mail)
            return (200, "")
        if asked.path == "/desk/in/first" and asked.method == "POST":
            used = sum(one == asked for one in gateway.asked)
            return "close" if used == 1 else (410, '<p role="alert">This link was used.</p>')
        if asked.path == "/desk/in/second" and asked.method == "POST":
            return 303
        return 303 if asked.path.endswith("/acts") else (200, FORM)

    async with faulty_gateway(answer) as gateway:
        desk = DeskClient(gateway.url, pauses=PAUSES)
        await desk.act(RILEY, "ana", "touch", {"channel": "call"})
        await desk.close()
    assert gateway.asked[-1].path == "/desk/leads/ana/acts"


async def test_a_gateway_that_never_recovers_is_an_error_in_the_end() -> None:
    async with faulty_gateway(lambda _: 503) as gateway, httpx.AsyncClient() as http:
        with pytest.raises(BusyError, match="503"):
            await prospect_client(http, gateway).send_events("ana", [{"id": "e", "type": "x"}])
    assert len(gateway.asked) == len(PAUSES) + 1


class UnansweredLeads:
    """Acts as Temporal would do them; the first tries of each find no worker."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        self.acts: list[tuple[str, str, Any]] = []

    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        self.acts.append((lead, do, fields["id"]))
        if sum(one == self.acts[-1] for one in self.acts) < self.tries:
            raise TemporalUnavailableError("no worker answered")


def simulated_people(
    leads: UnansweredLeads, gateway: FaultyGateway, http: httpx.AsyncClient
) -> SimulatedPeople:
    clock = ProgramClock(
        wall=datetime.now(UTC), program=datetime(2026, 3, 2, 14, tzinfo=UTC), speed=1e7
    )
    return SimulatedPeople(
        leads,
        prospect_client(http, gateway),
        DeskClient(gateway.url, pauses=PAUSES),
        clock=clock,
        zones={lead: ZoneInfo("UTC") for lead in leads_of_temperament("eager", 3)},
        closers=(),
        pauses=PAUSES,
    )


def leads_of_temperament(temperament: str, count: int) -> list[str]:
    """Leads of this temperament."""
    ids = (f"lead-{number}" for number in range(10_000))
    found = (one for one in ids if Prospect(one, ZoneInfo("UTC")).temperament == temperament)
    return [next(found) for _ in range(count)]


async def test_one_persons_failure_is_counted_and_the_others_go_on() -> None:
    first, *others = leads_of_temperament("eager", 3)
    accepted = json.dumps({"results": [{"status": "accepted"}] * 4})

    def answer(asked: ReceivedRequest) -> Answer:
        if asked.path.startswith("/v1/events"):
            failing = first in asked.body
            count = asked.body.count('"type"')
            return 500 if failing else (200, json.dumps({"results": [{"status": "ok"}] * count}))
        return (200, accepted)

    async with faulty_gateway(answer) as gateway, httpx.AsyncClient() as http:
        everybody = simulated_people(UnansweredLeads(1), gateway, http)
        living = asyncio.create_task(everybody.live())
        for lead in (first, *others):
            everybody.mail(make_mail("", X_Leadflow_Lead=lead, X_Leadflow_Email="welcome"))
        await until(lambda: everybody.failures and everybody.done["page.viewed"] >= 2)
        everybody.mail(EmailMessage())  # a mail that cannot be read stops nobody
        everybody.end()
        await living
    assert {one.partition(":")[0] for one in everybody.failures} == {first}


async def test_an_act_that_no_worker_answered_is_asked_again_with_its_id() -> None:
    leads = UnansweredLeads(3)
    async with faulty_gateway(lambda _: 404) as gateway, httpx.AsyncClient() as http:
        everybody = simulated_people(leads, gateway, http)
        living = asyncio.create_task(everybody.live())
        for number in range(20):
            everybody.mail(make_mail("", X_Leadflow_Lead=f"l{number}", X_Leadflow_Alert="assigned"))
        await until(lambda: everybody.done["by_update"] >= 1)
        everybody.end()
        await living
    done = [one for one in set(leads.acts) if leads.acts.count(one) == 3]
    assert len(done) >= everybody.done["by_update"] >= 1
    assert not any("worker" in one for one in everybody.failures)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_user_sees_the_first_error_of_an_exception_group(depth: int) -> None:
    error: Exception = TemporalUnavailableError("Temporal does not answer")
    for _ in range(depth):
        error = ExceptionGroup("unhandled errors in a TaskGroup", [error])

    def fails() -> None:
        with explained():
            raise error

    with pytest.raises(Exception, match="Temporal does not answer") as raised:
        fails()
    assert not isinstance(raised.value, BaseExceptionGroup)


def test_the_gateway_keeps_a_connection_longer_than_its_clients_do() -> None:
    expiry = httpx.Limits().keepalive_expiry
    assert expiry is not None
    assert expiry < KEEP_ALIVE_SECONDS
