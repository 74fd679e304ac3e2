"""An owner who has left the team, or whom no mail reaches: the manager is offered to reassign.

The lead itself goes on: its clocks run, and a breach is a breach. Only a manager can say
who shall have it.
"""

from __future__ import annotations

from lifecycle.handoff import update
from lifecycle.moment import Moment
from lifecycle.stages import WORKED
from models.inputs import Event

LEFT = "owner.left"
"""Somebody was taken out of the team (`data.person`)."""
UNREACHABLE = "owner.unreachable"
"""Mail to somebody of sales comes back (`data.person`, `data.why`)."""

_LONGEST_WHY = 100


def heed(m: Moment, event: Event) -> None:
    """Alert the manager if this event is about the owner: once a person, reason and handoff."""
    if event.type not in (LEFT, UNREACHABLE):
        return
    handoff, owner, manager = m.state.handoff, m.state.owner, m.manager
    if handoff is None or owner is None or m.state.stage not in WORKED:
        return
    if owner == manager or owner != _person(event):
        return
    why = "owner_left" if event.type == LEFT else "owner_unreachable"
    if manager is None or (why, owner) in handoff.unreachable:
        return
    update(m, unreachable=(*handoff.unreachable, (why, owner)))
    m.alert(manager, why, _sentence(event, owner, handoff.team))


def _person(event: Event) -> str | None:
    person = event.data.get("person")
    return person.strip().lower() if isinstance(person, str) else None


def _sentence(event: Event, owner: str, team: str | None) -> str:
    if event.type == LEFT:
        return f"{owner} has left team {team} and still owns this lead. Reassign it."
    why = event.data.get("why")
    said = f" ({' '.join(why.split())[:_LONGEST_WHY]})" if isinstance(why, str) and why else ""
    return (
        f"Mail to {owner}, who owns this lead, comes back{said}."
        " Reassign it, or reach them another way."
    )
