"""The ledger of breaches: for each, whose clock it was, what counted, and what was held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lifecycle.program.rulebook import OpenTime
from models.instants import write_instant
from reports.life import Attempt, Breach, Fact, HandoffLife, Hold, LeadLife
from reports.office_hours import counted_seconds
from reports.table import ReportCell, ReportRow, Table, words


def ledger(of: Iterable[tuple[LeadLife, HandoffLife, OpenTime]], title: str) -> Table:
    """A row for each breach of these handoffs, with the entries by which it can be contested."""
    return Table(
        title=title,
        definition=(
            "A row for each breach: whose clock, from when it counted, the office time that"
            " counted until the breach without holds, what was held, and what answered it. The"
            " list of each cell has the entries that it was read from."
        ),
        head="lead · entry",
        columns=("owner", "clock", "from", "breached", "counted", "held", "answered"),
        rows=tuple(
            ReportRow(name=f"{life.lead} · {breach.seq}", cells=_cells(handoff, breach, office))
            for life, handoff, office in of
            for breach in handoff.breaches
        ),
    )


def _cells(handoff: HandoffLife, breach: Breach, office: OpenTime) -> tuple[ReportCell, ...]:
    start = _start(handoff, breach)
    holds = [one for one in handoff.holds if _concerns(one, breach, start.at)]
    entries = (start, *holds, breach)
    seconds = counted_seconds(office, holds, breach.clock, start.at, breach.at)
    answer = _answer(handoff, breach)
    return (
        words(breach.owner or "nobody", (breach.item(),)),
        words(breach.clock, (breach.item(),)),
        words(write_instant(start.at), (start.item(),)),
        words(write_instant(breach.at), (breach.item(),)),
        ReportCell(figure=seconds, form="seconds", items=tuple(one.item() for one in entries)),
        words(", ".join(_hold(one) for one in holds) or "–", (one.item() for one in holds)),
        words("–") if answer is None else words(write_instant(answer.at), (answer.item(),)),
    )


def _start(handoff: HandoffLife, breach: Breach) -> Fact:
    """What the clock counted from: the assignment, or the acceptance."""
    if breach.clock != "accept" and handoff.accepted is not None:
        return handoff.accepted
    given = [one for one in handoff.attempts if one.seq < breach.seq]
    return given[-1] if given else handoff


def _concerns(hold: Hold, breach: Breach, start: datetime) -> bool:
    if hold.clocks and breach.clock not in hold.clocks:
        return False
    return hold.at <= breach.at and (hold.ended is None or hold.ended > start)


def _hold(hold: Hold) -> str:
    end = "" if hold.ended is None else write_instant(hold.ended)
    return f"{write_instant(hold.at)} to {end} ({hold.why})"


def _answer(handoff: HandoffLife, breach: Breach) -> Fact | None:
    """What was done after all, before somebody else got the lead."""
    if breach.clock == "qualify":
        done: Fact | None = handoff.qualified
    elif breach.clock == "first_touch":
        done = next((one for one in handoff.touches if one.seq > breach.seq), None)
    else:
        done = handoff.accepted
        after: list[Attempt] = [one for one in handoff.attempts if one.seq > breach.seq]
        if done is not None and after and after[0].seq < done.seq:
            return None
    return done if done is not None and done.seq > breach.seq else None
