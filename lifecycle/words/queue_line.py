"""A lead in one line of a work queue: who it is, how warm, what is due, how to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.calendars.local_time import zone
from lifecycle.moment import Moment
from lifecycle.program.rulebook import Rulebook
from lifecycle.stages import IN_SALES
from lifecycle.words.dossier import Deadline, deadlines
from lifecycle.words.person_name import person_name
from models.directory import Directory
from models.state import LeadState


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One lead at one instant."""

    lead: str
    name: str
    """The person's name; without one, the address."""
    company: str
    title: str
    email: str
    phone: str
    stage: str
    score: float
    """Fit and engagement, decayed to that instant."""
    local: datetime | None
    """That instant in the lead's own time zone; None if the lead has none that is known."""
    deadline: Deadline | None
    """The breached clock, else the one due first."""
    held_until: datetime | None
    """The end of the hold; None without one."""
    can_hold: bool
    """Whether the stage allows a hold."""


def queue_line(book: Rulebook, state: LeadState, at: datetime) -> QueueLine:
    """A lead's line at this instant of the program's clock."""
    m = Moment(book, Directory(), state)
    m.at = max(at, m.at)
    profile, handoff = state.profile, state.handoff
    email = str(profile.get("email") or "")
    open_clocks = deadlines(m)
    held = handoff.held_until if handoff is not None and not handoff.over else None
    return QueueLine(
        lead=state.lead,
        name=person_name(profile) or email or state.lead,
        company=str(profile.get("company") or ""),
        title=str(profile.get("title") or ""),
        email=email,
        phone=str(profile.get("phone") or ""),
        stage=state.stage,
        score=state.fit + m.engagement(m.at),
        local=_local(profile.get("timezone"), m.at),
        deadline=min(open_clocks, key=lambda one: (not one.breached, one.due), default=None),
        held_until=held if held is not None and held > m.at else None,
        can_hold=state.stage in IN_SALES and handoff is not None,
    )


def _local(name: object, at: datetime) -> datetime | None:
    try:
        return at.astimezone(zone(str(name))) if name else None
    except ValueError:
        return None
