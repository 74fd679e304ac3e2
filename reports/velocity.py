"""Velocity: how long leads stay in each stage, what flows in and out, and the pipeline's pace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from lifecycle.stages import MOVES
from reports.life import DealStep, LeadLife, Move
from reports.question import Question
from reports.table import (
    CountedEntry,
    Report,
    ReportCell,
    ReportRow,
    Table,
    count,
    length,
    mean,
    share,
)

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Stay:
    """A lead's stay in a stage."""

    life: LeadLife
    entered: Move
    left: Move | None

    def seconds(self, now: datetime) -> CountedEntry:
        """How long it has lasted, with the entry that began it."""
        end = now if self.left is None else self.left.at
        lasted = (end - self.entered.at).total_seconds()
        return self.entered.item(lasted, ended=self.left is not None)


def stays(life: LeadLife) -> Iterator[Stay]:
    """A lead's stays in stages, by time."""
    for entered, left in pairwise((*life.moves, None)):
        if entered is not None:
            yield Stay(life, entered, left)


def velocity(lives: Iterable[LeadLife], asked: Question) -> Report:
    """How long leads stay in each stage, the balance of each stage, and the pipeline velocity."""
    found = list(lives)
    all_stays = [one for life in found for one in stays(life)]
    entered = [one for one in all_stays if asked.covers(one.entered.at)]
    return asked.report(
        name="velocity",
        title="Velocity",
        cohort="Each stay of a lead in a stage. Time in stage is of the stays that began in this"
        " time.",
        unit="stays",
        n=len(entered),
        still_open=sum(one.left is None for one in entered),
        tables=(_time_in_stage(all_stays, asked), _pipeline(found, asked)),
    )


def _time_in_stage(all_stays: list[Stay], asked: Question) -> Table:
    rows: defaultdict[tuple[str, int], list[Stay]] = defaultdict(list)
    order = {stage: place for place, stage in enumerate(MOVES)}
    for one in all_stays:
        group = asked.group(one.life, one.entered.at, asked.by)
        rows[group, order[one.entered.target]].append(one)  # type: ignore[index]  # it is a stage
    names = tuple(MOVES)
    return Table(
        title="Time in stage, and what flows through it",
        definition=(
            "Before: who was in the stage when this time began. In, out: who entered it and left it"
            " in this time. Then: who is in it at the end; before + in − out = then. Median and"
            " P90: the time by which half, and nine of ten, have left it, with those still in it"
            " counted for as long as they have been there (Kaplan and Meier). ≥: so many are still"
            " in it that the time can only be longer."
        ),
        head=" · ".join((*asked.by, "stage")),
        columns=("before", "in", "out", "then", "median", "P90"),
        rows=tuple(
            ReportRow(
                name=f"{group} · {names[place]}" if asked.by else names[place],
                cells=_flow(of, asked),
            )
            for (group, place), of in sorted(rows.items())
        ),
    )


def _flow(of: list[Stay], asked: Question) -> tuple[ReportCell, ...]:
    since, until = asked.since, asked.until
    begun = [one for one in of if since is not None and one.entered.at < since]
    came = [one for one in of if asked.covers(one.entered.at)]
    before = [one for one in begun if one.left is None or (since and one.left.at >= since)]
    gone = [one.left for one in of if one.left is not None and asked.covers(one.left.at)]
    then = [
        one
        for one in (*before, *came)
        if one.left is None or (until is not None and one.left.at >= until)
    ]
    lengths = [one.seconds(asked.as_of) for one in came]
    return (
        count(one.entered.item() for one in before),
        count(one.entered.item() for one in came),
        count(one.item() for one in gone),
        count(one.entered.item() for one in then),
        length(lengths, 0.5),
        length(lengths, 0.9),
    )


def _pipeline(lives: list[LeadLife], asked: Question) -> Table:
    deals: defaultdict[str, list[tuple[DealStep, DealStep | None]]] = defaultdict(list)
    for life in lives:
        opened: DealStep | None = None
        for step in life.deals:
            if step.outcome == "opportunity":
                opened = step
            if asked.covers(step.at):
                group = asked.group(life, step.at, asked.by)
                name = step.currency or "no currency"
                deals[f"{group} · {name}" if asked.by else name].append((step, opened))
    return Table(
        title="Pipeline velocity",
        definition=(
            "What the pipeline brings in a day: opportunities × win rate × average deal ÷ cycle"
            " days. Opportunities: opened in this time. Win rate: won of those won or lost in this"
            " time. Average deal: the mean amount of those won. Cycle days: the mean of their days"
            " from the opening of the opportunity to the win."
        ),
        head=" · ".join((*asked.by, "currency")),
        columns=("opportunities", "win rate", "average deal", "cycle days", "per day"),
        rows=tuple(
            ReportRow(name=name, cells=_pace(steps)) for name, steps in sorted(deals.items())
        ),
    )


def _pace(steps: list[tuple[DealStep, DealStep | None]]) -> tuple[ReportCell, ...]:
    opened = [step.item() for step, _ in steps if step.outcome == "opportunity"]
    won = [(step, began or step) for step, began in steps if step.outcome == "won"]
    ended = sum(step.outcome in ("won", "lost") for step, _ in steps)
    wins = share((step.item() for step, _ in won), ended)
    deal = mean(step.item(step.amount) for step, _ in won)
    days = mean(
        (step.item((step.at - began.at).total_seconds() / _DAY) for step, began in won), "number"
    )
    pace = None
    if wins.figure and deal.figure is not None and days.figure:
        pace = len(opened) * wins.figure * deal.figure / days.figure
    return (
        count(opened),
        wins,
        deal,
        days,
        ReportCell(figure=pace, form="money", items=tuple(opened)),
    )
