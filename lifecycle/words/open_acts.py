"""Which acts a lead is open to as it stands: what a desk offers before anybody is refused.

The rules of each act (acts.py) have the last word: reasons, persons and touches are theirs.
"""

from __future__ import annotations

from lifecycle.moves.acts import RECYCLABLE
from lifecycle.stages import IN_SALES, MOVES, WORKED
from models.state import LeadState


def offered(state: LeadState, *, manages: bool) -> tuple[str, ...]:
    """The acts that the lead's stage and handoff allow, the most pressing first."""
    stage, handoff = state.stage, state.handoff
    waiting = handoff is None or (handoff.accepted is None and not handoff.over)
    held = handoff is not None and handoff.held_until is not None
    open_to = {
        "accept": stage == "mql" or (stage == "sql" and handoff is not None and waiting),
        "touch": stage in WORKED,
        "qualify": stage == "sal",
        "open_opportunity": stage in ("sql", "customer"),
        "win": stage == "opportunity",
        "lose": stage == "opportunity",
        "recycle": stage in RECYCLABLE,
        "disqualify": "disqualified" in MOVES.get(stage, ()),  # type: ignore[call-overload]  # a state of years ago may have any stage
        "hold": stage in IN_SALES and handoff is not None,
        "resume": stage in IN_SALES and held,
        "reassign": manages and stage in WORKED and handoff is not None,
        "done": bool(state.tasks),
        "note": True,
    }
    return tuple(do for do, allowed in open_to.items() if allowed)
