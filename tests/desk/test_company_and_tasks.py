"""A lead's page: the other leads of its company with their owners, and its tasks."""

from __future__ import annotations

import re

import pytest

from adapters.files.program import read_program
from adapters.reports import desk_lists
from gateway.desk import mine
from tests.desk.conftest import ROOT, SignIn
from tests.desk.simulated_leads import (
    JONAS,
    MORGAN,
    RILEY,
    SAM,
    SimulatedLeads,
    colleague_of,
    page_text,
)


async def test_leads_of_one_company_stand_together_with_their_owners(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana", email="ana@northwind.example", company="Northwind Inc.")
    leads.lead("ben", email="ben@gmail.com", company="northwind")
    leads.lead("cyd", email="cyd@northwind.example", company="")
    leads.lead("dee", email="dee@northwind.example", country="DE", consent=True)
    leads.lead("eve", email="eve@other.example", company="Other")
    assert leads.state("dee").owner == JONAS
    desk = sign_in(str(leads.state("ana").owner))
    await desk.open("/desk/leads/ana")
    shown = page_text(desk.page).partition("Same company")[2].partition("Why not further")[0]
    assert "Ben" in shown
    assert "Cyd" in shown
    assert "1 more lead, with Jonas." in shown
    assert "Dee" not in shown  # another team's lead
    assert "Eve" not in shown
    manager = sign_in(MORGAN)
    await manager.open("/desk/leads/eve")
    assert "Same company" not in page_text(manager.page)


async def test_a_team_s_task_has_a_name_and_an_end_and_any_member_does_it(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.program = read_program(ROOT / "tests" / "scenarios" / "programs" / "desk-work.yaml")
    leads.context.programs.publish(leads.program)
    leads.new_lead("ana", last_name="Silva")
    for person in (RILEY, SAM):
        desk = sign_in(person)
        await desk.open("/desk")
        assert "Ask who decides: Ana Silva Northwind Budget is in March" in page_text(desk.page)
        assert "by Wed 09:00 EST" in page_text(desk.page)
    leads.wait("ana", days=3)
    colleague = sign_in(colleague_of(RILEY))
    await colleague.open("/desk/leads/ana")
    assert "Ask who decides by Wed 09:00 EST late for team sdr" in page_text(colleague.page)
    (task,) = leads.state("ana").tasks
    path = "/desk/leads/ana/acts"
    assert (await colleague.send(path, do="done", task=task.id)).status_code == 303
    assert leads.state("ana").tasks == ()
    assert [one["by"] for one in leads.entries("ana", "task_done")] == [SAM]


async def test_tasks_stand_on_pages_that_say_how_many_there_are_and_one_that_is_done_goes(
    leads: SimulatedLeads, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_lists, "PAGE", 2)
    monkeypatch.setattr(mine, "_FIRST_TASKS", 1)
    leads.program = read_program(ROOT / "tests" / "scenarios" / "programs" / "desk-work.yaml")
    leads.context.programs.publish(leads.program)
    for lead in ("ana", "bo", "cy"):
        leads.new_lead(lead)
    desk = sign_in(SAM)
    await desk.open("/desk")
    assert "Tasks 3" in page_text(desk.page)
    assert "All 3 tasks" in page_text(desk.page)
    seen = []
    for number, expected in ((1, "1 to 2 of 3 tasks"), (2, "3 to 3 of 3 tasks")):
        await desk.open(f"/desk/tasks?page={number}")
        assert expected in page_text(desk.page)
        seen += re.findall(r'class="name" href="/desk/leads/(\w+)"', desk.page)
    assert sorted(seen) == ["ana", "bo", "cy"]
    (task,) = leads.state("cy").tasks
    done = await desk.send("/desk/leads/cy/acts", do="done", task=task.id, back="tasks")
    await desk.open(done.headers["location"])
    assert "1 to 2 of 2 tasks" in page_text(desk.page)
    await desk.open("/desk/tasks?page=7")
    assert "This page is empty." in page_text(desk.page)
