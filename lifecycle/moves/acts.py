"""Acts: what people decide about a lead. Each is done, or refused with a sentence.

A refused act changes only the timeline. If an act is repeated with the same id, that is no error
and has no second effect. The file is long because each act is a function here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from lifecycle.calendars.local_time import later
from lifecycle.handoff import clocks, meetings
from lifecycle.handoff.clock_settings import settings
from lifecycle.handoff.handoff import (
    absence_zone,
    assign_owner,
    change_handoff,
    end_handoff,
    open_second,
)
from lifecycle.handoff.holds import end_hold, held_seconds, hold
from lifecycle.handoff.permission import (
    require_known_person,
    require_manager,
    require_owner_or_manager,
    require_stage,
    require_task_person,
)
from lifecycle.moment import Moment, rounded
from lifecycle.moves.acceptance import accept
from lifecycle.moves.act_ids import remember, was_done, words_of
from lifecycle.moves.events import log_touch
from lifecycle.moves.transitions import churn, disqualify, enter_stage, recycle
from lifecycle.nurture import tracks
from lifecycle.stages import ACT_STAGES, WITH_MARKETING
from models.decision import Answer, CountAssignment
from models.inputs import Act
from models.program.handoff import QualifyClock
from models.refusal import RefusedError
from models.state import Deal

_CURRENCY = re.compile(r"[A-Z]{3}")


def perform_act(m: Moment, act: Act) -> None:
    """Do an act or refuse it. Its sender gets an answer in both cases."""
    m.via = act.via
    try:
        if was_done(m, act):
            m.answers.append(Answer(ref=act.ref))
            return
        if act.do != "accept":  # the owner may repeat it later: it checks the stage itself
            require_stage(m, act.do, ACT_STAGES[act.do])
        _ACTS[act.do](m, act)
    except RefusedError as refusal:
        m.record("refused", act=act.do, by=act.by, why=refusal.why, note=refusal.sentence)
        m.answers.append(Answer(ref=act.ref, refused=refusal.sentence, why=refusal.why))
        return
    finally:
        m.via = None
    remember(m, act)
    m.answers.append(Answer(ref=act.ref))
    tracks.follow_act(m)


def _touch(m: Moment, act: Act) -> None:
    if m.state.stage in WITH_MARKETING:
        require_known_person(m, "touch", act.by)
    else:
        require_owner_or_manager(m, "touch", act.by)
    log_touch(m, act.by, act.channel, act.note)


def _qualify(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "qualify", act.by)
    m.record("qualified", by=act.by)
    clock = settings(m, clocks.QUALIFY)
    then_to = clock.then_to if isinstance(clock, QualifyClock) else None
    if m.state.handoff is not None:
        end_handoff(m)
        change_handoff(m, over=then_to is not None)
    enter_stage(m, "sql", "qualified", act.by)
    if then_to is not None:
        open_second(m, then_to)


def _recycle(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "recycle", act.by)
    reasons = m.book.program.recycle.reasons
    reason = _reason(act, reasons)
    needed = reasons[reason].needs_touches
    logged = m.state.handoff.touches if m.state.handoff is not None else 0
    if logged < needed:
        raise RefusedError(
            f"Recycling for {reason} needs {needed} touches in this handoff;"
            f" {logged} {'is' if logged == 1 else 'are'} logged.",
            why="touches",
        )
    if act.until is not None:
        _in_future(m, "recycle", act.until)
    recycle(m, reason, by=act.by, until=act.until)


def _churn(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "churn", act.by)
    reason = _reason(act, m.book.program.recycle.reasons)
    if act.until is not None:
        _in_future(m, "churn", act.until)
    churn(m, reason, by=act.by, until=act.until)


def _disqualify(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "disqualify", act.by)
    disqualify(m, _reason(act, m.book.program.disqualify.reasons), by=act.by)


def _reassign(m: Moment, act: Act) -> None:
    require_manager(m, "reassign", act.by)
    handoff = m.state.handoff
    if handoff is None:
        raise RefusedError(
            "Reassign is for a lead that has a handoff; this one has none.", why="team"
        )
    if act.to is None or not m.people.is_member(handoff.team, act.to):
        raise RefusedError(
            f"Reassign needs a member of team {handoff.team} in 'to', not {act.to or 'nobody'}.",
            why="to",
        )
    if act.to == m.state.owner:
        raise RefusedError(f"{act.to} owns this lead already.", why="to")
    end_hold(m, "reassigned", act.by)
    before = m.state.owner
    m.change(previous_owner=before or m.state.previous_owner)
    key = f"{m.state.lead}/handoff/{handoff.number}/attempt/{handoff.attempt + 1}"
    fresh = handoff.accepted is None and not handoff.over
    assign_owner(m, act.to, fresh_clock=fresh, taken_from=before if before != act.by else None)
    m.command(
        CountAssignment(
            key=key,
            at=m.at,
            handoff=handoff.number,
            team=handoff.team,
            owner=act.to,
            tried=handoff.tried,
            timezone=absence_zone(m),
        )
    )


def _hold(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "hold", act.by)
    handoff, rules = m.state.handoff, m.book.program.handoff
    if handoff is None or rules is None:
        raise RefusedError("Hold is for a lead that has a handoff; this one has none.", why="hold")
    if act.until is None:
        raise RefusedError(
            "Hold needs 'until', the instant at which the clocks go on.", why="until"
        )
    _in_future(m, "hold", act.until)
    if not act.why:
        raise RefusedError("Hold needs 'why': what the lead is waiting for.", why="why")
    most = rules.hold_at_most
    if held_seconds(handoff, act.until, m.clock_at) > most.elapsed.total_seconds():
        raise RefusedError(f"A handoff can be held for at most {most} in all.", why="hold")
    hold(m, act.until, act.why, act.by)


def _resume(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "resume", act.by)
    handoff = m.state.handoff
    if handoff is None or (handoff.held_until or handoff.meeting_until) is None:
        raise RefusedError("Resume is for a lead on hold; this one is not.", why="hold")
    meetings.resume(m, act.by)


def _open_opportunity(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "open_opportunity", act.by)
    amount = _amount("open_opportunity", act.amount)
    currency = _currency("open_opportunity", act.currency)
    m.record("opportunity", amount=rounded(amount), currency=currency, by=act.by)
    m.change(deal=Deal(amount=amount, currency=currency))
    end_handoff(m)
    enter_stage(m, "opportunity", "opportunity", act.by)


def _win(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "win", act.by)
    deal = m.state.deal
    if deal is not None and act.amount is not None:
        deal = replace(deal, amount=_amount("win", act.amount))
    if deal is not None and act.currency is not None:
        deal = replace(deal, currency=_currency("win", act.currency))
    m.change(deal=deal)
    m.record(
        "won",
        amount=rounded(deal.amount) if deal else None,
        currency=(deal.currency or None) if deal else None,
        by=act.by,
    )
    enter_stage(m, "customer", "won", act.by)


def _lose(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "lose", act.by)
    reasons = m.book.program.lost_reasons
    reason = _reason(act, reasons)
    deal = m.state.deal
    m.record(
        "lost",
        amount=rounded(deal.amount) if deal else None,
        currency=(deal.currency or None) if deal else None,
        reason=reason,
        by=act.by,
    )
    enter_stage(m, "lost", reason, act.by)
    m.change(reason=reason, cool_off_until=later(m.at, reasons[reason].cool_off, m.zone))


def _done(m: Moment, act: Act) -> None:
    task = next((one for one in m.state.tasks if one.id == act.task), None)
    if task is None:
        names = ", ".join(one.id for one in m.state.tasks)
        raise RefusedError(
            f"Done is for an open task ({names}), not for {act.task or 'none'}."
            if names
            else "Done is for an open task; this lead has none.",
            why="task",
        )
    require_task_person(m, act.by, task.owner, task.team)
    m.change(tasks=tuple(one for one in m.state.tasks if one.id != task.id))
    m.record("task_done", task=task.id, task_kind=task.kind, owner=task.owner, by=act.by)


def _note(m: Moment, act: Act) -> None:
    require_owner_or_manager(m, "note", act.by)
    if not act.note:
        raise RefusedError("Note needs 'note', the text to be kept.", why="note")
    m.record("noted", by=act.by, note=act.note)


def _reason(act: Act, reasons: Mapping[str, object]) -> str:
    if act.reason is None or act.reason not in reasons:
        known = ", ".join(reasons) or "none"
        given = f"not '{act.reason}'" if act.reason else "and none was given"
        raise RefusedError(
            f"{act.do.capitalize()} needs a reason the program knows ({known}), {given}.",
            why="reason",
        )
    return act.reason


def _amount(do: str, amount: float | None) -> float:
    if amount is None or amount < 0:
        given = "none was given" if amount is None else f"{rounded(amount)} is less"
        raise RefusedError(
            f"{words_of(do).capitalize()} needs an amount of 0 or more; {given}.",
            why="amount",
        )
    return amount


def _currency(do: str, currency: str | None) -> str:
    if currency is None or not _CURRENCY.fullmatch(currency):
        raise RefusedError(
            f"{words_of(do).capitalize()} needs a currency like USD or EUR.", why="currency"
        )
    return currency


def _in_future(m: Moment, do: str, until: datetime) -> None:
    if until <= m.clock_at:
        raise RefusedError(f"{do.capitalize()} needs an 'until' that is yet to come.", why="until")


_ACTS: dict[str, Callable[[Moment, Act], None]] = {
    "accept": accept,
    "touch": _touch,
    "qualify": _qualify,
    "recycle": _recycle,
    "disqualify": _disqualify,
    "reassign": _reassign,
    "hold": _hold,
    "resume": _resume,
    "open_opportunity": _open_opportunity,
    "win": _win,
    "lose": _lose,
    "churn": _churn,
    "done": _done,
    "note": _note,
}
