"""My week, the team's questions about absences, saved views, and where people land."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from adapters.reports.desk_queue import Pulse, QueueDay, SqlQueues, queue_of
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.sql.desk_views import MOST_VIEWS, SqlDeskViews
from gateway.desk.live import pulses
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    MARA,
    MORGAN,
    RILEY,
    SimulatedLeads,
    colleague_of,
    page_text,
)
from tests.desk.test_pages import EVIL, is_escaped
from tests.desk.test_queue import NUMBER
from usecases.context import Context


async def test_every_number_of_my_week_is_the_length_of_its_list(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    desk = sign_in(owner)
    await leads.act("ana", "accept", {"by": owner})
    for channel in ("call", "email"):
        await leads.act("ana", "touch", {"by": owner, "channel": channel})
    await leads.act("ana", "qualify", {"by": owner})
    week = (await desk.open("/desk/week")).text
    assert "Accepted 1 Touches logged 2 Qualified and handed on 1 Won 0" in page_text(week)
    for path, number in NUMBER.findall(week):
        listed = (await desk.open(html.unescape(path))).text
        assert listed.count('<th scope="row"') == int(number)
    # Another team has the lead now: its name is not for this person any more.
    listed = page_text((await desk.open(html.unescape(NUMBER.findall(week)[1][0]))).text)
    assert "a lead that sales does not have any more" in listed
    assert "Northwind" not in listed
    leads.clock.at += timedelta(days=7)
    assert "Accepted 0" in page_text((await desk.open("/desk/week")).text)
    assert "Accepted 1" in page_text((await desk.open("/desk/week?ago=1")).text)


async def test_what_people_did_is_for_them_and_for_their_managers(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    await leads.act("ana", "accept", {"by": owner})
    path = f"/desk/week/accepted?first=2026-03-02&until=2026-03-09&person={quote(owner)}"
    for person, status in (
        (owner, 200),
        (MORGAN, 200),
        (colleague_of(owner), 404),
        (MARA, 404),
        (JONAS, 404),
    ):
        answer = await sign_in(person).open(path)
        assert (answer.status_code, "Ana" in answer.text) == (status, status == 200)
    desk = sign_in(owner)
    for bad in (
        "nothing?first=2026-03-02&until=2026-03-09",
        "won?first=2026-03-02&until=2026-03-02",
    ):
        assert (await desk.open(f"/desk/week/{bad}")).status_code == 404
    for bad in ("?first=x&until=2026-03-09", "?first=0001-01-01&until=9999-12-31", ""):
        assert (await desk.open(f"/desk/week/won{bad}")).status_code in {200, 404, 422}


async def test_who_enters_days_away_is_asked_about_the_person_s_open_leads(
    sign_in: SignIn, owner: str
) -> None:
    morgan = sign_in(MORGAN)
    await morgan.open("/desk/team")
    days = {"first": "2026-03-09", "last": "2026-03-13"}
    answer = await morgan.send("/desk/absences", member=owner, **days)
    assert answer.headers["location"].startswith("/desk/team?owner=")
    page = (await morgan.open(answer.headers["location"])).text
    assert "has 1 open lead and is away for some days" in page_text(page)
    assert re.search(r'value="ana" aria-label="Select Ana" checked', page)
    other = colleague_of(owner)
    answer = await morgan.send("/desk/absences", member=other, **days)
    assert answer.headers["location"] == "/desk/team"


async def test_a_view_is_saved_under_a_name_replaced_and_removed(
    context: Context, sign_in: SignIn
) -> None:
    desk = sign_in(RILEY)
    await desk.open("/desk?group=new&sort=score")
    for name, back in (("Hot ones", "/desk?sort=score&group=new"), (EVIL[:40], "//evil.example")):
        assert (await desk.send("/desk/views", name=name, back=back)).status_code == 303
    assert is_escaped((await desk.open("/desk?group=new&sort=score")).text)
    assert '<a href="/desk?group=new&amp;sort=score" aria-current="true">Hot ones</a>' in desk.page
    views = SqlDeskViews(context.database)
    assert views.of(RILEY)["Hot ones"] == "/desk?group=new&sort=score"
    assert set(views.of(RILEY).values()) <= {"/desk", "/desk?group=new&sort=score"}
    assert "Hot ones" not in (await sign_in(colleague_of(RILEY)).open("/desk")).text
    assert (await desk.send("/desk/views", name=" ", back="/desk")).status_code == 422
    await desk.open("/desk")
    await desk.send("/desk/views", name="Hot ones", back="/desk", do="remove")
    assert "Hot ones" not in views.of(RILEY)
    foreign = {"token": "x", "name": "a", "back": "/desk"}
    assert (await desk.send("/desk/views", **foreign)).status_code == 403
    for number in range(MOST_VIEWS - 1):
        views.save(RILEY, f"view {number}", "/desk")
    with pytest.raises(ValueError, match="remove one first"):
        views.save(RILEY, "one more", "/desk")
    views.save(RILEY, "view 1", "/desk?q=x")


async def test_a_manager_lands_on_the_team_and_everybody_else_on_their_leads(
    context: Context, sign_in: SignIn
) -> None:
    for person, to, expected in (
        (MORGAN, "/desk", "/desk/team"),
        (MORGAN, "/desk/leads/ana", "/desk/leads/ana"),
        (RILEY, "/desk", "/desk"),
    ):
        http = sign_in(person).http
        secret = SqlDeskSessions(context.database).invite(person)
        answer = await http.post(f"/desk/in/{secret}", data={"to": to})
        assert answer.headers["location"] == expected


async def test_a_stream_says_at_once_how_a_queue_stands_and_then_only_what_changed(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    looks = 0

    def look() -> Pulse:
        nonlocal looks
        looks += 1
        if looks == 3:
            leads.wait("ana", minutes=61)
        day = QueueDay.of(leads.clock.at, ZoneInfo("UTC"))
        return SqlQueues(leads.context.database).pulse(queue_of(owner), day)

    async def gone() -> bool:
        return looks >= 3

    said = [one async for one in pulses(look, gone, every=0)]
    assert said[0] == "retry: 3000\n\n"
    assert '"new": 1, "overdue": 0' in said[1]
    assert said[2] == ":\n\n"
    assert said[3].startswith("data: ")
    assert "ana" not in "".join(said)
    assert (await sign_in(owner).open("/desk/live/team")).status_code == 403
