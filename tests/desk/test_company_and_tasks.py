"""A lead's page: the other leads of its company with their owners, and its tasks."""

from __future__ import annotations

from adapters.files.program import read_program
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
