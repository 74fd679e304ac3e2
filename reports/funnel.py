"""The funnel: which share of each cohort reached each stage, and how soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from reports.life import LeadLife
from reports.passages import AHEAD, FUNNEL, KINDS, Passage, passages
from reports.question import Question
from reports.survival import CumulativeIncidence
from reports.table import CountedEntry, Report, ReportCell, ReportRow, Table, count, share

HORIZONS: Final = (7, 30, 90)
"""Within how many days (24 hours each) a stage is reached."""


def funnel(lives: Iterable[LeadLife], asked: Question) -> Report:
    """The share of each cohort that reached each stage within 7, 30 and 90 days.

    Rows are cohorts by the week in which a passage began, unless it is asked by something else.
    """
    found = [one for one in passages(lives) if asked.covers(one.began)]
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in KINDS}
    return asked.report(
        name="funnel",
        title="Funnel",
        cohort=(
            "Each passage through the funnel that began in this time: at the creation of a lead,"
            " at each recycle, at a revival, at a customer's next opportunity. A passage ends when"
            " the lead is won, lost, recycled or disqualified. A lead that was created as a"
            " customer or as disqualified has no passage from there."
        ),
        unit="passages",
        n=len(found),
        still_open=sum(one.ended is None for one in found),
        tables=tuple(
            table
            for kind, title in KINDS.items()
            if by_kind[kind]
            for table in _tables(title, FUNNEL[AHEAD[kind] :], by_kind[kind], asked)
        ),
    )


def _tables(title: str, ahead: Sequence[str], found: list[Passage], asked: Question) -> list[Table]:
    rows: defaultdict[str, list[Passage]] = defaultdict(list)
    by = asked.by or ("week",)
    for one in found:
        rows[asked.group(one.life, one.began, by)].append(one)
    cohorts = sorted(rows.items())
    head = " · ".join(by)
    reaching = [(name, [_Reaching(cohort, stage) for stage in ahead]) for name, cohort in cohorts]
    begun = [_begun(cohort) for _, cohort in cohorts]
    return [
        *(
            _within(title, head, ahead, reaching, begun, days=days, asked=asked)
            for days in HORIZONS
        ),
        *([_skipped(title, head, ahead[:-1], cohorts)] if len(ahead) > 1 else []),
        _incidence(title, ahead, found, asked),
    ]


class _Reaching:
    """Who of a cohort reached a stage or a later one, and after how long."""

    def __init__(self, cohort: Sequence[Passage], stage: str) -> None:
        self.of = len(cohort)
        self._reached: list[tuple[timedelta, CountedEntry]] = []
        self._latest: datetime | None = None
        """When the last began of those who have not reached it and go on."""
        for one in cohort:
            if (move := one.reached(stage)) is not None:
                self._reached.append((move.at - one.began, move.item()))
            elif one.ended is None and (self._latest is None or one.began > self._latest):
                self._latest = one.began

    def within(self, limit: timedelta) -> tuple[CountedEntry, ...]:
        """Those who reached it so soon."""
        return tuple(item for took, item in self._reached if took <= limit)

    def share(self, limit: timedelta, now: datetime) -> ReportCell:
        """The share of them, which can grow as long as somebody has not had so long."""
        can_grow = self._latest is not None and self._latest + limit > now
        return share(self.within(limit), self.of, at_least=can_grow)


def _begun(cohort: Sequence[Passage]) -> tuple[ReportCell, ReportCell]:
    """How many passages there are, and how many of them are open."""
    items = [(one.moves[0].item(), one.ended is None) for one in cohort]
    return count(item for item, _ in items), count(item for item, is_open in items if is_open)


def _within(
    title: str,
    head: str,
    ahead: Sequence[str],
    cohorts: Sequence[tuple[str, Sequence[_Reaching]]],
    begun: Sequence[tuple[ReportCell, ReportCell]],
    *,
    days: int,
    asked: Question,
) -> Table:
    limit = timedelta(days=days)
    return Table(
        title=f"{title}, within {days} days",
        definition=(
            f"The share of the cohort that reached the stage, or a later one, within {days} times"
            " 24 hours from the beginning of the passage, with Wilson's interval of 95 %. A"
            " passage that ended before stays in the cohort. ≥: not all of the cohort have had so"
            " many days, so the share can still grow."
        ),
        head=head,
        columns=("entered", "open", *ahead),
        rows=tuple(
            ReportRow(
                name=name,
                cells=(*entered, *(one.share(limit, asked.as_of) for one in reaching)),
            )
            for (name, reaching), entered in zip(cohorts, begun, strict=True)
        ),
    )


def _skipped(
    title: str, head: str, stages: Sequence[str], cohorts: Sequence[tuple[str, list[Passage]]]
) -> Table:
    return Table(
        title=f"{title}, stages skipped",
        definition=(
            "How many went past a stage without being in it. A skipped stage counts as passed in no"
            " time, at the move to the later stage."
        ),
        head=head,
        columns=tuple(stages),
        rows=tuple(
            ReportRow(
                name=name,
                cells=tuple(
                    count(move.item() for one in cohort if (move := one.skipped(stage)))
                    for stage in stages
                ),
            )
            for name, cohort in cohorts
        ),
    )


def _incidence(title: str, ahead: Sequence[str], found: list[Passage], asked: Question) -> Table:
    return Table(
        title=f"{title}, cumulative incidence",
        definition=(
            "How many of a hundred reach the stage by this day, estimated from all passages: those"
            " still open count for as long as they were watched, and an end without the stage"
            " (recycled, disqualified, lost) is a competing end, which rules it out (by Aalen and"
            " Johansen, with an interval of 95 %). ≥: nobody was watched for so long. The list has"
            " those who reached it by then."
        ),
        head="stage",
        columns=tuple(f"by day {days}" for days in HORIZONS),
        rows=tuple(_incidence_row(stage, found, asked) for stage in ahead),
    )


def _incidence_row(stage: str, found: list[Passage], asked: Question) -> ReportRow:
    observed = [one.observe(stage, asked.as_of) for one in found]
    curve = CumulativeIncidence.of(observed)
    reaching = _Reaching(found, stage)
    cells = []
    for days in HORIZONS:
        limit = timedelta(days=days)
        items = reaching.within(limit)
        seconds = limit.total_seconds()
        cells.append(
            ReportCell(
                figure=curve.by(seconds),
                form="share",
                items=items,
                of=len(found),
                interval=curve.interval(seconds),
                at_least=curve.watched[-1] < seconds and curve.open_after(seconds) > 0,
            )
        )
    return ReportRow(name=stage, cells=tuple(cells))
