"""The acts that a lead's stage and handoff allow: what a desk offers.

The act itself (`lifecycle/moves/acts.py`) also checks the person, the reason and the number of
touches.
"""

from __future__ import annotations

from lifecycle.stages import ACT_STAGES
from models.state import LeadState


def open_acts(state: LeadState, *, manages: bool) -> tuple[str, ...]:
    """The acts that the lead's stage and handoff allow, in the order in which a desk offers them.

    `manages`: whether the person manages the lead's team.
    """
    return tuple(
        act
        for act, stages in ACT_STAGES.items()
        if state.stage in stages and _has_what_it_needs(act, state, manages=manages)
    )


def _has_what_it_needs(act: str, state: LeadState, *, manages: bool) -> bool:
    """Whether the lead has what the act is about: a handoff, a hold, a task."""
    handoff = state.handoff
    if act == "accept" and state.stage != "mql":
        return handoff is not None and handoff.accepted is None and not handoff.over
    if act == "hold":
        return handoff is not None
    if act == "resume":
        return handoff is not None and (handoff.held_until or handoff.meeting_until) is not None
    if act == "reassign":
        return manages and handoff is not None
    if act == "done":
        return bool(state.tasks)
    return True
