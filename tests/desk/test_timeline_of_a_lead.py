"""The timeline on a lead's page: a choice of what it shows, pages, notes, doors, words of sales."""

from __future__ import annotations

from lifecycle.sales_words import STAGE_WORDS
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import MORGAN, SimulatedLeads, page_text


async def test_the_page_shows_what_matters_and_everything_on_request(
    sign_in: SignIn, owner: str
) -> None:
    desk = sign_in(owner)
    await desk.act("ana", "accept")
    await desk.act("ana", "note", note="First line\r\nsecond line")
    await desk.open("/desk/leads/ana")
    text = page_text(desk.page)
    assert "Today" in text
    assert "at the desk" in text
    assert '<p class="note">First line\r\nsecond line</p>' in desk.page
    assert "Handoff 1 to sdr" not in text
    assert "Stage New → Accepted" not in text
    await desk.open("/desk/leads/ana?show=all")
    everything = page_text(desk.page)
    assert "Handoff 1 to sdr" in everything
    assert "Stage New → Accepted" in everything
    await desk.open("/desk/leads/ana?show=mail")
    assert "Accepted by" not in page_text(desk.page)
    assert (await desk.open("/desk/leads/ana?show=nothing")).status_code == 422


async def test_older_entries_are_a_page_away(leads: SimulatedLeads, sign_in: SignIn) -> None:
    leads.lead("ana")
    for number in range(55):
        leads.event("ana", "page.viewed", f"/guide/{number}")
    desk = sign_in(MORGAN)
    await desk.open("/desk/leads/ana?show=lead")
    assert "/guide/54" in desk.page.partition('id="timeline"')[2]
    assert "/guide/1," not in page_text(desk.page)
    older = desk.page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    await desk.open(older)
    assert "Looked at /guide/1," in page_text(desk.page)
    assert "Newest entries" in page_text(desk.page)


async def test_a_refusal_and_a_badge_are_in_the_words_of_sales(sign_in: SignIn, owner: str) -> None:
    desk = sign_in(owner)
    await desk.open("/desk/leads/ana")
    assert f'<span class="badge">{STAGE_WORDS["mql"]}</span>' in desk.page
    await desk.act("ana", "qualify")
    assert "“Qualify” is for a lead that is “Accepted”; this one is “New” now." in page_text(
        desk.page
    )


async def test_a_person_is_not_offered_the_reasons_of_the_machine(
    sign_in: SignIn, owner: str
) -> None:
    desk = sign_in(owner)
    await desk.open("/desk/leads/ana")
    assert '<option value="no_budget">no budget</option>' in desk.page
    for reason in ("not_worked", "gone_cold", "recycled_out"):
        assert f'value="{reason}"' not in desk.page
    assert (await desk.act("ana", "recycle", reason="not_worked")).status_code == 303
