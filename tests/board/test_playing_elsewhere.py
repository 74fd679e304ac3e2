"""The futures of many leads are played in a process of its own, which the board waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.sql.change_plans import SqlChangePlans
from adapters.sql.database import Database
from models.change_plan import ChangePlan
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import LOU, DeskBrowser, SimulatedLeads, page_text
from tests.waiting import until
from usecases.background import InterruptedWorkError, OwnProcess
from usecases.changing import begin
from usecases.context import Context
from usecases.playing_plans import play_in_background

_L = table_of(LeadRow)
MANY = 301
"""More leads than the board plays while the person waits."""


def copies(database: Database, lead: str, number: int) -> None:
    """Store a lead so many times more."""
    with database.write() as connection:
        row = connection.execute(sa.select(_L).where(_L.c.id == lead)).mappings().one()
        for one in range(number):
            state = {**row["state"], "lead": f"{lead}-{one}"}
            connection.execute(sa.insert(_L), {**row, "id": f"{lead}-{one}", "state": state})


def a_plan(context: Context, leads: SimulatedLeads) -> ChangePlan:
    context.programs.publish(leads.program)
    leads.new_lead("ana")
    return begin(
        context.database, leads.program, in_flight="migrate", recheck=False, note="", by=LOU
    )


def plan_now(context: Context, number: int) -> ChangePlan:
    found = SqlChangePlans(context.database).plan("acme", number)
    assert found is not None
    return found


async def test_a_plan_of_many_leads_leaves_the_request_and_of_few_does_not(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    context.programs.publish(leads.program)
    leads.new_lead("ana")
    board: DeskBrowser = sign_in(LOU)

    async def planned() -> str:
        await board.open("/board/programs/acme/change")
        path = "/board/programs/acme/plans"
        answer = await board.send(path, version=leads.program.digest, in_flight="migrate")
        assert answer.status_code == 303, page_text(answer.text)
        return str(answer.headers["location"])

    assert "Leads in flight: 1." in page_text((await board.open(await planned())).text)
    copies(context.database, "ana", MANY - 1)
    path = await planned()
    await until(lambda: plan_now(context, 2).standing == "ready")
    assert f"Leads in flight: {MANY}." in page_text((await board.open(path)).text)


async def test_a_process_of_its_own_plays_by_the_program_s_clock(
    leads: SimulatedLeads, context: Context
) -> None:
    made = a_plan(context, leads)
    work = OwnProcess(stays=False)
    context = replace(context, change_work=work)
    try:
        await play_in_background(context, made.number)
        found = plan_now(context, made.number)
        assert (found.standing, found.why) == ("ready", "")
        assert found.leads == {"ana": leads.state("ana").turn}
        assert found.impact is not None
        assert found.impact["leads"] == 1
        assert min(one[0] for one in found.impact["mails"]) >= str(context.now().date())
        assert datetime.now(UTC) - context.now() > timedelta(days=60), "it is another clock"
    finally:
        work.close()


class Ended:
    """Work whose process ends at once."""

    async def call(self, *_: Any) -> Any:
        """The process is gone."""
        raise InterruptedWorkError("the process that did this has ended")

    def close(self) -> None:
        """Nothing is to be ended."""


async def test_a_plan_whose_process_ends_says_so(leads: SimulatedLeads, context: Context) -> None:
    made = a_plan(context, leads)
    await play_in_background(replace(context, change_work=Ended()), made.number)
    found = plan_now(context, made.number)
    assert (found.standing, found.why) == ("failed", "the process that did this has ended")
