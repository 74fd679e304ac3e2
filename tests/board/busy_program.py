"""A program whose leads stand in all the ways that the board knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters.files.program import read_program
from models.directory import Directory
from tests.desk.simulated_leads import SimulatedLeads
from usecases.context import Context
from usecases.pausing import pause

PROGRAMS = Path(__file__).parents[2] / "programs"


async def play(leads: SimulatedLeads, context: Context) -> None:
    """Let leads come, read, ask, wait, bounce and be forgotten."""
    for number in range(6):
        leads.new_lead(f"known-{number}", employees=40 + 300 * (number % 2))
    leads.new_lead("gone", employees=900)
    leads.event("gone", "email.bounced", "welcome", kind="hard")
    leads.new_lead("away", employees=900)
    leads.event("away", "email.paused", days=20)
    for name in ("ana", "bo", "cy"):
        leads.lead(name)
    await leads.act("bo", "accept", {"by": str(leads.state("bo").owner)})
    leads.wait("ana", hours=30)
    leads.wait("bo", hours=0)  # nobody called in time
    leads.lead("dora", country="DE")
    leads.wait("dora", hours=30)
    context.people.apply(_nobody(context))
    leads.lead("eve")
    leads.clock.at = datetime(2026, 3, 9, 14, 30, tzinfo=UTC)  # a Monday in New York
    leads.new_lead("fred", employees=900)
    leads.wait("known-1", hours=0)
    newer = read_program(PROGRAMS / "acme-2.yaml")
    context.programs.publish(newer, by="kim@acme.example", note="a gentler second track")
    pause(context.database, leads.program.program, by="kim@acme.example")


def _nobody(context: Context) -> Directory:
    people = context.people.applied()
    sdr = people.teams["sdr"].model_copy(update={"members": ()})
    return people.model_copy(update={"teams": {**people.teams, "sdr": sdr}})
