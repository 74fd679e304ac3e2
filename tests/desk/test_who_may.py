"""Who may see a lead and act on it, and from which sites a form is accepted."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from adapters.sql.desk_sessions import SqlDeskSessions
from gateway.web.desk_session import form_token
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    ALEX,
    JONAS,
    MARA,
    MORGAN,
    RILEY,
    SAM,
    SESSION,
    SimulatedLeads,
    hidden_value,
    page_text,
)
from usecases.context import Context


@pytest.mark.parametrize("outsider", [JONAS, MARA, ALEX])
async def test_a_lead_of_another_team_looks_like_a_missing_lead(
    leads: SimulatedLeads, sign_in: SignIn, outsider: str
) -> None:
    leads.lead("ana")
    desk = sign_in(outsider)
    own = await desk.open("/desk/leads/ana")
    none = await desk.open("/desk/leads/nobody")
    assert own.status_code == none.status_code
    assert "'ana'" in page_text(own.text)
    assert own.text.replace("ana", "nobody") == none.text
    assert own.status_code == 404
    assert "Northwind" not in (await desk.open("/desk")).text


@pytest.mark.parametrize("outsider", [JONAS, MARA, ALEX])
@pytest.mark.parametrize("do", ["accept", "note", "reassign", "recycle"])
async def test_nobody_of_another_team_acts_on_a_lead(
    leads: SimulatedLeads, sign_in: SignIn, outsider: str, do: str
) -> None:
    leads.lead("ana")
    desk = sign_in(outsider)
    leads.lead("dora", country="DE")
    await desk.open("/desk")
    token = hidden_value(desk.page, "token") or form_token(desk.http.cookies[SESSION])
    fields = {"token": token, "do": do, "note": "x", "to": JONAS, "reason": "not_now"}
    answer = await desk.send("/desk/leads/ana/acts", **fields)
    nothing = await desk.send("/desk/leads/nobody/acts", **fields)
    assert answer.status_code == nothing.status_code
    assert answer.text.replace("ana", "nobody") == nothing.text
    assert answer.status_code == 404
    assert leads.asked == []


async def test_a_form_can_t_act_in_another_person_s_name(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    owner = str(leads.state("ana").owner)
    other = SAM if owner == RILEY else RILEY
    desk = sign_in(other)
    await desk.open("/desk/leads/ana")
    token = form_token(desk.http.cookies[SESSION])
    answer = await desk.send("/desk/leads/ana/acts", token=token, do="accept", by=owner)
    assert answer.status_code == 409
    assert f"not for {other}" in answer.text
    assert leads.entries("ana", "accepted") == []


async def test_colleagues_see_a_lead_and_read_who_may_act(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    owner = str(leads.state("ana").owner)
    desk = sign_in(SAM if owner == RILEY else RILEY)
    await desk.open("/desk/leads/ana")
    name = "Riley" if owner == RILEY else "Sam"
    assert f"{name} or {MORGAN} may act on this lead." in page_text(desk.page)
    assert 'name="do"' not in desk.page


async def test_the_team_s_page_is_for_managers(sign_in: SignIn) -> None:
    desk = sign_in(RILEY)
    assert (await desk.open("/desk/team")).status_code == 403
    assert "for managers" in desk.page
    assert (await sign_in(MORGAN).open("/desk/team")).status_code == 200


async def test_a_manager_sees_only_the_leads_of_their_teams(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    leads.lead("dora", country="DE")
    morgan, mara = sign_in(MORGAN), sign_in(MARA)
    await morgan.open("/desk/team")
    await mara.open("/desk/team")
    assert "Ana" in morgan.page
    assert "Dora" not in morgan.page
    assert "Jonas" not in morgan.page
    assert "Dora" in mara.page
    assert "Ana" not in mara.page


async def test_a_manager_enters_days_away_only_for_members_of_their_teams(
    context: Context, sign_in: SignIn
) -> None:
    desk = sign_in(MORGAN)
    days = {"first": "2026-03-09", "last": "2026-03-13"}
    for member in (JONAS, MARA, "nobody@acme.example", ""):
        await desk.open("/desk/team")
        assert (await desk.send("/desk/absences", member=member, **days)).status_code == 403
    assert context.people.absences.all() == []
    await desk.open("/desk/team")
    assert (await desk.send("/desk/absences", member=RILEY, **days)).status_code == 303
    (entered,) = context.people.absences.all()
    assert (entered.member, entered.by) == (RILEY, MORGAN)
    mara = sign_in(MARA)
    await mara.open("/desk/team")
    assert (await mara.send("/desk/absences", do="remove", member=RILEY, **days)).status_code == 403
    assert len(context.people.absences.all()) == 1
    await desk.open("/desk/team")
    assert f"{RILEY}, 2026-03-09 to 2026-03-13" in page_text(desk.page)
    assert (await desk.send("/desk/absences", do="remove", member=RILEY, **days)).status_code == 303
    assert context.people.absences.all() == []


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-03-13", "2026-03-09", "ends before it begins"),
        ("soon", "2026-03-09", "'soon' is not a day"),
        ("", "", "'' is not a day"),
    ],
)
async def test_malformed_days_are_refused_with_a_sentence(
    context: Context, sign_in: SignIn, first: str, last: str, expected: str
) -> None:
    desk = sign_in(MORGAN)
    await desk.open("/desk/team")
    answer = await desk.send("/desk/absences", member=RILEY, first=first, last=last)
    assert answer.status_code == 422
    assert expected in page_text(answer.text)
    assert context.people.absences.all() == []
    assert (await desk.open("/desk/absences")).headers["location"] == "/desk/team"


async def test_a_sales_person_can_t_enter_days_away(context: Context, sign_in: SignIn) -> None:
    desk = sign_in(RILEY)
    token = form_token(desk.http.cookies[SESSION])
    answer = await desk.send("/desk/absences", token=token, member=SAM, first="2026-03-09")
    assert answer.status_code == 403
    assert context.people.absences.all() == []


async def test_past_days_away_are_not_shown(context: Context, sign_in: SignIn) -> None:
    for first in (date(2026, 2, 1), date(2026, 3, 2)):
        context.people.absences.add(RILEY, first, first, by=MORGAN)
    page = page_text((await sign_in(MORGAN).open("/desk/team")).text)
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
    leads: SimulatedLeads, context: Context, sign_in: SignIn, headers: dict[str, str]
) -> None:
    leads.lead("ana")
    desk = sign_in(MORGAN)
    await desk.open("/desk/leads/ana")
    desk.headers = headers
    answer = await desk.send("/desk/leads/ana/acts", do="accept")
    assert answer.status_code == 403
    assert "another site" in answer.text
    days = {"member": RILEY, "first": "2026-03-09", "last": "2026-03-09"}
    assert (await desk.http.post("/desk/absences", data=days, headers=headers)).status_code == 403
    assert (await desk.http.post("/desk/sign-out", headers=headers)).status_code == 403
    secret = SqlDeskSessions(context.database).invite(JONAS)
    assert (await desk.http.post(f"/desk/in/{secret}", headers=headers)).status_code == 403
    asked = await desk.http.post("/desk/sign-in", data={"email": RILEY}, headers=headers)
    assert asked.status_code == 403
    assert leads.asked == []
    assert context.people.absences.all() == []
    assert context.mailer.sent == []  # type: ignore[attr-defined]  # a fake
    assert (await desk.open("/desk/team")).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://go.acme.example"}]
)
async def test_a_form_of_the_desk_is_accepted(
    leads: SimulatedLeads, sign_in: SignIn, headers: dict[str, str]
) -> None:
    leads.lead("ana")
    desk = sign_in(MORGAN)
    await desk.open("/desk/leads/ana")
    desk.headers = headers
    answer = await desk.send("/desk/leads/ana/acts", do="accept")
    assert answer.status_code == 303
    assert leads.state("ana").owner == MORGAN


async def test_a_form_needs_the_token_of_its_own_session(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    desk, other = sign_in(MORGAN), sign_in(MORGAN)
    await other.open("/desk/leads/ana")
    await desk.open("/desk/leads/ana")
    for token in ("", "x", "é", hidden_value(other.page, "token")):
        answer = await desk.send("/desk/leads/ana/acts", token=token, do="accept")
        assert answer.status_code == 403
        assert "not from your desk" in answer.text
    assert leads.asked == []


async def test_without_a_session_nothing_is_done(
    leads: SimulatedLeads, http: httpx.AsyncClient
) -> None:
    leads.lead("ana")
    for path, back in (("/desk/leads/ana/acts", "?to=/desk/leads/ana"), ("/desk/absences", "")):
        answer = await http.post(path, data={"do": "accept", "token": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/sign-in{back}")
    assert leads.asked == []
