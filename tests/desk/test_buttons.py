"""The buttons of alerts: one act, for the person that the alert went to, about one handoff."""

from __future__ import annotations

import httpx

from adapters.mail.alert_card import ACTIONS
from adapters.temporal.client import TemporalUnavailableError
from models.directory import Directory
from tests.desk.lived_leads import (
    ALEX,
    JONAS,
    MORGAN,
    PEOPLE,
    RILEY,
    SAM,
    LivedLeads,
    hidden,
    press,
    text,
)
from usecases.context import Context


def other(owner: str) -> str:
    return SAM if owner == RILEY else RILEY


async def test_a_button_shows_its_act_and_does_it_when_it_is_sent(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    ready = await http.get(path)
    assert ready.status_code == 200
    assert f"You act as {owner}." in text(ready.text)
    assert "Accept by Mon 14:00 EST" in text(ready.text)
    done = await press(http, path)
    assert (done.status_code, "Accepted." in done.text) == (200, True)
    ((lead, do, fields),) = leads.asked
    assert (lead, do, fields["by"]) == ("ana", "accept", owner)


async def test_what_scanners_do_to_a_button_does_nothing(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    for ask in (http.get, http.head, http.options):
        for _ in range(3):
            await ask(path)
    assert leads.asked == []
    assert leads.state("ana").stage == "mql"


async def test_a_second_click_says_what_was_done_by_whom_and_when(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await press(http, path)
    leads.wait("ana", minutes=20)
    for again in (await http.get(path), await http.post(path)):
        assert again.status_code == 200
        said = text(again.text)
        assert "This was done already." in said
        assert f"Accepted by {owner}" in said
        assert "Mon 09:00 EST" in said
    assert len(leads.asked) == 1


async def test_a_button_says_so_when_its_lead_was_given_back(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "recycle", {"by": owner, "reason": "not_now"})
    answer = await press(http, path)
    assert answer.status_code == 200
    assert "The lead has moved on since this mail." in text(answer.text)
    assert "recycled (not now)" in text(answer.text)
    assert "/desk/leads/" not in answer.text  # it is theirs no more
    assert len(leads.asked) == 1


async def test_a_button_says_so_when_its_lead_is_somebody_else_s(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "reassign", {"by": MORGAN, "to": other(owner)})
    answer = await press(http, path)
    assert "The lead is somebody else's now." in text(answer.text)
    assert f"Given to {other(owner)}" in text(answer.text)
    assert leads.state("ana").stage == "mql"


async def test_a_button_does_not_act_on_a_later_handoff_of_the_same_person(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "recycle", {"by": owner, "reason": "not_now"})
    leads.wait("ana", days=91)
    leads.event("ana", "form.submitted", "demo")
    if leads.state("ana").owner != owner:
        await leads.act("ana", "reassign", {"by": MORGAN, "to": owner})
    assert leads.state("ana").owner == owner
    answer = await press(http, path)
    assert "moved on" in text(answer.text)
    assert leads.state("ana").stage == "mql"
    assert (await press(http, leads.button("ana", owner, "accept"))).status_code == 200
    assert leads.state("ana").stage == "sal"


async def test_a_button_of_who_left_acts_for_nobody(
    http: httpx.AsyncClient, leads: LivedLeads, context: Context, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    rest = [one for one in PEOPLE["teams"]["sdr"]["members"] if one["email"] != owner]
    teams = {**PEOPLE["teams"], "sdr": {"manager": MORGAN, "members": rest}}
    context.people.apply(Directory.model_validate({"teams": teams}))
    for answer in (await http.get(path), await http.post(path)):
        assert answer.status_code == 403
        assert "in no team any more" in answer.text
        assert "Ana" not in answer.text
    assert leads.asked == []


async def test_a_button_of_who_changed_teams_acts_on_nothing_of_the_old_one(
    http: httpx.AsyncClient, leads: LivedLeads, context: Context, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "reassign", {"by": MORGAN, "to": other(owner)})
    sdr = [one for one in PEOPLE["teams"]["sdr"]["members"] if one["email"] != owner]
    teams = {
        **PEOPLE["teams"],
        "sdr": {"manager": MORGAN, "members": sdr},
        "emea": {"manager": "mara@acme.example", "members": [{"email": owner}]},
    }
    context.people.apply(Directory.model_validate({"teams": teams}))
    await press(http, path)
    assert leads.state("ana").stage == "mql"


async def test_what_a_form_says_of_person_lead_and_act_is_not_believed(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    leads.lead("dora", country="DE")
    path = leads.button("ana", owner, "accept")
    forged = {"by": MORGAN, "lead": "dora", "do": "recycle", "reason": "not_now", "handoff": "7"}
    assert (await press(http, path, **forged)).status_code == 200
    ((lead, do, fields),) = leads.asked
    assert (lead, do, fields["by"]) == ("ana", "accept", owner)
    assert leads.state("dora").owner == JONAS


async def test_a_manager_reassigns_by_the_same_button_more_than_once(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    leads.wait("ana", hours=5)  # the clock has run out, and the other has the lead
    assert leads.state("ana").owner == other(owner)
    path = leads.button("ana", MORGAN, "reassign", why="breached")
    for to in (owner, other(owner), owner):
        done = await press(http, path, to=to)
        assert "Reassigned." in text(done.text)
        assert leads.state("ana").owner == to


async def test_a_touch_is_logged_again_by_the_same_button_but_a_double_click_once(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    await leads.act("ana", "accept", {"by": owner})
    leads.event("ana", "form.submitted", "demo")
    path = leads.button("ana", owner, "touch", why="hand_raise")
    ready = await http.get(path)
    form = {"channel": "call", "id": hidden(ready.text, "id")}
    for _ in range(2):
        assert (await http.post(path, data=form)).status_code == 200
    assert len(leads.told("ana", "touched")) == 1
    await press(http, path, channel="email")
    assert len(leads.told("ana", "touched")) == 2


async def test_a_refused_button_keeps_what_was_written(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    await leads.act("ana", "accept", {"by": owner})
    leads.event("ana", "form.submitted", "demo")
    path = leads.button("ana", owner, "recycle", why="hand_raise")
    refused = await press(http, path, reason="no_response", until="2026-05-01T09:00")
    assert refused.status_code == 409
    assert "needs 6 touches" in text(refused.text)
    assert '<option value="no_response" selected>' in refused.text
    assert 'value="2026-05-01T09:00"' in refused.text
    wrong = await press(http, path, reason="not_now", until="soon")
    assert wrong.status_code == 422
    assert "'soon' is not a day and a time" in text(wrong.text)
    done = await press(http, path, reason="not_now")
    assert "Given back to marketing." in text(done.text)


async def test_a_button_that_nobody_answers_is_pressed_again_as_the_same_act(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    leads.failures.append(TemporalUnavailableError("away"))
    away = await press(http, path)
    assert away.status_code == 503
    assert "Press the button again" in away.text
    done = await http.post(path, data={"id": hidden(away.text, "id")})
    assert "Accepted." in done.text


async def test_who_was_slower_reads_who_was_faster(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    leads.overtaking = {"by": MORGAN, "id": "faster"}
    answer = await press(http, path)
    assert answer.status_code == 200
    assert f"This was done already. Accepted by {MORGAN}" in text(answer.text)
    assert len(leads.told("ana", "accepted")) == 1


async def test_a_second_handoff_has_its_own_buttons(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    first = leads.button("ana", owner, "accept")
    await leads.act("ana", "accept", {"by": owner})
    await leads.act("ana", "qualify", {"by": owner})
    second = leads.button("ana", ALEX, "accept")
    assert f"Accepted by {owner}" in text((await http.get(first)).text)
    assert (await press(http, second)).status_code == 200
    assert [one["by"] for one in leads.told("ana", "accepted")] == [owner, ALEX]


def test_the_places_of_actions_never_change() -> None:
    assert ACTIONS == ("accept", "touch", "qualify", "recycle", "reassign")
