"""Rules that move a lead: disqualify, hand_raise, mql, engaged. They are checked in this order."""

from __future__ import annotations

from lifecycle.handoff.handoff import responsible
from lifecycle.moment import Moment
from lifecycle.moves.transitions import become_mql, disqualify, enter_stage
from lifecycle.stages import WITH_MARKETING, WORKED
from models.inputs import Event
from models.messages import LATE_AFTER


def is_late(event: Event) -> bool:
    """Whether an event was more than 72 hours old when it arrived."""
    return event.arrived - event.at > LATE_AFTER


def check_disqualify(m: Moment) -> bool:
    """Disqualify by the first rule that holds. Checked at creation and at profile changes."""
    for when, reason in m.book.disqualify:
        if m.holds(when):
            return disqualify(m, reason)
    return False


def check_hand_raise(m: Moment, event: Event) -> bool:
    """Make a lead that raises its hand an MQL. If sales has or had it, alert the owner."""
    state = m.state
    if not m.holds(m.book.hand_raise):
        return False
    if is_late(event) and state.handoff_at is not None and state.handoff_at >= event.at:
        return False
    if state.stage in WORKED or state.stage == "customer":
        m.alert_responsible(responsible(m), "hand_raise", "The lead has raised its hand again.")
        return True
    if state.stage == "disqualified" and not _revives(m):
        return False
    return become_mql(m, "hand_raise")


def _revives(m: Moment) -> bool:
    reason = m.book.program.disqualify.reasons.get(m.state.reason or "")
    return reason is not None and reason.revive


def check_scores(m: Moment) -> bool:
    """Make the lead marketing qualified or engaged, if the program's rules say so."""
    state = m.state
    if state.stage not in WITH_MARKETING or state.cool_off_until is not None:
        return False
    if state.stage == "recycled" and not state.human_since_recycle:
        return False
    qualifies = m.book.mql if state.motion == "sales" else m.book.mql_self_serve
    if m.holds(qualifies):
        return become_mql(m, "mql")
    if state.stage != "engaged" and m.holds(m.book.engaged):
        return enter_stage(m, "engaged", "engaged")
    return False
