"""Holdout: whether nurture mail brings anything, by those who get none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from reports.life import DealStep, LeadLife, Move
from reports.proportions import newcombe
from reports.question import Question
from reports.table import Report, ReportCell, ReportRow, Table, count, share, total, words

WITHIN: Final = timedelta(days=90)
LEAST_LEADS: Final = 50
LEAST_HITS: Final = 10
_STAGES: Final = {"MQL": "mql", "opportunity": "opportunity", "won": "customer"}


def holdout(lives: Iterable[LeadLife], asked: Question) -> Report:
    """Leads in the holdout against the rest, and whether it is too early to tell."""
    found = [one for one in lives if asked.covers(one.created) and _is_new(one)]
    ready = [one for one in found if one.created + WITHIN <= asked.as_of]
    groups = {
        "holdout": [one for one in ready if one.about.holdout],
        "the rest": [one for one in ready if not one.about.holdout],
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
        tables=(_compared(groups), _pipeline(groups), _verdicts(groups)),
    )


def _is_new(life: LeadLife) -> bool:
    return life.moves[0].target in ("known", "engaged")


def _hit(life: LeadLife, stage: str) -> Move | None:
    limit = life.created + WITHIN
    return next((one for one in life.moves if one.target == stage and one.at <= limit), None)


def _compared(groups: dict[str, list[LeadLife]]) -> Table:
    return Table(
        title="Within 90 days of their creation",
        definition=(
            "The share of leads that became an MQL, had an opportunity, and were won within 90"
            " times 24 hours, with Wilson's interval of 95 %."
        ),
        head="group",
        columns=("leads", *_STAGES),
        rows=tuple(
            ReportRow(
                name=name,
                cells=(
                    count(one.moves[0].item() for one in of),
                    *(
                        share((move.item() for one in of if (move := _hit(one, stage))), len(of))
                        for stage in _STAGES.values()
                    ),
                ),
            )
            for name, of in groups.items()
        ),
    )


def _deals(of: list[LeadLife], outcome: str) -> list[DealStep]:
    return [
        deal
        for life in of
        for deal in life.deals
        if deal.outcome == outcome and deal.at <= life.created + WITHIN
    ]


def _pipeline(groups: dict[str, list[LeadLife]]) -> Table:
    rows = []
    for name, of in groups.items():
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
            rows.append(ReportRow(name=f"{name} · {currency or 'no currency'}", cells=cells))
    return Table(
        title="Pipeline and revenue within 90 days",
        definition=(
            "The amounts of opportunities opened and of deals won within 90 days of the lead's"
            " creation. Per lead: pipeline ÷ all leads of the group, so that groups of different"
            " sizes can be compared."
        ),
        head="group · currency",
        columns=("opportunities", "pipeline", "pipeline per lead", "won", "revenue"),
        rows=tuple(rows),
    )


def _verdicts(groups: dict[str, list[LeadLife]]) -> Table:
    return Table(
        title="Does mail make a difference?",
        definition=(
            "The rest minus the holdout, with Newcombe's interval of 95 %. Too early to tell: one"
            f" of the groups has fewer than {LEAST_LEADS} leads with their 90 days, or both"
            f" together have fewer than {LEAST_HITS} that came so far. No difference is"
            " shown: the interval contains 0."
        ),
        head="stage",
        columns=("difference", "verdict"),
        rows=tuple(
            ReportRow(name=name, cells=_verdict(groups, stage)) for name, stage in _STAGES.items()
        ),
    )


def _verdict(groups: dict[str, list[LeadLife]], stage: str) -> tuple[ReportCell, ReportCell]:
    held_out, rest = groups["holdout"], groups["the rest"]
    theirs = [move.item() for one in held_out if (move := _hit(one, stage))]
    ours = [move.item() for one in rest if (move := _hit(one, stage))]
    if not held_out or not rest:
        return ReportCell(figure=None, form="share"), words("too early to tell")
    interval = newcombe(len(ours), len(rest), len(theirs), len(held_out))
    difference = ReportCell(
        figure=len(ours) / len(rest) - len(theirs) / len(held_out),
        form="share",
        items=(*ours, *theirs),
        interval=interval,
    )
    small = min(len(held_out), len(rest)) < LEAST_LEADS
    if small or len(ours) + len(theirs) < LEAST_HITS:
        return difference, words("too early to tell")
    if interval.low <= 0 <= interval.high:
        return difference, words("no difference is shown")
    return difference, words("mail helps" if interval.low > 0 else "mail does harm")
