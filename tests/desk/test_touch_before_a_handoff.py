"""A touch before a handoff: anybody in the directory logs it, also who may not see the lead."""

from __future__ import annotations

from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import JONAS, SimulatedLeads, hidden_value, page_text


async def test_a_salesperson_logs_a_call_before_the_handoff(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    desk = sign_in(JONAS)
    assert (await desk.open("/desk/leads/ana")).status_code == 404
    await desk.open("/desk")
    assert "still with marketing" in desk.page
    fields = {"token": hidden_value(desk.page, "token"), "do": "touch", "channel": "call"}
    for named in ("ana", leads.state("ana").profile["email"].upper()):
        done = await desk.send("/desk/touch", lead=named, note="no answer", **fields)
        assert (done.status_code, done.headers["location"]) == (303, "/desk?done=touch")
    touched = leads.entries("ana", "touched")
    assert [(one["by"], one["channel"], "n" in one) for one in touched] == [
        (JONAS, "call", False)
    ] * 2
    assert (await desk.open("/desk/leads/ana")).status_code == 404


async def test_what_is_with_sales_or_unknown_is_not_touched_by_strangers(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    desk = sign_in(JONAS)
    await desk.open("/desk")
    fields = {"token": hidden_value(desk.page, "token"), "do": "touch", "channel": "call"}
    said = [await desk.send("/desk/touch", lead=one, **fields) for one in ("ana", "nobody")]
    assert [one.status_code for one in said] == [404, 404]
    assert "There is no lead 'nobody' that is yours or with marketing" in page_text(said[1].text)
    assert page_text(said[0].text).replace("ana", "nobody") == page_text(said[1].text)
    assert leads.entries("ana", "touched") == []
