"""Marketing finds why a lead does not go on, mends it, and pauses and resumes a program."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.async_api import Page, expect

from adapters.sql.journal import SqlJournal
from tests.browser.conftest import At
from tests.browser.running_stack import RunningStack
from tests.browser.test_everybody_s_board import KIM
from tests.browser.test_everybody_s_desk import DESKTOP, PHONE
from tests.waiting import until


async def press_by_keyboard(page: Page, name: str) -> None:
    """Reach a button of this name by the Tab key alone, and press it."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == name:
            await page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way to the button {name} by keyboard")


async def test_why_a_lead_gets_no_mail_is_found_and_mended_by_keyboard(
    stack: RunningStack, at: At
) -> None:
    fields = {"email": "hal@northwind.example", "first_name": "Hal", "employees": 900}
    assert await stack.leads.enrol("hal", stack.programs["acme"], fields | {"country": "US"})
    bounce = {"type": "email.bounced", "subject": "welcome", "data": {"kind": "hard"}}
    await stack.leads.events("hal", [bounce])
    journal = SqlJournal(stack.database)

    def suppressed(*reasons: str) -> bool:
        state = journal.state("hal")
        return state is not None and set(state.suppressed) == set(reasons)

    await until(lambda: suppressed("bounced"))
    page = await at(KIM, **DESKTOP, java_script_enabled=False)
    await page.goto("/board/not-moving")
    await expect(page.get_by_role("heading", name="Gets no marketing mail")).to_be_visible()
    page = await at(KIM, **DESKTOP)
    await page.goto("/board/not-moving")
    await press_by_keyboard(page, "Addresses that bounced")
    await page.wait_for_url("**/board/lists/suppressed?*")
    found = (await Axe().run(page)).response["violations"]
    assert not [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
    await page.get_by_role("link", name="Hal", exact=True).click()
    await expect(page.get_by_text("no marketing mail", exact=True)).to_be_visible()
    await press_by_keyboard(page, "The address works again")
    await page.wait_for_url("**/board/leads/hal")
    await until(suppressed)
    await page.goto("/board/leads/hal")
    await expect(page.get_by_text("no marketing mail", exact=True)).to_be_hidden()


async def test_a_program_is_paused_and_resumed_on_a_phone_without_javascript(at: At) -> None:
    page = await at(KIM, **PHONE, java_script_enabled=False)
    await page.goto("/board/programs/acme/change")
    await page.get_by_role("button", name="Pause acme").click()
    await page.goto("/board")
    card = page.locator(".card.program", has=page.get_by_role("link", name="acme", exact=True))
    await expect(card.locator(".badge")).to_have_text("paused")
    await page.goto("/board/not-moving")
    await expect(page.get_by_text("acme is paused: none of its tracks goes on.")).to_be_visible()
    await page.get_by_role("button", name="Resume acme").click()
    await page.goto("/board")
    await expect(card.locator(".badge")).not_to_have_text("paused")
