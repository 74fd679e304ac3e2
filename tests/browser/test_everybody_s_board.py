"""The board on a phone in dark mode without JavaScript, on a desktop, and with a screen reader."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has none

from tests.browser.conftest import At
from tests.browser.running_stack import RunningStack
from tests.browser.test_everybody_s_desk import DESKTOP, LONG, PHONE

KIM = "kim@acme.example"
PAGES = (
    "/board",
    "/board/programs/acme",
    "/board/not-moving",
    "/board/programs/acme/change",
    "/board/changes",
    "/board/lists/in-flight",
    "/board/leads?q=fay",
    "/board/leads/fay",
    "/board/schedules",
    "/board/launches",
)


async def test_axe_finds_nothing_serious_on_the_board_and_no_page_is_wider_than_a_phone(
    stack: RunningStack, at: At
) -> None:
    await stack.hand_over_lead("fay", last_name=LONG, company=LONG)
    desktop, phone = await at(KIM, **DESKTOP), await at(KIM, **PHONE, java_script_enabled=False)
    for path in PAGES:
        await desktop.goto(path)
        found = (await Axe().run(desktop)).response
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == [], path
        await phone.goto(path)
        wide = await phone.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["viewport"]["width"], path  # type: ignore[index]  # a width
    # By keyboard: the first stop leads past the navigation, and the first number opens its list.
    await desktop.goto("/board")
    await desktop.keyboard.press("Tab")
    await desktop.keyboard.press("Enter")
    await desktop.keyboard.press("Tab")
    await desktop.keyboard.press("Enter")
    await desktop.wait_for_url("**/board/programs/*")
