"""What the rules may ask the stores about the versions of a lead's program."""

from __future__ import annotations

from activities.ports import Journal, Programs
from lifecycle.program.versions import Versions
from models.state import LeadState


def stored_versions(state: LeadState, programs: Programs, journal: Journal) -> Versions:
    """The versions of this lead's program, as they are stored when they are asked for."""
    return Versions(
        load=programs.load,
        newest=lambda: programs.newest_digest(state.program),
        paused=lambda: programs.paused(state.program),
        timeline=lambda: journal.cycle(state.lead, state.cycle_at),
    )
