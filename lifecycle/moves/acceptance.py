"""Sales accepts a lead: the accept clock stops, the next clocks start."""

from __future__ import annotations

from lifecycle.handoff import clocks, meetings
from lifecycle.handoff.clock_settings import (
    accept_calendar,
    calendar_of,
    clock_to_start,
    open_time_of,
)
from lifecycle.handoff.handoff import change_handoff
from lifecycle.handoff.holds import paused_until
from lifecycle.handoff.permission import require_owner_or_manager
from lifecycle.moment import Moment
from lifecycle.moves.transitions import enter_stage
from lifecycle.stages import act_allowed
from models.inputs import Act
from models.refusal import RefusedError
from models.state import HandoffState


def accept(m: Moment, act: Act) -> None:
    """Accept the lead, or refuse. If the owner accepts again, nothing changes."""
    handoff = m.state.handoff
    done = handoff is not None and handoff.accepted is not None
    again = done or handoff is None
    if again and act.by == m.state.owner and m.state.stage in ("sal", "sql"):
        return
    if handoff is None and m.state.stage == "mql":
        require_owner_or_manager(m, "accept", act.by)
        m.record("accepted", by=act.by, open_seconds=0, late=False)
        m.change(owner=act.by)
        enter_stage(m, "sal", "accepted", act.by)
        return
    if handoff is None or done or handoff.over or not act_allowed("accept", m.state.stage):
        raise RefusedError(
            "Accept is for a lead in stage mql, or in sql with an open handoff;"
            f" this one is in stage {m.state.stage}"
            + (f" and was accepted by {m.state.owner}." if done and m.state.owner else "."),
            why="stage",
        )
    if m.state.stage == "sql" and not handoff.second:
        raise RefusedError("Accept is for an open handoff; this lead has none.", why="stage")
    require_owner_or_manager(m, "accept", act.by)
    _accepted(m, act, handoff)


def _accepted(m: Moment, act: Act, handoff: HandoffState) -> None:
    accept = next((one for one in handoff.clocks if one.name == clocks.ACCEPT), None)
    if accept is not None:
        seconds = clocks.counted(accept, open_time_of(m, accept), m.clock_at)
    else:
        open_time = m.book.open_time(accept_calendar(m), m.zone)
        seconds = open_time.between(handoff.assigned or m.clock_at, m.clock_at)
    m.record(
        "accepted",
        handoff=handoff.number,
        by=act.by,
        open_seconds=seconds,
        late=accept is not None and accept.breached,
    )
    m.change(owner=act.by)
    handoff = change_handoff(m, accepted=m.at, asking=None, asked=None, retry_at=None, clocks=())
    if handoff.second:
        return
    enter_stage(m, "sal", "accepted", act.by)
    _start_clocks(m)
    meetings.hold(m)


def _start_clocks(m: Moment) -> None:
    """Start the clocks of an accepted lead. It is a SAL when their `when` is asked."""
    handoff = m.state.handoff
    if handoff is None:
        return
    started = []
    for name in (clocks.FIRST_TOUCH, clocks.QUALIFY):
        clock = clock_to_start(m, name)
        if clock is None or (name == clocks.FIRST_TOUCH and handoff.touches):
            continue
        open_time = m.book.open_time(calendar_of(m, clock), m.zone)
        started.append(
            clocks.start(name, clock, open_time, m.clock_at, paused_until(handoff, name))
        )
    change_handoff(m, clocks=tuple(started))
