"""Holdout: whether nurture mail brings anything, by those who get none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reports.life import DealStep, LeadLife, Move
from reports.means import welch
from reports.proportions import Interval, newcombe
from reports.question import Question
from reports.table import (
    CountedEntry,
    Form,
    Report,
    ReportCell,
    ReportRow,
    Table,
    count,
    share,
    total,
    words,
)

WITHIN: Final = timedelta(days=90)
LEAST_LEADS: Final = 50
LEAST_HITS: Final = 10
_STAGES: Final = {"MQL": "mql", "opportunity": "opportunity", "won": "customer"}


@dataclass(frozen=True, slots=True)
class _Compared:
    """Leads of one row of the report: those in the holdout, and the rest."""

    held_out: Sequence[LeadLife]
    rest: Sequence[LeadLife]

    def named(self) -> dict[str, Sequence[LeadLife]]:
        return {"holdout": self.held_out, "the rest": self.rest}


def holdout(lives: Iterable[LeadLife], asked: Question) -> Report:
    """Leads in the holdout against the rest, and whether it is too early to tell."""
    found = [one for one in lives if asked.covers(one.created) and _is_new(one)]
    ready = [one for one in found if one.created + WITHIN <= asked.as_of]
    by_group: defaultdict[str, list[LeadLife]] = defaultdict(list)
    for one in ready:
        by_group[_group(one, asked)].append(one)
    groups = {
        name: _Compared(
            [one for one in by_group[name] if one.about.holdout],
            [one for one in by_group[name] if not one.about.holdout],
        )
        for name in (sorted(by_group) if asked.by else ("",))
    }
    return asked.report(
        name="holdout",
        title="Holdout",
        cohort="Leads that were created in this time as known or engaged, and have had their 90"
        " days since.",
        unit="leads with 90 days",
        n=len(ready),
        still_open=len(found) - len(ready),
        notes=("Still open are leads whose 90 days are not over. They are left out below.",),
        tables=(_compared(groups, asked), _pipeline(groups, asked), _verdicts(groups, asked)),
    )


def _group(life: LeadLife, asked: Question) -> str:
    return asked.group(life, life.created, asked.by) if asked.by else ""


def _named(group: str, *rest: str) -> str:
    return " · ".join((group, *rest) if group else rest)


def _is_new(life: LeadLife) -> bool:
    return life.moves[0].target in ("known", "engaged")


def _hit(life: LeadLife, stage: str) -> Move | None:
    limit = life.created + WITHIN
    return next((one for one in life.moves if one.target == stage and one.at <= limit), None)


def _compared(groups: dict[str, _Compared], asked: Question) -> Table:
    return Table(
        title="Within 90 days of their creation",
        definition=(
            "The share of leads that became an MQL, had an opportunity, and were won within 90"
            " times 24 hours, with Wilson's interval of 95 %."
        ),
        head=" · ".join((*asked.by, "group")),
        columns=("leads", *_STAGES),
        rows=tuple(
            ReportRow(
                name=_named(group, name),
                cells=(
                    count(one.moves[0].item() for one in of),
                    *(
                        share((move.item() for one in of if (move := _hit(one, stage))), len(of))
                        for stage in _STAGES.values()
                    ),
                ),
            )
            for group, compared in groups.items()
            for name, of in compared.named().items()
        ),
    )


def _deals(of: Iterable[LeadLife], outcome: str) -> list[DealStep]:
    return [
        deal
        for life in of
        for deal in life.deals
        if deal.outcome == outcome and deal.at <= life.created + WITHIN
    ]


def _pipeline(groups: dict[str, _Compared], asked: Question) -> Table:
    rows = []
    for group, compared in groups.items():
        for name, of in compared.named().items():
            opened, won = _deals(of, "opportunity"), _deals(of, "won")
            for currency in sorted({one.currency for one in (*opened, *won)}):
                part = [one for one in opened if one.currency == currency]
                wins = [one for one in won if one.currency == currency]
                worth = total(one.item(one.amount) for one in part)
                per_lead = ReportCell(
                    figure=(worth.figure or 0.0) / len(of) if of else None,
                    form="money",
                    items=worth.items,
                )
                revenue = total(one.item(one.amount) for one in wins)
                cells = (count(worth.items), worth, per_lead, count(revenue.items), revenue)
                shown = _named(group, name, currency or "no currency")
                rows.append(ReportRow(name=shown, cells=cells))
    return Table(
        title="Pipeline and revenue within 90 days",
        definition=(
            "The amounts of opportunities opened and of deals won within 90 days of the lead's"
            " creation. Per lead: pipeline ÷ all leads of the group, so that groups of different"
            " sizes can be compared."
        ),
        head=" · ".join((*asked.by, "group", "currency")),
        columns=("opportunities", "pipeline", "pipeline per lead", "won", "revenue"),
        rows=tuple(rows),
    )


def _verdicts(groups: dict[str, _Compared], asked: Question) -> Table:
    rows = []
    for group, of in groups.items():
        for name, stage in _STAGES.items():
            rows.append(ReportRow(name=_named(group, name), cells=_of_stage(of, stage)))
        opened = _deals((*of.held_out, *of.rest), "opportunity")
        for currency in sorted({one.currency for one in opened}):
            name = _named(group, f"pipeline per lead, {currency or 'no currency'}")
            rows.append(ReportRow(name=name, cells=_of_pipeline(of, currency)))
    return Table(
        title="Does mail make a difference?",
        definition=(
            "The rest minus the holdout, with Newcombe's interval of 95 % (of pipeline per lead:"
            " Welch's). Too early to tell: one"
            f" of the groups has fewer than {LEAST_LEADS} leads with their 90 days, or both"
            f" together have fewer than {LEAST_HITS} that came so far. No difference is"
            " shown: the interval contains 0."
        ),
        head=" · ".join((*asked.by, "what")),
        columns=("difference", "verdict"),
        rows=tuple(rows),
    )


def _of_stage(of: _Compared, stage: str) -> tuple[ReportCell, ReportCell]:
    theirs = [move.item() for one in of.held_out if (move := _hit(one, stage))]
    ours = [move.item() for one in of.rest if (move := _hit(one, stage))]
    if not of.held_out or not of.rest:
        return ReportCell(figure=None, form="share"), words("too early to tell")
    return _verdict(
        of,
        (*ours, *theirs),
        len(ours) / len(of.rest) - len(theirs) / len(of.held_out),
        newcombe(len(ours), len(of.rest), len(theirs), len(of.held_out)),
        "share",
    )


def _of_pipeline(of: _Compared, currency: str) -> tuple[ReportCell, ReportCell]:
    ours, theirs = (
        [
            [deal for deal in _deals((one,), "opportunity") if deal.currency == currency]
            for one in lives
        ]
        for lives in (of.rest, of.held_out)
    )
    if not of.held_out or not of.rest:
        return ReportCell(figure=None, form="money"), words("too early to tell")
    worth, others = (
        [sum(deal.amount for deal in deals) for deals in one] for one in (ours, theirs)
    )
    items = tuple(deal.item(deal.amount) for deals in (*ours, *theirs) for deal in deals)
    difference = sum(worth) / len(worth) - sum(others) / len(others)
    return _verdict(of, items, difference, welch(worth, others), "money")


def _verdict(
    of: _Compared,
    items: tuple[CountedEntry, ...],
    difference: float,
    interval: Interval | None,
    form: Form,
) -> tuple[ReportCell, ReportCell]:
    cell = ReportCell(figure=difference, form=form, items=items, interval=interval)
    small = min(len(of.held_out), len(of.rest)) < LEAST_LEADS
    if small or interval is None or len({one.lead for one in items}) < LEAST_HITS:
        return cell, words("too early to tell")
    if interval.low <= 0 <= interval.high:
        return cell, words("no difference is shown")
    return cell, words("mail helps" if interval.low > 0 else "mail does harm")
