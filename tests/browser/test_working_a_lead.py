"""What salespeople and their managers do in a day: mail, links, pages."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, expect

from tests.browser.conftest import At
from tests.browser.running_stack import JONAS, MARA, MORGAN, RILEY, RunningStack, button_url
from tests.waiting import until


async def choose(page: Page, form: str, **fields: str) -> None:
    """Open one of a lead's acts, fill it in and send it."""
    summary = page.locator("summary", has_text=form)
    if await summary.count() and not await page.locator("details[open]").count():
        await summary.click()
    shown = page.locator("form", has=page.get_by_role("button", name=form, exact=True))
    for name, value in fields.items():
        field = shown.locator(f"[name={name}]")
        if await field.evaluate("one => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await shown.get_by_role("button").click()


async def test_a_lead_is_accepted_from_the_mail_s_link_and_given_back_after_six_touches(
    stack: RunningStack, at: At
) -> None:
    owner = (await stack.hand_over_lead("ana")).owner
    page = await at()
    # The mail's button: the act, ready to be done.
    await page.goto(await stack.button("ana", "Accept"))
    await expect(page.get_by_text(f"You act as {owner}.")).to_be_visible()
    await expect(page.get_by_text("asked for sales: sent the form demo")).to_be_visible()
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("status")).to_have_text("Accepted.")
    # To the desk, by a link that comes by mail.
    await page.get_by_role("link", name="Open the desk").click()
    await page.get_by_label("Your work address").fill(str(owner))
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("heading")).to_have_text("Check your mail")
    await page.goto(await stack.sign_in_link(str(owner)))
    await page.get_by_role("button", name="Sign in for today").click()
    await expect(page).to_have_url(re.compile("/desk/leads/ana$"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ana Lopez")
    # One touch is too few to recycle the lead as unanswered. With five more, it is recycled.
    await choose(page, "Log a touch", channel="call", note="left a message")
    await expect(page.get_by_role("status")).to_have_text("Touch logged.")
    await expect(page.get_by_text("Touch 1 by call")).to_be_visible()
    await choose(page, "Give back to marketing", reason="no_response")
    await expect(page.get_by_role("alert")).to_have_text(
        "Recycling for no_response needs 6 touches in this handoff; 1 is logged."
    )
    await expect(page.locator("#recycle-reason")).to_have_value("no_response")
    for number in range(2, 7):
        await choose(page, "Log a touch", channel="email")
        await expect(page.get_by_text(f"Touch {number} by email")).to_be_visible()
    await choose(page, "Give back to marketing", reason="no_response")
    await expect(page.get_by_role("status")).to_have_text("Given back to marketing.")
    await expect(page.get_by_role("heading", level=1)).to_have_text("My leads")
    line = await stack.lead_line("ana", lambda one: one.stage == "recycled")
    assert line.owner is None
    assert [one["reason"] for one in stack.timeline("ana", "recycled")] == ["no_response"]


async def test_a_manager_reassigns_a_breached_lead(stack: RunningStack, at: At) -> None:
    first = (await stack.hand_over_lead("bo", "hasty")).owner
    await stack.lead_line("bo", lambda one: one.breached)
    (mail,) = await until(lambda: list(stack.alerts("bo", "breached")))
    assert mail["To"] == MORGAN
    page = await at(MORGAN)
    await page.goto("/desk/team")
    overdue = page.locator("section", has=page.get_by_role("heading", name="Overdue"))
    card = overdue.locator(".card", has_text="Bo Lopez")
    await expect(card.get_by_text("Accept was due")).to_be_visible()
    await card.get_by_role("button", name="Give to … Bo Lopez").click()
    chosen = card.get_by_label("To", exact=True)
    await expect(chosen.locator("option", has_text=str(first).split("@")[0].title())).to_have_count(
        0
    )
    await chosen.select_option(index=1)
    await card.get_by_role("button", name="Reassign").click()
    await expect(page.get_by_role("status")).to_contain_text("Reassigned.")
    second = (await stack.lead_line("bo", lambda one: one.owner != first)).owner
    alerts_of_second = await until(
        lambda: [one for one in stack.alerts("bo", "assigned") if one["To"] == second]
    )
    assert button_url(alerts_of_second[-1], "Accept")
    (lost,) = await until(lambda: list(stack.alerts("bo", "reassigned")))
    assert lost["To"] == first


async def test_of_two_people_who_accept_in_the_same_second_one_wins_and_the_other_reads_who(
    stack: RunningStack, at: At
) -> None:
    await stack.hand_over_lead("cleo", country="DE", consent=True)
    owner, manager = await at(), await at(MARA)
    await owner.goto(await stack.button("cleo", "Accept"))
    await manager.goto("/desk/leads/cleo")
    async with owner.expect_navigation(), manager.expect_navigation():
        await asyncio.gather(
            owner.get_by_role("button", name="Accept").click(),
            manager.get_by_role("button", name="Accept").click(),
        )
    (accepted,) = stack.timeline("cleo", "accepted")
    status = owner.get_by_role("status")
    if accepted["by"] == JONAS:
        await expect(status).to_have_text("Accepted.")
        await expect(manager.get_by_role("alert")).to_contain_text(f"was accepted by {JONAS}")
    else:
        assert accepted["by"] == MARA
        await expect(manager.get_by_role("status")).to_have_text("Accepted.")
        await expect(status).to_contain_text(f"This was done already. Accepted by {MARA}")


async def test_a_manager_enters_days_away_and_takes_them_back(stack: RunningStack, at: At) -> None:
    page = await at(MORGAN)
    await page.goto("/desk/team")
    await page.get_by_label("Member").select_option(RILEY)
    await page.get_by_label("First day").fill("2026-12-01")
    await page.get_by_label("Last day").fill("2026-12-04")
    await page.get_by_role("button", name="Enter days away").click()
    await expect(page.get_by_text(f"{RILEY}, 2026-12-01 to 2026-12-04")).to_be_visible()
    assert len(stack.people().absences.all()) == 1
    await page.get_by_role("button", name=f"Remove the days away of {RILEY}").click()
    await expect(page.get_by_text("2026-12-01 to")).to_have_count(0)
    assert stack.people().absences.all() == []


async def test_a_queue_has_keys_refreshes_itself_and_keeps_what_is_typed(
    stack: RunningStack, at: At
) -> None:
    owner = str((await stack.hand_over_lead("hugo")).owner)
    page = await at(owner)
    await page.goto("/desk?q=hugo")
    await expect(page).to_have_title(re.compile(r"\(\d+\) My leads"))
    await page.keyboard.press("j")
    await expect(page.get_by_role("link", name="Hugo Lopez")).to_be_focused()
    await page.keyboard.press("t")
    form = page.locator(".in-place")
    await form.get_by_label("Note").fill("wants a quote")
    await stack.leads.act("hugo", "accept", {"by": owner})  # in another tab, say
    await expect(page.get_by_text("The list has changed.")).to_be_visible()
    await expect(form.get_by_label("Note")).to_have_value("wants a quote")
    await form.get_by_label("Channel").select_option("call")
    await form.get_by_role("button").click()
    await expect(page.get_by_role("status")).to_contain_text("Touch logged.")
    await expect(page.get_by_role("link", name="Hugo Lopez")).to_be_focused()
    assert [one["note"] for one in stack.timeline("hugo", "touched")] == ["wants a quote"]
    await stack.leads.act(
        "hugo", "hold", {"by": owner, "until": "2026-03-20T09:00:00Z", "why": "x"}
    )
    await expect(page.get_by_role("heading", name="On hold 1")).to_be_visible()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
