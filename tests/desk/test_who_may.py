"""Whose leads one sees and acts on, and from where."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from adapters.sql.desk_sessions import SqlDeskSessions
from gateway.web.session import form_token
from tests.desk.conftest import Seats
from tests.desk.lived_leads import (
    ALEX,
    JONAS,
    MARA,
    MORGAN,
    RILEY,
    SAM,
    SESSION,
    LivedLeads,
    hidden,
    text,
)
from usecases.context import Context


@pytest.mark.parametrize("stranger", [JONAS, MARA, ALEX])
async def test_a_lead_of_another_team_is_like_one_that_is_not_there(
    office: LivedLeads, at_desk: Seats, stranger: str
) -> None:
    office.lead("ana")
    seat = at_desk(stranger)
    own = await seat.open("/desk/leads/ana")
    none = await seat.open("/desk/leads/nobody")
    assert own.status_code == none.status_code
    assert "'ana'" in text(own.text)
    assert own.text.replace("ana", "nobody") == none.text
    assert own.status_code == 404
    assert "Northwind" not in (await seat.open("/desk")).text


@pytest.mark.parametrize("stranger", [JONAS, MARA, ALEX])
@pytest.mark.parametrize("do", ["accept", "note", "reassign", "recycle"])
async def test_nobody_of_another_team_acts_on_a_lead(
    office: LivedLeads, at_desk: Seats, stranger: str, do: str
) -> None:
    office.lead("ana")
    seat = at_desk(stranger)
    office.lead("dora", country="DE")
    await seat.open("/desk")
    token = hidden(seat.page, "token") or form_token(seat.http.cookies[SESSION])
    fields = {"token": token, "do": do, "note": "x", "to": JONAS, "reason": "not_now"}
    answer = await seat.send("/desk/leads/ana/acts", **fields)
    nothing = await seat.send("/desk/leads/nobody/acts", **fields)
    assert answer.status_code == nothing.status_code
    assert answer.text.replace("ana", "nobody") == nothing.text
    assert answer.status_code == 404
    assert office.asked == []


async def test_a_form_can_t_name_another_person_than_who_is_signed_in(
    office: LivedLeads, at_desk: Seats
) -> None:
    office.lead("ana")
    owner = str(office.state("ana").owner)
    other = SAM if owner == RILEY else RILEY
    seat = at_desk(other)
    await seat.open("/desk/leads/ana")
    token = form_token(seat.http.cookies[SESSION])
    answer = await seat.send("/desk/leads/ana/acts", token=token, do="accept", by=owner)
    assert answer.status_code == 409
    assert f"not for {other}" in answer.text
    assert office.told("ana", "accepted") == []


async def test_colleagues_see_a_lead_and_are_told_who_may_act(
    office: LivedLeads, at_desk: Seats
) -> None:
    office.lead("ana")
    owner = str(office.state("ana").owner)
    seat = at_desk(SAM if owner == RILEY else RILEY)
    await seat.open("/desk/leads/ana")
    assert f"{owner} or {MORGAN} may act on this lead." in text(seat.page)
    assert 'name="do"' not in seat.page


async def test_the_team_s_page_is_for_managers(at_desk: Seats) -> None:
    seat = at_desk(RILEY)
    assert (await seat.open("/desk/team")).status_code == 403
    assert "for managers" in seat.page
    assert (await at_desk(MORGAN).open("/desk/team")).status_code == 200


async def test_a_manager_sees_the_leads_of_their_teams_and_of_no_other(
    office: LivedLeads, at_desk: Seats
) -> None:
    office.lead("ana")
    office.lead("dora", country="DE")
    morgan, mara = at_desk(MORGAN), at_desk(MARA)
    await morgan.open("/desk/team")
    await mara.open("/desk/team")
    assert "Ana" in morgan.page
    assert "Dora" not in morgan.page
    assert "Jonas" not in morgan.page
    assert "Dora" in mara.page
    assert "Ana" not in mara.page


async def test_days_away_are_entered_for_members_of_one_s_own_teams(
    context: Context, at_desk: Seats
) -> None:
    seat = at_desk(MORGAN)
    days = {"first": "2026-03-09", "last": "2026-03-13"}
    for member in (JONAS, MARA, "nobody@acme.example", ""):
        await seat.open("/desk/team")
        assert (await seat.send("/desk/absences", member=member, **days)).status_code == 403
    assert context.people.absences.all() == []
    await seat.open("/desk/team")
    assert (await seat.send("/desk/absences", member=RILEY, **days)).status_code == 303
    (entered,) = context.people.absences.all()
    assert (entered.member, entered.by) == (RILEY, MORGAN)
    mara = at_desk(MARA)
    await mara.open("/desk/team")
    assert (await mara.send("/desk/absences", do="remove", member=RILEY, **days)).status_code == 403
    assert len(context.people.absences.all()) == 1
    await seat.open("/desk/team")
    assert f"{RILEY}, 2026-03-09 to 2026-03-13" in text(seat.page)
    assert (await seat.send("/desk/absences", do="remove", member=RILEY, **days)).status_code == 303
    assert context.people.absences.all() == []


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-03-13", "2026-03-09", "ends before it begins"),
        ("soon", "2026-03-09", "'soon' is not a day"),
        ("", "", "'' is not a day"),
    ],
)
async def test_days_that_are_none_are_refused_with_a_sentence(
    context: Context, at_desk: Seats, first: str, last: str, said: str
) -> None:
    seat = at_desk(MORGAN)
    await seat.open("/desk/team")
    answer = await seat.send("/desk/absences", member=RILEY, first=first, last=last)
    assert answer.status_code == 422
    assert said in text(answer.text)
    assert context.people.absences.all() == []
    assert (await seat.open("/desk/absences")).headers["location"] == "/desk/team"


async def test_a_sales_person_enters_nobody_s_days(context: Context, at_desk: Seats) -> None:
    seat = at_desk(RILEY)
    token = form_token(seat.http.cookies[SESSION])
    answer = await seat.send("/desk/absences", token=token, member=SAM, first="2026-03-09")
    assert answer.status_code == 403
    assert context.people.absences.all() == []


async def test_days_that_are_over_are_not_shown(context: Context, at_desk: Seats) -> None:
    for first in (date(2026, 2, 1), date(2026, 3, 2)):
        context.people.absences.add(RILEY, first, first, by=MORGAN)
    page = text((await at_desk(MORGAN).open("/desk/team")).text)
    assert "2026-03-02 to 2026-03-02" in page
    assert "2026-02-01" not in page


SITES = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("headers", SITES)
async def test_a_form_from_another_site_does_nothing(
    office: LivedLeads, context: Context, at_desk: Seats, headers: dict[str, str]
) -> None:
    office.lead("ana")
    seat = at_desk(MORGAN)
    await seat.open("/desk/leads/ana")
    seat.headers = headers
    answer = await seat.send("/desk/leads/ana/acts", do="accept")
    assert answer.status_code == 403
    assert "another site" in answer.text
    days = {"member": RILEY, "first": "2026-03-09", "last": "2026-03-09"}
    assert (await seat.http.post("/desk/absences", data=days, headers=headers)).status_code == 403
    assert (await seat.http.post("/desk/sign-out", headers=headers)).status_code == 403
    secret = SqlDeskSessions(context.database).invite(JONAS)
    assert (await seat.http.post(f"/desk/in/{secret}", headers=headers)).status_code == 403
    asked = await seat.http.post("/desk/sign-in", data={"email": RILEY}, headers=headers)
    assert asked.status_code == 403
    assert office.asked == []
    assert context.people.absences.all() == []
    assert context.mailer.sent == []  # type: ignore[attr-defined]  # a fake
    assert (await seat.open("/desk/team")).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://go.acme.example"}]
)
async def test_a_form_of_the_desk_is_believed(
    office: LivedLeads, at_desk: Seats, headers: dict[str, str]
) -> None:
    office.lead("ana")
    seat = at_desk(MORGAN)
    await seat.open("/desk/leads/ana")
    seat.headers = headers
    answer = await seat.send("/desk/leads/ana/acts", do="accept")
    assert answer.status_code == 303
    assert office.state("ana").owner == MORGAN


async def test_a_form_needs_the_token_of_its_own_session(
    office: LivedLeads, at_desk: Seats
) -> None:
    office.lead("ana")
    seat, other = at_desk(MORGAN), at_desk(MORGAN)
    await other.open("/desk/leads/ana")
    await seat.open("/desk/leads/ana")
    for token in ("", "x", "é", hidden(other.page, "token")):
        answer = await seat.send("/desk/leads/ana/acts", token=token, do="accept")
        assert answer.status_code == 403
        assert "not from your desk" in answer.text
    assert office.asked == []


async def test_without_a_session_nothing_is_done(
    office: LivedLeads, http: httpx.AsyncClient
) -> None:
    office.lead("ana")
    for path in ("/desk/leads/ana/acts", "/desk/absences"):
        answer = await http.post(path, data={"do": "accept", "token": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
    assert office.asked == []
