"""The desk without JavaScript, by keyboard, on a phone, in dark mode and with a screen reader."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.async_api import Locator, Page, expect

from adapters.sql.desk_sessions import SqlDeskSessions
from tests.browser.conftest import At
from tests.browser.running_stack import MORGAN, RunningStack
from tests.waiting import until

DESKTOP = {"viewport": {"width": 1200, "height": 800}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True}
GROUND = {"light": "rgb(245, 245, 247)", "dark": "rgb(0, 0, 0)"}
LONG = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture(scope="module")
async def dora(stack: RunningStack) -> str:
    """A lead with the longest of names; its owner."""
    line = await stack.hand_over_lead("dora", last_name=LONG, company=LONG, title=f"VP {LONG}")
    return str(line.owner)


async def every_page(
    stack: RunningStack, at: At, owner: str, **options: Any
) -> AsyncIterator[Page]:
    """Every page of the desk, one after another, as it opens."""
    page = await at(**options)
    await page.goto("/desk/sign-in")
    yield page
    await page.get_by_label("Your work address").fill("nobody@acme.example")
    await page.get_by_role("button").click()
    await expect(page.get_by_role("heading")).to_have_text("Check your mail")
    yield page
    for path in (f"/desk/in/{SqlDeskSessions(stack.database).invite(owner)}", "/desk/in/x"):
        await page.goto(path)
        yield page
    await page.goto(await stack.button("dora", "Accept"))
    yield page
    await page.goto(f"{await stack.button('dora', 'Accept')}x")
    await expect(page.get_by_role("heading")).to_have_text("This link does not work")
    yield page
    page = await at(owner, **options)
    await page.goto("/desk")
    yield page
    await page.goto("/desk/leads/dora")
    for one in await page.locator("summary").all():
        await one.click()
    yield page
    for path in ("/desk/team", "/desk/tasks", "/desk/leads/nobody"):
        await page.goto(path)
        yield page
    page = await at(MORGAN, **options)
    await page.goto("/desk/team")
    yield page


@pytest.mark.parametrize("options", [DESKTOP, PHONE], ids=["desktop-light", "phone-dark"])
async def test_every_page_is_complete_and_axe_finds_nothing_serious_on_it(
    stack: RunningStack, at: At, dora: str, options: dict[str, Any]
) -> None:
    seen: list[str] = []
    async for page in every_page(stack, at, dora, **options):
        title = await page.title()
        found = (await Axe().run(page)).response
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == [], title
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= options["viewport"]["width"], title
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == GROUND[options["color_scheme"]], title
        seen.append(title)
    assert len(seen) == 12


async def test_axe_would_find_something(at: At) -> None:
    page = await at()
    await page.goto("/desk/sign-in")
    await page.evaluate("document.querySelector('label').remove()")
    found = (await Axe().run(page)).response
    assert "label" in {one["id"] for one in found["violations"]}


async def test_a_lead_is_worked_without_javascript(stack: RunningStack, at: At) -> None:
    owner = (await stack.hand_over_lead("eve")).owner
    page = await at(java_script_enabled=False)
    await page.goto(await stack.button("eve", "Accept"))
    await expect(page.get_by_text("of office time")).to_be_visible()
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("status")).to_have_text("Accepted.")
    page = await at(owner, java_script_enabled=False)
    await page.goto("/desk")
    await page.get_by_role("link", name="Eve Lopez").click()
    await page.get_by_label("Channel").select_option("call")
    await page.get_by_role("button", name="Log a touch").click()
    await expect(page.get_by_role("status")).to_have_text("Touch logged.")
    await page.locator("summary", has_text="Put on hold").click()
    await page.get_by_label("Until").fill("2026-03-09T09:30")
    await page.get_by_label("What the lead is waiting for").fill("their board")
    await page.get_by_role("button", name="Put on hold").click()
    await expect(page.locator(".deadline")).to_contain_text("on hold until Mon 9 Mar 09:30 EDT")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("status")).to_have_text("The clocks run again.")
    await page.get_by_role("button", name="Sign out").click()
    await page.goto("/desk")
    await expect(page.get_by_role("heading")).to_have_text("Sign in")


async def test_a_lead_is_accepted_by_keyboard_alone(stack: RunningStack, at: At) -> None:
    owner = (await stack.hand_over_lead("finn")).owner
    page = await at(owner)
    await page.goto("/desk")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    lead, accept = (
        page.get_by_role("link", name="Finn Lopez"),
        page.get_by_role("button", name="Accept Finn Lopez"),
    )

    async def tabbed_to(wanted: Locator) -> None:
        async def there() -> bool:
            await page.keyboard.press("Tab")
            return bool(await wanted.evaluate("one => one === document.activeElement"))

        await until(there)

    await tabbed_to(lead)
    await tabbed_to(accept)
    assert await accept.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Accepted.")
    assert [one["by"] for one in stack.timeline("finn", "accepted")] == [owner]


async def test_with_javascript_a_deadline_counts_down_and_becomes_overdue(
    stack: RunningStack, at: At
) -> None:
    owner = (await stack.hand_over_lead("gus")).owner
    page = await at(owner)
    await page.goto("/desk/leads/gus")
    left = page.locator(".deadline .left")
    await expect(left).to_contain_text(" left")
    before = await left.text_content()
    await expect(left).not_to_have_text(str(before))
    # Without waiting for five hours: the same script by a page that was made long ago.
    await page.evaluate("document.querySelector('.left').dataset.due = document.body.dataset.now")
    await expect(left).to_contain_text(" over")
    await expect(left).to_have_class("left over")
