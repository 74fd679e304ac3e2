"""The futures of many leads are played in a process of its own, which the board waits for."""

from __future__ import annotations

from pathlib import Path

from adapters.sql.change_plans import SqlChangePlans
from assembly.playing_changes import playing_changes
from assembly.settings import Settings
from models.change_plan import ChangePlan
from tests.desk.simulated_leads import LOU, SimulatedLeads
from tests.waiting import until
from usecases.changing import begin
from usecases.context import Context


async def test_a_process_of_its_own_plays_a_plan_and_stores_what_it_found(
    leads: SimulatedLeads, context: Context, tmp_path: Path
) -> None:
    context.programs.publish(leads.program)
    leads.new_lead("ana")
    plans = SqlChangePlans(context.database)
    made = begin(
        context.database, leads.program, in_flight="migrate", recheck=False, note="", by=LOU
    )
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{context.database.file}")

    def played() -> ChangePlan | None:
        found = plans.plan("acme", made.number)
        return found if found is not None and found.standing != "playing" else None

    with playing_changes(settings) as play:
        play(made.number)
        found = await until(played)
    assert (found.standing, found.why) == ("ready", "")
    assert found.leads == {"ana": leads.state("ana").turn}
    assert found.impact["leads"] == 1
