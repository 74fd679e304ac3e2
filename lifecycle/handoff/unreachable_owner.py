"""An owner who has left the team, or whom no mail reaches: the manager is alerted.

If the team has no manager, or the manager is that owner, the operations contact is alerted.
Clocks go on and breaches count. Only a manager can reassign the lead.
"""

from __future__ import annotations

from lifecycle.handoff.handoff import change_handoff
from lifecycle.moment import Moment
from lifecycle.stages import WORKED
from models.inputs import Event, Result

LEFT = "owner.left"
"""A person was removed from the team (`data.person`)."""
UNREACHABLE = "owner.unreachable"
"""Mail to a sales person bounces (`data.person`, `data.why`)."""

_MAX_WHY = 100


def apply_event(m: Moment, event: Event) -> None:
    """Alert who must decide if it is about the owner: once for each owner, reason and handoff."""
    if event.type == LEFT:
        _alert_responsible(m, _text(event, "person"), "owner_left", "")
    elif event.type == UNREACHABLE:
        _alert_responsible(m, _text(event, "person"), "owner_unreachable", _text(event, "why"))


def apply_refused_alert(m: Moment, result: Result) -> None:
    """Apply a permanent refusal of an alert by the mail server: it counts like a bounce."""
    _alert_responsible(m, result.owner or "", "owner_unreachable", result.why or "")


def _alert_responsible(m: Moment, person: str, why: str, said: str) -> None:
    handoff, owner = m.state.handoff, m.state.owner
    if handoff is None or owner is None or m.state.stage not in WORKED:
        return
    if owner != person.strip().lower() or (why, owner) in handoff.unreachable:
        return
    change_handoff(m, unreachable=(*handoff.unreachable, (why, owner)))
    manager = m.manager if m.manager != owner else None
    m.alert_responsible(manager, why, _sentence(why, owner, handoff.team, said))


def _text(event: Event, name: str) -> str:
    value = event.data.get(name)
    return value if isinstance(value, str) else ""


def _sentence(why: str, owner: str, team: str | None, said: str) -> str:
    if why == "owner_left":
        return f"{owner} has left team {team} and still owns this lead. Reassign it."
    reason = f" ({' '.join(said.split())[:_MAX_WHY]})" if said else ""
    return (
        f"Mail to {owner}, who owns this lead, comes back{reason}."
        " Reassign it, or reach them another way."
    )
