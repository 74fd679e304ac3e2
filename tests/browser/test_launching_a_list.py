"""Marketing launches a list, reads the funnel and finds why a lead stands still: in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.async_api import Page, expect

from tests.browser.conftest import At
from tests.browser.test_everybody_s_board import KIM
from tests.browser.test_everybody_s_desk import DESKTOP, PHONE

GOOD = 12
"""Rows of the list that can be used. Each starts a workflow, so they are few."""
HEADER = "Work address;Vorname;Comment"


def dirty_rows() -> list[str]:
    """500 rows as people have them: most without an address, repeated, cut or with a formula."""
    good = [f"p{n}@dirty.example;Pia {n};met at the fair" for n in range(GOOD)]
    kinds = (
        "p{0}@Dirty.example ;again {1};",
        "no address {1};Pia;=HYPERLINK(1)",
        "x{1}@;Pia;",
        "y{1}@dirty.example;Pia;one;cell;too many",
    )
    return [*good, *(kinds[n % 4].format(n % GOOD, n) for n in range(500 - GOOD))]


async def upload(page: Page, file: Path) -> None:
    """Upload a list, say which column is the address, and make the dry run."""
    await page.goto("/board/launches")
    await page.get_by_label("A CSV with a header").set_input_files(file)
    await page.get_by_label("Program").select_option("acme")
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_label("Work address").select_option("email")
    await page.get_by_role("button", name="Dry run").click()
    await expect(
        page.get_by_role("heading", name="Dry run: what the launch would do")
    ).to_be_visible()


async def sound(page: Page) -> None:
    """Axe finds nothing serious, and on a phone nothing is wider than the screen."""
    found = (await Axe().run(page)).response
    serious = [one["id"] for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    assert serious == [], page.url
    await page.set_viewport_size(PHONE["viewport"])  # type: ignore[arg-type]  # a size
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["viewport"]["width"], page.url  # type: ignore[index]  # a width
    await page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]  # a size


async def test_500_dirty_rows_are_launched_by_mapping_and_the_funnel_counts_them(
    at: At, tmp_path: Path
) -> None:
    file = tmp_path / "fair.csv"
    file.write_text("\n".join([HEADER, *dirty_rows(), ""]))
    page = await at(KIM, **DESKTOP)
    await upload(page, file)
    await expect(page.locator(".figures")).to_contain_text(re.compile(rf"new leads\s*{GOOD}"))
    await expect(page.locator(".figures")).to_contain_text(
        re.compile(rf"rows rejected\s*{500 - GOOD}")
    )
    await sound(page)
    async with page.expect_download() as loading:
        await page.get_by_role("link", name="Download the rejected rows").click()
    rejected = (await (await loading.value).path()).read_text("utf-8-sig")
    assert len(rejected.splitlines()) == 500 - GOOD + 1
    assert "'=HYPERLINK" in rejected
    await page.get_by_role("button", name="Launch fair.csv").click()
    await page.wait_for_url(re.compile("/board/launches/[0-9]+$"))
    # The page looks again by itself until the launch is over.
    await expect(page.locator("h1 .badge")).to_have_text("done")
    await sound(page)
    new = page.locator("dd", has=page.locator('a[href$="what=create"]'))
    await expect(new).to_have_text(str(GOOD))
    await new.get_by_role("link").click()
    await expect(page.locator("tbody tr")).to_have_count(GOOD)
    await page.get_by_role("link", name="Pia 3", exact=True).click()
    await expect(page.get_by_text("Next mail:")).to_be_visible()
    await expect(page.get_by_role("heading", name="For mql")).to_be_visible()
    await page.goto("/board/reports/funnel?by=source&program=acme")
    figure = page.locator("a.number").first
    await expect(figure).to_be_visible()
    await sound(page)
    await figure.click()
    await expect(page.get_by_text("What this figure counts")).to_be_visible()


async def test_a_launch_is_paused_and_resumed_without_javascript(at: At, tmp_path: Path) -> None:
    file = tmp_path / "slow.csv"
    file.write_text("\n".join([HEADER, *(f"s{n}@dirty.example;Sia {n};" for n in range(3)), ""]))
    page = await at(KIM, **PHONE, java_script_enabled=False)
    await upload(page, file)
    await page.get_by_label("Rows a second").fill("0.01")
    await page.get_by_role("button", name="Launch slow.csv").click()
    await page.wait_for_url(re.compile("/board/launches/[0-9]+$"))
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("h1 .badge")).to_have_text("paused")
    await page.get_by_label("Rows a second").fill("50")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("h1 .badge")).to_have_text("done")
