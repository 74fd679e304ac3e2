"""People sign in by a link in a mail."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from activities.ports import MailUnsentError, Rendered
from adapters.mail.links import SignedLinks
from adapters.sql.database import Database
from adapters.sql.desk_sessions import LINK_LASTS, SESSION_LASTS, SqlDeskSessions
from gateway.app import build_app
from tests.desk.simulated_leads import JONAS, RILEY, SESSION, SimulatedLeads, page_text
from tests.fakes import FakeMailer
from usecases.context import Context

SITE = "https://go.acme.example"


async def link_for(http: httpx.AsyncClient, mailer: FakeMailer, person: str, **form: str) -> str:
    """The path of the link that was mailed to this person."""
    await http.post("/desk/sign-in", data={"email": person, **form})
    found = re.search(rf"{SITE}(/desk/in/\S+)", mailer.sent[-1].text)
    assert found is not None
    assert mailer.sent[-1].to == person
    return found[1]


async def test_a_link_in_a_mail_signs_a_person_in_for_a_day(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    assert (await http.get("/desk")).headers["location"] == "/desk/sign-in"
    path = await link_for(http, mailer, RILEY)
    offered = await http.get(path)
    assert f"You will be signed in as {RILEY}." in offered.text
    entered = await http.post(path.partition("?")[0], data={"to": "/desk"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/desk")
    assert "Riley" in (await http.get("/desk")).text


async def test_the_cookie_is_limited_to_this_host_tls_and_a_day_and_hidden_from_scripts(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    path = await link_for(http, mailer, RILEY)
    entered = await http.post(path)
    name, *flags = entered.headers["set-cookie"].split("; ")
    assert name.startswith(f"{SESSION}=")
    assert set(flags) == {"HttpOnly", "Max-Age=86400", "Path=/", "SameSite=lax", "Secure"}


async def test_the_answer_does_not_show_whether_an_address_is_known(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    answers = [
        await http.post("/desk/sign-in", data={"email": who})
        for who in (RILEY, "nobody@acme.example", "", "not an address", RILEY)
    ]
    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    for one in answers:
        del one.headers["x-request-id"]
    assert len({tuple(one.headers.items()) for one in answers}) == 1
    assert [one.to for one in mailer.sent] == [RILEY]


async def test_a_mail_server_that_is_away_does_not_show_it_either(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    mailer.failures[RILEY] = [MailUnsentError("away")]
    known = await http.post("/desk/sign-in", data={"email": RILEY})
    unknown = await http.post("/desk/sign-in", data={"email": "nobody@acme.example"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert mailer.sent == []


async def test_the_answer_is_sent_before_the_mail_is_made(
    context: Context, leads: SimulatedLeads
) -> None:
    order: list[str] = []

    class Slow(FakeMailer):
        async def send(
            self, _mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
        ) -> None:
            assert before_content is None
            order.append("mail")

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": f"email={RILEY}".encode()}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            order.append("answer")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/desk/sign-in",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }
    app = build_app(replace(context, mailer=Slow()), leads)
    await app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's mutable mappings
    assert order == ["answer", "mail"]


async def test_a_link_uses_the_public_url_and_not_the_host_header(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    await http.post("/desk/sign-in", data={"email": RILEY}, headers=forged)
    assert "evil.example" not in mailer.sent[0].text
    assert f"{SITE}/desk/in/" in mailer.sent[0].text


async def test_without_a_public_url_no_link_is_sent(
    context: Context, leads: SimulatedLeads, mailer: FakeMailer
) -> None:
    links = SignedLinks(public_url="", mail_domain="", secret="s" * 40)
    app = build_app(replace(context, links=links), leads)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://evil.example"
    ) as http:
        answer = await http.post("/desk/sign-in", data={"email": RILEY})
    assert answer.status_code == 503
    assert "LEADFLOW_PUBLIC_URL" in answer.text
    assert mailer.sent == []


async def test_a_person_gets_one_link_however_often_somebody_asks(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    for who in (RILEY, RILEY.upper(), f"  {RILEY} ", JONAS):
        await http.post("/desk/sign-in", data={"email": who})
    assert [one.to for one in mailer.sent] == [RILEY, JONAS]


async def test_a_scanner_that_follows_a_link_does_not_use_it_up(
    http: httpx.AsyncClient, mailer: FakeMailer
) -> None:
    path = await link_for(http, mailer, RILEY)
    for _ in range(3):
        assert (await http.get(path)).status_code == 200
        await http.head(path)
        await http.options(path)
    assert not http.cookies
    assert (await http.post(path)).status_code == 303


async def test_a_link_works_once(
    http: httpx.AsyncClient, mailer: FakeMailer, browser: Callable[[], httpx.AsyncClient]
) -> None:
    path = await link_for(http, mailer, RILEY)
    assert (await http.post(path)).status_code == 303
    other = browser()
    for again in (await other.get(path), await other.post(path)):
        assert again.status_code == 410
        assert "used before or is too old" in again.text
    assert not other.cookies


@pytest.mark.parametrize("secret", ["x", "%00", "a" * 3_000, "%2e%2e", "é", "%ff"])
async def test_a_forged_link_signs_nobody_in(http: httpx.AsyncClient, secret: str) -> None:
    for answer in (await http.get(f"/desk/in/{secret}"), await http.post(f"/desk/in/{secret}")):
        assert answer.status_code in {404, 405, 410}
    assert not http.cookies


def test_links_and_sessions_expire(database: Database) -> None:
    now = datetime(2026, 3, 2, 14, tzinfo=UTC)
    clock = [now]
    sessions = SqlDeskSessions(database, now=lambda: clock[0])
    late, early = sessions.invite(RILEY), sessions.invite(RILEY)
    clock[0] = now + LINK_LASTS - timedelta(seconds=1)
    session = sessions.sign_in(early)
    assert session is not None
    began = clock[0]
    clock[0] = now + LINK_LASTS
    assert sessions.invited(late) is None
    assert sessions.sign_in(late) is None
    clock[0] = began + SESSION_LASTS - timedelta(seconds=1)
    assert sessions.who(session) == RILEY
    clock[0] = began + SESSION_LASTS
    assert sessions.who(session) is None


@pytest.mark.parametrize("apart", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_link_works_if_the_clock_of_its_sender_differs_by_minutes(
    database: Database, apart: timedelta
) -> None:
    here = datetime(2026, 3, 2, 14, tzinfo=UTC)
    there = SqlDeskSessions(database, now=lambda: here + apart)
    sessions = SqlDeskSessions(database, now=lambda: here)
    session = sessions.sign_in(there.invite(RILEY))
    assert session is not None
    assert there.who(session) == RILEY


async def test_a_planted_session_cookie_is_not_used(
    http: httpx.AsyncClient,
    mailer: FakeMailer,
    context: Context,
    browser: Callable[[], httpx.AsyncClient],
) -> None:
    http.cookies.set(SESSION, "planted", domain="go.acme.example")
    await http.post(await link_for(http, mailer, RILEY))
    given = [one.value for one in http.cookies.jar if one.name == SESSION]
    assert "planted" not in given
    thief = browser()
    thief.cookies.set(SESSION, "planted", domain="go.acme.example")
    assert (await thief.get("/desk")).status_code == 303
    assert SqlDeskSessions(context.database).who("planted") is None


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/desk/leads//evil.example",
        "/desk/leads/../../v1/leads?x=//evil.example",
        "/desk/leads/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/desk/team#//evil.example",
        "/deskevil",
        "",
    ],
)
async def test_signing_in_never_leads_out_of_the_desk(
    http: httpx.AsyncClient, context: Context, mailer: FakeMailer, to: str
) -> None:
    path = await link_for(http, mailer, RILEY, to=to)
    assert path.partition("?to=")[2] == "/desk"
    asked = await http.get("/desk/sign-in", params={"to": to})
    assert 'name="to" value="/desk"' in asked.text
    secret = SqlDeskSessions(context.database).invite(RILEY)
    entered = await http.post(f"/desk/in/{secret}", data={"to": to})
    assert entered.headers["location"] == "/desk"
    assert "a=b" not in str(entered.headers)


async def test_signing_in_leads_to_the_requested_page(
    http: httpx.AsyncClient, mailer: FakeMailer, leads: SimulatedLeads
) -> None:
    leads.lead("a+b@x")
    away = await http.get("/desk/leads/a+b@x")
    assert away.status_code == 303
    asked = await http.get(away.headers["location"])
    assert 'name="to" value="/desk/leads/a+b@x"' in asked.text
    path = await link_for(http, mailer, RILEY, to="/desk/leads/a+b@x")
    ready = await http.get(path)
    assert 'name="to" value="/desk/leads/a+b@x"' in ready.text
    entered = await http.post(path.partition("?")[0], data={"to": "/desk/leads/a+b@x"})
    page = await http.get(entered.headers["location"])
    assert "A+b@x" in page_text(page.text)
