"""Targets: what a program aims for, beside what happened, week by week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final, NamedTuple

from models.program.program import Program
from reports.life import LeadLife
from reports.passages import Passage, passages
from reports.question import Question
from reports.sources import marketing_share
from reports.table import Report, ReportCell, ReportRow, Table, share
from reports.target_verdict import met, wanted

_WEEKS: Final = 8
Covers = Callable[[datetime], bool]


class _Own(NamedTuple):
    """The leads of one program, with their passages, which several figures count."""

    lives: Sequence[LeadLife]
    passages: Sequence[Passage]


def _accepted_within_sla(own: _Own, covers: Covers) -> ReportCell:
    """Of accept clocks that ended: by an acceptance before any breach."""
    kept, ended = [], 0
    for life in own.lives:
        for one in life.handoffs:
            breach = next((each for each in one.breaches if each.clock == "accept"), None)
            if breach is not None:
                ended += covers(breach.at)
            elif one.accepted is not None and covers(one.accepted.at):
                ended += 1
                kept.append(one.accepted.item())
    return share(kept, ended)


def _mql_to_sal(own: _Own, covers: Covers) -> ReportCell:
    """Of those that became an MQL: accepted in the same passage, until now."""
    became, accepted, grows = 0, [], False
    for one in own.passages:
        mql = next((move for move in one.moves if move.target == "mql"), None)
        if mql is None or not covers(mql.at):
            continue
        became += 1
        if (sal := one.reached("sal")) is not None:
            accepted.append(sal.item())
        else:
            grows |= one.ended is None
    return share(accepted, became, at_least=grows)


def _touches_to_opportunity(own: _Own, covers: Covers) -> ReportCell:
    """The median of touches in handoffs, since the passage began, before the opportunity."""
    items = []
    for one in own.passages:
        move = next((each for each in one.moves[1:] if each.target == "opportunity"), None)
        if move is None or not covers(move.at):
            continue
        touches = [each for handoff in one.life.handoffs for each in handoff.touches]
        first = one.moves[0].seq
        items.append(move.item(sum(first < each.seq < move.seq for each in touches)))
    figure = median(item.value or 0.0 for item in items) if items else None
    return ReportCell(figure=figure, form="number", items=tuple(items))


def _marketing_sourced_pipeline(own: _Own, covers: Covers) -> ReportCell:
    """Of the amounts of opportunities that were opened: those of leads that marketing brought."""
    return marketing_share(own.lives, covers)[1]


_FIGURES: Final[dict[str, Callable[[_Own, Covers], ReportCell]]] = {
    "accepted_within_sla": _accepted_within_sla,
    "marketing_sourced_pipeline": _marketing_sourced_pipeline,
    "mql_to_sal": _mql_to_sal,
    "touches_to_opportunity": _touches_to_opportunity,
}

_DEFINITION: Final = (
    "accepted_within_sla: of the accept clocks that ended, the share that ended by an acceptance"
    " before any breach. marketing_sourced_pipeline: of the amounts of opportunities opened, the"
    " share of leads that marketing brought, in the currency of most opportunities. mql_to_sal: of"
    " the passages that became an MQL, the share that sales has accepted by now. "
    "touches_to_opportunity: the median number of touches before the opportunities opened. Met: the"
    " figure is the target or more. Weeks begin on Monday, and the last one is not over."
)


def targets(lives: Iterable[LeadLife], asked: Question, programs: Sequence[Program]) -> Report:
    """Each target of these programs beside its figure, with the last eight weeks."""
    found = list(lives)
    last = asked.as_of
    if asked.until is not None and asked.until <= last:
        last = asked.until - timedelta(microseconds=1)
    start = asked.week_begins(last)
    weeks = [start - timedelta(weeks=back) for back in range(_WEEKS - 1, -1, -1)]
    weeks = [asked.week_begins(one + timedelta(hours=12)) for one in weeks]
    since = asked.since or weeks[0]
    rows = []
    for program in programs:
        of_program = [one for one in found if one.about.program == program.program]
        named = len(programs) > 1 and "program" not in asked.by
        for group, own in _groups(of_program, asked):
            before = (program.program,) * named + (group,) * bool(asked.by)
            for name, target in sorted(program.targets.items()):
                if (of := _FIGURES.get(name)) is None:
                    continue
                figure = of(own, _between(since, asked.until))
                ends = [*weeks[1:], asked.until]
                trend = [of(own, _between(*ends_of)) for ends_of in zip(weeks, ends, strict=True)]
                cells = (wanted(target), figure, met(figure, target), *trend)
                rows.append(ReportRow(name=" · ".join((*before, name)), cells=cells))
    names = tuple(asked.period(one + timedelta(hours=12), "week") for one in weeks)
    return replace(asked, since=since).report(
        name="targets",
        title="Targets",
        cohort="What happened in this time (the last eight weeks, unless it is asked otherwise), by"
        " the targets of the newest version of each program.",
        unit="leads",
        n=len(found),
        still_open=sum(one.moves[-1].target not in ("customer", "disqualified") for one in found),
        tables=(
            Table(
                title="Targets and figures",
                definition=_DEFINITION,
                head=" · ".join((*asked.by, "target")),
                columns=("target", "figure", "met", *names),
                rows=tuple(rows),
            ),
        )
        if rows
        else (),
    )


def _groups(lives: Sequence[LeadLife], asked: Question) -> list[tuple[str, _Own]]:
    """The leads of each group that is asked for, by its name; all of them if none is."""
    found: defaultdict[str, list[LeadLife]] = defaultdict(list)
    for one in lives:
        found[asked.group(one, one.created, asked.by)].append(one)
    if not asked.by:
        return [("", _Own(lives, passages(lives)))]
    return [(name, _Own(of, passages(of))) for name, of in sorted(found.items())]


def _between(since: datetime, until: datetime | None) -> Covers:
    return lambda at: at >= since and (until is None or at < until)
