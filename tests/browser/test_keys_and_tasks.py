"""Keys that accept and select, and tasks that any member of a team does."""

from __future__ import annotations

from functools import partial

from playwright.async_api import expect

from tests.browser.conftest import At
from tests.browser.running_stack import RILEY, SAM, RunningStack
from tests.waiting import until


async def test_a_lead_is_selected_and_accepted_by_keys_and_gets_a_tag(
    stack: RunningStack, at: At
) -> None:
    owner = str((await stack.hand_over_lead("ivy")).owner)
    page = await at(owner)
    await page.goto("/desk?q=ivy")
    box = page.get_by_role("checkbox", name="Select Ivy Lopez")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(box).to_be_checked()
    await page.locator("summary", has_text="Tag").click()
    await page.get_by_label("Tag", exact=True).first.fill("Spring Fair")
    await page.get_by_role("button", name="Add the tag").click()
    await expect(page.locator("li.lead .tag")).to_have_text("spring fair")
    await expect(box).not_to_be_checked()
    await page.get_by_role("link", name="Ivy Lopez").focus()
    await page.keyboard.press("a")
    await expect(page.get_by_role("status")).to_contain_text("Accepted.")
    await expect(page.get_by_role("link", name="Ivy Lopez")).to_be_focused()
    assert [one["by"] for one in stack.timeline("ivy", "accepted")] == [owner]


async def test_a_task_of_a_team_is_done_by_any_member_also_without_javascript(
    stack: RunningStack, at: At
) -> None:
    program = stack.programs["desk-work"]
    profile = {"first_name": "Jo", "last_name": "Todo", "company": "Contoso"}
    for lead in ("jo1", "jo2"):
        fields = {**profile, "email": f"{lead}@contoso.example"}
        assert await stack.leads.enrol(lead, program, fields)
        await until(partial(stack.timeline, lead, "task_opened"))
    for person, script, left in ((RILEY, True, "Tasks 1"), (SAM, False, "Tasks 0")):
        page = await at(person, java_script_enabled=script)
        await page.goto("/desk/tasks")
        task = page.locator("li.card").first
        await expect(task).to_contain_text("Ask who decides: Jo Todo")
        await expect(task).to_contain_text("Budget is in March")
        await expect(task).to_contain_text("for team sdr")
        await task.get_by_role("button", name="Done: Ask who decides for Jo Todo").click()
        await expect(page.get_by_role("status")).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_have_text(left)
    done = [one["by"] for lead in ("jo1", "jo2") for one in stack.timeline(lead, "task_done")]
    assert sorted(done) == [RILEY, SAM]
