"""A version is uploaded, looked at, published by its plan, and people move to it: in a browser."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.async_api import Page, expect

from adapters.sql.journal import SqlJournal
from assembly.shipped import SHIPPED
from tests.browser.conftest import At
from tests.browser.running_stack import RunningStack
from tests.browser.test_everybody_s_desk import DESKTOP, PHONE
from tests.waiting import until

REPLIED = "{on: email.replied, points: 40}"
KIM = "kim@acme.example"


async def looks_right(page: Page) -> None:
    """Axe finds nothing serious, and no page is wider than its window."""
    found = (await Axe().run(page)).response["violations"]
    serious = [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
    assert serious == [], page.url
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, page.url


async def test_a_change_is_uploaded_and_published_by_its_plan_and_people_move(
    stack: RunningStack, at: At, tmp_path: Path
) -> None:
    await stack.hand_over_lead("gil")
    journal = SqlJournal(stack.database)
    state = journal.state("gil")
    assert state is not None
    before = state.digest
    text = (SHIPPED / "acme.yaml").read_text("utf-8")
    file = tmp_path / "acme.yaml"
    file.write_text(text.replace(REPLIED, REPLIED.replace("40", "x")))
    kim = await at(KIM, **PHONE, java_script_enabled=True)
    await kim.goto("/board/changes")
    await kim.get_by_label("The program (YAML)").set_input_files(file)
    await kim.get_by_label("Templates that it names").set_input_files(SHIPPED / "welcome.mjml")
    await kim.get_by_role("button", name="Check and store it").click()
    await expect(kim.get_by_text("Nothing was stored")).to_be_visible()
    await looks_right(kim)
    file.write_text(text.replace(REPLIED, REPLIED.replace("40", "45")))
    await kim.get_by_label("The program (YAML)").set_input_files(file)
    await kim.get_by_label("Templates that it names").set_input_files(SHIPPED / "welcome.mjml")
    await kim.get_by_label("What is new in it").fill("replies count more")
    await kim.get_by_role("button", name="Check and store it").click()
    await kim.wait_for_url("**/change?new=*")
    await looks_right(kim)
    # The rest without JavaScript, on a desktop.
    desktop = await at(KIM, **DESKTOP, java_script_enabled=False)
    await desktop.goto(kim.url)
    await desktop.get_by_label("Leads in flight", exact=True).select_option("migrate")
    await desktop.get_by_role("button", name="Look at what it changes").click()
    await desktop.wait_for_url("**/plans/*")
    await expect(desktop.get_by_text("40 → 45 points")).to_be_visible()
    await kim.goto(desktop.url)
    await looks_right(kim)
    await desktop.get_by_role("button", name="Publish").first.click()
    if await desktop.get_by_text("Nothing was published").count():  # a lead moved meanwhile
        await desktop.get_by_role("button", name="Publish although leads moved").click()
    await expect(desktop.get_by_text("It was published")).to_be_visible()

    def moved() -> str | None:
        now = journal.state("gil")
        return now.digest if now is not None and now.digest != before else None

    await desktop.goto(f"/board/programs/acme?version={await until(moved)}")
    await expect(desktop.get_by_text("in flight on version")).to_be_visible()
    await kim.goto("/board/programs/acme")
    await looks_right(kim)
