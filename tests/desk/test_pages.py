"""What all pages of the desk have in common, and how they show unauthenticated input."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
from structlog.testing import capture_logs

from adapters.sql.desk_sessions import SqlDeskSessions
from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    MORGAN,
    PEOPLE,
    RILEY,
    SAM,
    DeskBrowser,
    SimulatedLeads,
    page_text,
)
from usecases.context import Context

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def hostile(leads: SimulatedLeads, context: Context) -> str:
    """The owner of a lead whose every text, and every name of a person, is HTML."""
    sdr = {
        "manager": MORGAN,
        "members": [
            {"email": "o'riley&co@acme.example", "name": EVIL, "timezone": "America/New_York"},
            {"email": "s&lt@acme.example", "name": EVIL},
        ],
    }
    context.people.apply(Directory.model_validate({"teams": {**PEOPLE["teams"], "sdr": sdr}}))
    leads.lead(
        "ana",
        first_name=EVIL,
        last_name=EVIL,
        company=EVIL,
        title=f"VP {EVIL}",
        phone=EVIL,
        industry=EVIL,
        source=EVIL,
    )
    for type_ in ("form.submitted", "page.viewed", "content.downloaded", "odd.thing"):
        leads.event("ana", type_, EVIL)
    return str(leads.state("ana").owner)


def is_escaped(page: str) -> bool:
    """Whether none of the hostile HTML became part of a page."""
    return "<script>" not in page and not re.search(r"<(b|i|img)\b", page)


async def test_unauthenticated_input_is_shown_as_text_on_every_page(
    leads: SimulatedLeads, context: Context, sign_in: SignIn, http: httpx.AsyncClient, hostile: str
) -> None:
    desk, manager = sign_in(hostile), sign_in(MORGAN)
    for path in ("/desk", "/desk/leads/ana", "/desk/leads/ana?done=%3Cscript%3E"):
        assert (await desk.open(path)).status_code == 200
        assert is_escaped(desk.page)
        assert EVIL in re.sub(r"\s+", " ", page_text(desk.page))
    await desk.act("ana", "accept")
    await desk.act("ana", "touch", channel=EVIL, note=EVIL)
    await desk.act("ana", "note", note=EVIL)
    await desk.act("ana", "hold", until="2026-03-04T09:30", why=EVIL)
    refused = [
        await desk.act("ana", "recycle", reason=EVIL, id=EVIL),
        await desk.act("ana", "done", task=EVIL),
        await desk.act("ana", "open_opportunity", amount=EVIL, currency=EVIL),
        await desk.act("ana", "hold", until=EVIL, why=EVIL),
        await desk.act("ana", EVIL),
    ]
    for answer in refused:
        assert answer.status_code in {409, 422}
        assert is_escaped(answer.text)
    context.people.absences.add(hostile, leads.clock.at.date(), leads.clock.at.date(), by=MORGAN)
    for path in ("/desk/team", "/desk/leads/ana"):
        assert (await manager.open(path)).status_code == 200
        assert is_escaped(manager.page)
    token = {"member": hostile, "first": EVIL, "last": EVIL}
    await manager.open("/desk/team")
    assert is_escaped((await manager.send("/desk/absences", **token)).text)
    invited = SqlDeskSessions(context.database).invite(hostile)
    for path in (f"/desk/in/{invited}", f"/desk/sign-in?to={quote(EVIL)}"):
        assert is_escaped((await http.get(path)).text)
    leads.event("ana", "form.submitted", "demo")
    for do in ("touch", "recycle"):
        path = leads.button("ana", hostile, do, why="hand_raise")
        for answer in (
            await http.get(path),
            await http.post(path, data={"reason": EVIL, "until": EVIL, "id": EVIL, "note": EVIL}),
        ):
            assert answer.status_code in {200, 422}
            assert is_escaped(answer.text)
    expected = await http.post(leads.button("ana", hostile, "accept"))
    assert "This was done already" in expected.text
    assert is_escaped(expected.text)


@pytest.mark.parametrize(
    "lead",
    [
        "%00",
        "a%00b",
        "%2e%2e%2f%2e%2e%2fteam",
        "..%2fteam",
        "%3Cscript%3E",
        "%22%3E%3Cimg%3E",
        "%ff%fe",
        "' OR 1=1 --",
        "%0d%0aSet-Cookie:%20a=b",
        "a" * 5_000,
        "Ana",
        "ana%20",
        "🦊",
    ],
)
async def test_a_hostile_name_in_a_path_finds_no_lead(
    leads: SimulatedLeads, sign_in: SignIn, lead: str
) -> None:
    leads.lead("ana")
    desk = sign_in(MORGAN)
    await desk.open("/desk/leads/ana")
    for answer in (
        await desk.open(f"/desk/leads/{lead}"),
        await desk.send(f"/desk/leads/{lead}/acts", do="accept"),
    ):
        assert answer.status_code in {403, 404}
        assert "<img" not in answer.text
        assert "set-cookie" not in answer.headers
    assert leads.asked == []


async def test_every_page_forbids_foreign_scripts_and_frames(
    leads: SimulatedLeads, context: Context, sign_in: SignIn, http: httpx.AsyncClient
) -> None:
    leads.lead("ana")
    owner = str(leads.state("ana").owner)
    button = leads.button("ana", owner, "accept")
    invited = SqlDeskSessions(context.database).invite(RILEY)
    manager, seller = sign_in(MORGAN), sign_in(SAM)
    pages = [
        await http.get("/desk/sign-in"),
        await http.post("/desk/sign-in", data={"email": RILEY}),
        await http.get("/desk/in/x"),
        await http.get(f"/desk/in/{invited}"),
        await http.get("/a/x"),
        await http.get(button),
        await http.post(button),
        await http.get(button),
        await manager.open("/desk"),
        await manager.open("/desk/team"),
        await manager.open("/desk/leads/ana"),
        await manager.open("/desk/leads/none"),
        await manager.http.post("/desk/leads/ana/acts"),
        await seller.open("/desk/team"),
    ]
    for one in pages:
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["referrer-policy"] == "same-origin"
        assert one.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"\son\w+=|\sstyle=|<style|<script>|javascript:", one.text)
        assert one.text.count("<h1>") == 1
        assert '<html lang="en">' in one.text


async def test_browsers_may_keep_the_style_sheet_and_the_script(http: httpx.AsyncClient) -> None:
    page = (await http.get("/desk/sign-in")).text
    names = re.findall(r'"(/desk/[0-9a-f]+\.(?:css|js))"', page)
    assert len(names) == 2
    for name in names:
        answer = await http.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert not answer.headers.get("set-cookie")


async def test_leads_are_listed_by_urgency(leads: SimulatedLeads, sign_in: SignIn) -> None:
    # There is one member, who gets all leads. Later leads are due later.
    teams = {**PEOPLE["teams"], "sdr": {"manager": MORGAN, "members": [{"email": RILEY}]}}
    leads.context.people.apply(Directory.model_validate({"teams": teams}))
    desk = sign_in(RILEY)
    leads.lead("zoe")
    leads.wait("zoe", hours=2)  # nobody else can get it after the breach, so it is recycled
    leads.lead("cy")
    await leads.act("cy", "accept", {"by": RILEY})
    await leads.act("cy", "touch", {"by": RILEY, "channel": "call"})
    leads.lead("bo")  # who asks for a demo is to be accepted within the hour
    page = page_text((await desk.open("/desk")).text)
    assert page.index("New 1 Bo") < page.index("Due later 1 Cy")
    assert "Zoe" not in page
    leads.wait("cy", days=30)
    assert "Overdue 2 Bo" in page_text((await desk.open("/desk")).text)


async def test_a_person_without_leads_sees_a_sentence_that_says_so(sign_in: SignIn) -> None:
    desk: DeskBrowser = sign_in(RILEY)
    await desk.open("/desk")
    assert "You have no leads now." in desk.page


async def test_the_desk_shows_errors_as_pages(
    leads: SimulatedLeads, sign_in: SignIn, context: Context, http: httpx.AsyncClient
) -> None:
    desk = sign_in(MORGAN)
    for path in ("/desk/nothing", "/desk/leads/a/b", "/desk/leads/", "/a/", "/a/x/y"):
        answer = await desk.open(path)
        assert (answer.status_code, "There is no such page." in answer.text) == (404, True)
    upload = await desk.http.post("/desk/sign-in", files={"email": b"x"})
    assert (upload.status_code, "missing in this form" in upload.text) == (422, True)
    broken = await desk.http.post("/desk/sign-in", content=b"\xff", headers={"content-type": "x"})
    assert broken.headers["content-type"] == "text/html; charset=utf-8"
    leads.lead("ana")
    with context.database.write() as connection:
        connection.exec_driver_sql("UPDATE leads SET state = '{}'")
    with capture_logs() as logged:
        damaged = await desk.open("/desk/leads/ana")
    assert (damaged.status_code, "it was logged" in damaged.text) == (500, True)
    assert [one["event"] for one in logged] == ["request failed"]
    with context.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE desk_sessions")
    away = await desk.open("/desk")
    assert (away.status_code, "Nothing was done" in away.text) == (503, True)
    # Clients of the API still get problem documents.
    assert (await http.get("/v1/nothing")).headers["content-type"] == "application/problem+json"
