"""Handoff: an MQL goes to a team, and the directory finds an owner.

The rules give the command `Assign` and get a result. If nobody is available, they ask again after
half an hour of open time, or at the next opening.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from lifecycle.handoff import clocks
from lifecycle.handoff.clock_settings import (
    accept_calendar,
    calendar_of,
    clock_to_start,
    second_calendar,
)
from lifecycle.handoff.holds import drop_hold, end_hold, paused_until
from lifecycle.moment import Moment, handoff_open
from lifecycle.program.rulebook import CompiledRoute
from lifecycle.sales_words import reason_word
from models.company import company_keys
from models.decision import Assign
from models.inputs import Result
from models.program.handoff import Preference
from models.state import ClockState, HandoffState, LeadState

RETRY_SECONDS = 30 * 60
"""Open seconds until an owner is looked for again."""


def change_handoff(m: Moment, **fields: Any) -> HandoffState:
    """Change fields of the handoff."""
    if m.state.handoff is None:
        raise AssertionError("only a handoff that exists is changed")
    handoff = dataclasses.replace(m.state.handoff, **fields)
    m.change(handoff=handoff)
    return handoff


def open_handoff(m: Moment) -> None:
    """Open a handoff for a new MQL. Routing chooses the team."""
    if m.book.program.handoff is None:
        return
    route = _route(m)
    if route is None:
        _open(m, None)
    else:
        _open(m, route.team, calendar=route.calendar, prefer=route.prefer)


def _route(m: Moment) -> CompiledRoute | None:
    """The route that holds now."""
    return next(
        (route for route in m.book.routes if route.when is None or m.holds(route.when)), None
    )


def responsible(m: Moment) -> str | None:
    """Who gets alerts about a lead: its owner, else the manager of the handoff's team.

    Without a handoff (people who were with us before), the manager of the team that routing names.
    """
    if m.state.owner is not None or m.state.handoff is not None:
        return m.state.owner or m.manager
    route = _route(m)
    return None if route is None else m.people.manager_of(route.team)


def open_second(m: Moment, team: str) -> None:
    """Open the second handoff of a qualified lead, to another team (`then_to`)."""
    calendar = second_calendar(m, team, m.state.handoff)
    _open(m, team, calendar=calendar, second=True)


def _open(
    m: Moment,
    team: str | None,
    *,
    calendar: str | None = None,
    prefer: Preference | None = None,
    second: bool = False,
) -> None:
    number = m.state.handoffs + 1
    previous = m.state.owner or m.state.previous_owner
    handoff = HandoffState(
        number=number,
        team=team,
        opened=m.at,
        second=second,
        calendar=calendar,
        prefer=previous if prefer == "previous_owner" else None,
        company=prefer == "company_owner",
    )
    m.change(
        handoff=handoff,
        handoffs=number,
        handoff_at=m.at,
        owner=None,
        previous_owner=previous,
    )
    m.record("handoff_opened", handoff=number, team=team)
    ask_owner(m)


def ask_owner(m: Moment) -> None:
    """Ask the directory for an owner who has not yet had this handoff."""
    handoff = m.state.handoff
    if handoff is None:
        return
    tries = handoff.tries + 1
    key = f"{m.state.lead}/handoff/{handoff.number}/try/{tries}"
    change_handoff(m, asking=key, asked=m.at, tries=tries, retry_at=None)
    m.command(
        Assign(
            key=key,
            at=m.at,
            handoff=handoff.number,
            team=handoff.team,
            tried=handoff.tried,
            prefer=handoff.prefer,
            company=company_keys(m.state.profile) if handoff.company else (),
            timezone=absence_zone(m),
        )
    )


def absence_zone(m: Moment) -> str:
    """The time zone for absences of members who have none: that of the accept calendar."""
    return m.book.open_time(accept_calendar(m), m.book.zone).timezone.key


def assign_owner(
    m: Moment, owner: str, *, fresh_clock: bool, taken_from: str | None = None
) -> None:
    """Make somebody the owner: a new attempt, with a new accept clock if `fresh_clock`.

    `taken_from` is the previous owner, who is alerted.
    """
    handoff = m.state.handoff
    if handoff is None:
        return
    attempt = handoff.attempt + 1
    fields: dict[str, Any] = {
        "asking": None,
        "asked": None,
        "retry_at": None,
        "attempt": attempt,
        "tried": (*handoff.tried, owner),
    }
    if fresh_clock:
        clock = clock_to_start(m, clocks.ACCEPT)
        running: tuple[ClockState, ...] = ()
        if clock is not None:
            open_time = m.book.open_time(calendar_of(m, clock), m.zone)
            running = (clocks.start(clocks.ACCEPT, clock, open_time, m.at, paused_until(handoff)),)
        fields |= {"assigned": m.at, "clocks": running}
    handoff = change_handoff(m, **fields)
    m.change(owner=owner)
    due = handoff.clocks[0].due if fresh_clock and handoff.clocks else None
    m.record("assigned", handoff=handoff.number, owner=owner, attempt=attempt, due=due)
    m.notify(owner, "assigned", f"A lead of team {handoff.team} is yours now.")
    m.notify(taken_from, "reassigned", f"The lead is {owner}'s now; there is nothing left to do.")


def assign_result(m: Moment, result: Result) -> bool:
    """Apply the directory's answer. Returns whether a reassignment found nobody.

    Then the attempts are used up.
    """
    handoff = m.state.handoff
    if handoff is None or handoff.asking != result.key:
        return False
    if result.outcome == "assigned" and result.owner is not None:
        if handoff.tried:
            end_hold(m, "reassigned")
        before = handoff.tried[-1] if handoff.tried else None
        assign_owner(m, result.owner, fresh_clock=True, taken_from=before)
        return False
    change_handoff(m, asking=None, asked=None)
    if handoff.tried:
        return True
    why = result.why or "empty"
    complaints = handoff.complaints
    if why not in complaints:
        complaints = (*complaints, why)
        m.record("unassigned", handoff=handoff.number, team=handoff.team, why=why)
        m.alert_responsible(
            m.manager,
            "unassigned",
            f"Nobody of team {handoff.team} can take the lead: {reason_word(why)}.",
        )
    change_handoff(m, complaints=complaints, retry_at=_retry_at(m))
    return False


def _retry_at(m: Moment) -> datetime:
    open_time = m.book.open_time(accept_calendar(m), m.zone)
    return min(open_time.add(m.at, RETRY_SECONDS), open_time.next_opening(m.at))


def take_over(m: Moment, other: LeadState) -> None:
    """Take over the handoff of a lead that is merged into this one: as the next of this lead.

    An open one goes on, its clocks as they run. It is not counted in shares.
    """
    theirs = other.handoff
    if theirs is None:
        m.change(handoff=None)
        return
    number = m.state.handoffs + 1
    looking = theirs.asking is not None
    m.change(
        handoff=dataclasses.replace(theirs, number=number, asking=None, asked=None),
        handoffs=number,
    )
    if not handoff_open(other):
        return
    m.change(handoff_at=m.at)
    m.record("handoff_opened", handoff=number, team=theirs.team, accepted=theirs.accepted)
    if other.owner is not None:
        due = next((one.due for one in theirs.clocks if one.name == clocks.ACCEPT), None)
        m.record("assigned", handoff=number, owner=other.owner, attempt=theirs.attempt, due=due)
    elif looking:
        ask_owner(m)


def end_handoff(m: Moment) -> None:
    """End the handoff: clocks and the search for an owner stop, a hold ends without an entry."""
    if m.state.handoff is not None:
        drop_hold(m)
        change_handoff(m, over=True, clocks=(), asking=None, asked=None, retry_at=None)
