"""Alerts as they go out: by mail always, to a chat where there is one, at least once."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.envelopes import write_command
from activities.ports import ChatAwayError, ChatRefusedError, Claim, MailRefusedError
from activities.sales import SalesActivities
from adapters.delivery.chat_webhooks import ChatWebhooks
from models.decision import Alert
from models.envelopes import CommandResult, Work
from models.inputs import Result
from tests.fakes import FakeChat, FakePeople, FakePrograms, FakeWorld
from tests.sales.alerted_lead import ACME, MORGAN, PEOPLE, RILEY, ana_asks_for_a_demo

CHAT = frozenset({"sdr"})


def world(**ports: Any) -> FakeWorld:
    made = FakeWorld(programs=FakePrograms({ACME.digest: ACME}), people=FakePeople(PEOPLE), **ports)
    made.journal.states["ana"] = ana_asks_for_a_demo().states["ana"]
    return made


async def send_alert(of: FakeWorld, command: Alert | None = None) -> CommandResult:
    work = Work(
        lead="ana",
        commands=[write_command(command or ana_asks_for_a_demo().latest_alert("assigned"))],
    )
    (done,) = await ActivityEnvironment().run(SalesActivities(of.ports).alert, work)
    return done


async def test_a_team_with_a_chat_gets_the_alert_there_too() -> None:
    of = world(chat=FakeChat(teams=CHAT))
    assert await send_alert(of) == {}
    assert of.mailer.to(RILEY) == ["assigned"]
    assert of.chat.posted == [("sdr", {"text": "assigned"})]


async def test_a_team_without_a_chat_gets_the_alert_by_mail_only() -> None:
    of = world(chat=FakeChat(teams=frozenset({"emea"})))
    await send_alert(of)
    assert (of.mailer.to(RILEY), of.chat.posted) == (["assigned"], [])


async def test_an_alert_asks_for_its_team_only_where_there_is_a_chat_and_is_written_once() -> None:
    for teams, reads in ((frozenset[str](), 1), (frozenset({"emea"}), 2), (CHAT, 2)):
        of = world(chat=FakeChat(teams=teams))
        await send_alert(of)
        assert of.journal.reads == ["ana"] * reads  # to write it, and to know its team


async def test_a_chat_that_is_away_is_tried_again_without_a_second_mail() -> None:
    of = world(chat=FakeChat(teams=CHAT, failures=[ChatAwayError("the chat answered 503")]))
    with pytest.raises(ApplicationError, match="503"):
        await send_alert(of)
    assert of.mailer.to(RILEY) == ["assigned"]
    await send_alert(of)
    await send_alert(of)
    assert of.mailer.to(RILEY) == ["assigned"]
    assert len(of.chat.posted) == 1


async def test_a_chat_that_refuses_is_not_tried_again_and_the_alert_is_done() -> None:
    of = world(chat=FakeChat(teams=CHAT, failures=[ChatRefusedError("404 no_service")]))
    assert await send_alert(of) == {}
    key = f"{ana_asks_for_a_demo().latest_alert('assigned').key}/chat"
    assert of.mail_ledger.claims[key] == Claim(status="failed", why="refused")


async def test_an_alert_that_was_claimed_and_never_settled_is_sent_again() -> None:
    of = world()
    of.mail_ledger.claims[ana_asks_for_a_demo().latest_alert("assigned").key] = Claim(
        status="unknown"
    )
    await send_alert(of)
    assert of.mailer.to(RILEY) == ["assigned"]


async def test_a_refused_alert_names_the_person_it_did_not_reach() -> None:
    of = world()
    of.mailer.failures[RILEY] = [MailRefusedError("550 5.1.1 no such user", "bounced")]
    assert await send_alert(of) == {"outcome": "failed", "why": "refused", "owner": RILEY}


def test_the_manager_gets_one_alert_about_an_owner_whose_mail_is_refused() -> None:
    ana = ana_asks_for_a_demo()
    for _ in range(2):
        alert = ana.latest_alert("assigned")
        result = Result(key=alert.key, arrived=ana.at, outcome="failed", why="refused", owner=RILEY)
        ana.take("ana", result)
    (alert_to_manager,) = [one for one in ana.alerts if one.to == MORGAN]
    assert alert_to_manager.why == "owner_unreachable"
    assert ana.card(alert_to_manager).actions == ("accept", "reassign")


def test_a_refused_alert_to_the_manager_causes_no_other_alert() -> None:
    ana = ana_asks_for_a_demo()
    ana.take(
        "ana",
        Result(key="k", arrived=ana.at, outcome="failed", why="refused", owner=MORGAN),
    )
    assert [one.to for one in ana.alerts] == [RILEY]


Answer = tuple[int, bytes]


@asynccontextmanager
async def chat_server(answer: Callable[[], Answer]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A chat's incoming webhook on loopback: its URL, and the bodies that came."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
        status, body = answer()
        writer.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/services/T0/B0/secret", bodies


async def test_a_message_is_posted_as_json() -> None:
    async with chat_server(lambda: (200, b"ok")) as (url, bodies):
        chat = ChatWebhooks({"sdr": SecretStr(url)})
        assert (chat.reaches("sdr"), chat.reaches("emea"), chat.reaches(None)) == (
            True,
            False,
            False,
        )
        await chat.post("sdr", {"text": "Größe"})
    assert [json.loads(one) for one in bodies] == [{"text": "Größe"}]


async def test_a_star_is_the_chat_of_every_other_team() -> None:
    async with chat_server(lambda: (200, b"ok")) as (url, bodies):
        chat = ChatWebhooks({"*": SecretStr(url)})
        await chat.post("emea", {})
        await chat.post(None, {})
    assert len(bodies) == 2


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_chat_with_a_temporary_error_is_tried_again(status: int) -> None:
    async with chat_server(lambda: (status, b"later")) as (url, _):
        with pytest.raises(ChatAwayError, match=f"answered {status} later"):
            await ChatWebhooks({"*": SecretStr(url)}).post("sdr", {})


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_a_chat_that_refuses_is_not_tried_again(status: int) -> None:
    async with chat_server(lambda: (status, b"no_service")) as (url, _):
        with pytest.raises(ChatRefusedError, match="no_service"):
            await ChatWebhooks({"*": SecretStr(url)}).post("sdr", {})


async def test_an_error_never_shows_the_secret_url() -> None:
    urls = ["http://127.0.0.1:9/services/secret", "http://[broken/secret", "secret"]
    for url in urls:
        with pytest.raises(ChatAwayError) as raised:
            await ChatWebhooks({"*": SecretStr(url)}).post("sdr", {})
        assert "secret" not in str(raised.value)
    assert "secret" not in repr(ChatWebhooks({"*": SecretStr(urls[0])}).__dict__)


async def test_a_chat_that_hangs_is_given_up_soon() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        with pytest.raises(ChatAwayError, match="ReadTimeout"):
            await ChatWebhooks({"*": SecretStr(url)}, timeout=0.1).post("sdr", {})


def test_an_alert_is_the_same_after_a_history_stored_it() -> None:
    alert = ana_asks_for_a_demo().latest_alert("assigned")
    assert write_command(alert)["handoff"] == 1
    bare = dataclasses.replace(alert, handoff=None)
    assert "handoff" not in write_command(bare)
