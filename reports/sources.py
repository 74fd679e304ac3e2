"""Sources: what pipeline and revenue came from where, and what marketing's part in it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from models.program.program import Program
from reports.life import DealStep, LeadLife
from reports.question import Question
from reports.table import CountedEntry, Report, ReportCell, ReportRow, Table, count, total
from reports.target_verdict import met, wanted

SALES_SOURCES: Final = frozenset({"outbound"})
"""The `source` of leads that sales found by itself."""
_TARGET: Final = "marketing_sourced_pipeline"
"""The target that marketing's share is compared with."""


def sourced(life: LeadLife) -> bool:
    """Whether marketing brought the lead: its source is known, and is not sales' own."""
    return life.about.source is not None and life.about.source not in SALES_SOURCES


def influenced(life: LeadLife, deal: DealStep) -> bool:
    """Whether marketing touched the lead before this opportunity.

    It was sent a nurture mail, or did something by itself: a click, a visit, a form.
    """
    mailed = any(one.outcome == "sent" and one.seq < deal.seq for one in life.mailings)
    return mailed or any(
        one.seq < deal.seq and one.type != "email.unsubscribed" for one in life.happenings
    )


def sources(lives: Iterable[LeadLife], asked: Question, programs: Sequence[Program]) -> Report:
    """Pipeline and revenue by source and door, and marketing's part in two numbers.

    Beside its share stand the targets of these programs.
    """
    found = list(lives)
    deals = [(life, one) for life in found for one in life.deals if asked.covers(one.at)]
    opened = [(life, one) for life, one in deals if one.outcome == "opportunity"]
    return asked.report(
        name="sources",
        title="Sources",
        cohort="Each opportunity that was opened, and each deal that was won, in this time.",
        unit="opportunities opened",
        n=len(opened),
        still_open=sum(not _ended(life, one) for life, one in opened),
        notes=(
            "Sourced and influenced are two views of the same opportunities. They are never added.",
        ),
        tables=(
            _by_source(found, deals, asked),
            _part_of_marketing(deals),
            *_against_targets(found, asked, programs),
        ),
    )


def _ended(life: LeadLife, opened: DealStep) -> bool:
    return any(one.seq > opened.seq and one.outcome != "opportunity" for one in life.deals)


def _by_source(
    lives: list[LeadLife], deals: list[tuple[LeadLife, DealStep]], asked: Question
) -> Table:
    by = asked.by or ("source", "door")
    came: defaultdict[str, list[CountedEntry]] = defaultdict(list)
    for life in lives:
        if asked.covers(life.created):
            came[asked.group(life, life.created, by)].append(life.moves[0].item())
    rows: defaultdict[tuple[str, str], list[DealStep]] = defaultdict(list)
    for life, deal in deals:
        rows[asked.group(life, deal.at, by), deal.currency or "no currency"].append(deal)
    for group in came.keys() - {group for group, _ in rows}:
        rows[group, "no deals"] = []
    return Table(
        title="Pipeline and revenue",
        definition=(
            "Leads: created in this time (of all currencies). Pipeline: the amounts of the"
            " opportunities opened in this time. Revenue: the amounts of the deals won in this"
            " time, whenever they were opened."
        ),
        head=" · ".join((*by, "currency")),
        columns=("leads", "opportunities", "pipeline", "won", "revenue"),
        rows=tuple(
            ReportRow(
                name=f"{group} · {currency}",
                cells=(
                    count(came[group]),
                    count(one.item() for one in of if one.outcome == "opportunity"),
                    total(one.item(one.amount) for one in of if one.outcome == "opportunity"),
                    count(one.item() for one in of if one.outcome == "won"),
                    total(one.item(one.amount) for one in of if one.outcome == "won"),
                ),
            )
            for (group, currency), of in sorted(rows.items())
        ),
    )


def _part_of_marketing(deals: list[tuple[LeadLife, DealStep]]) -> Table:
    rows: defaultdict[str, list[tuple[LeadLife, DealStep]]] = defaultdict(list)
    for life, deal in deals:
        if deal.outcome == "opportunity":
            rows[deal.currency or "no currency"].append((life, deal))
    return Table(
        title="Marketing's part in the pipeline",
        definition=(
            "Sourced: marketing brought the lead, which means that its `source` is known and is not"
            f" {' or '.join(sorted(SALES_SOURCES))}. Influenced: before the opportunity, the lead"
            " was sent a nurture mail or did something by itself (a click, a visit, a form)."
            " Shares are of the amounts."
        ),
        head="currency",
        columns=(
            *("opportunities", "pipeline", "sourced", "sourced pipeline", "sourced share"),
            *("influenced", "influenced pipeline", "influenced share"),
        ),
        rows=tuple(
            ReportRow(name=name, cells=_part_cells(of)) for name, of in sorted(rows.items())
        ),
    )


def _part_cells(of: list[tuple[LeadLife, DealStep]]) -> tuple[ReportCell, ...]:
    everything = [deal.item(deal.amount) for _, deal in of]
    ours = [deal.item(deal.amount) for life, deal in of if sourced(life)]
    touched = [deal.item(deal.amount) for life, deal in of if influenced(life, deal)]
    return (
        count(everything),
        total(everything),
        *_parts(ours, everything),
        *_parts(touched, everything),
    )


def _parts(part: list[CountedEntry], of: list[CountedEntry]) -> tuple[ReportCell, ...]:
    return count(part), total(part), amount_share(part, of)


def _against_targets(
    lives: list[LeadLife], asked: Question, programs: Sequence[Program]
) -> list[Table]:
    rows = []
    for program in programs:
        if (target := program.targets.get(_TARGET)) is None:
            continue
        own = [one for one in lives if one.about.program == program.program]
        currency, figure = marketing_share(own, asked.covers)
        name = f"{program.program} · {currency or 'no currency'}"
        rows.append(ReportRow(name=name, cells=(figure, wanted(target), met(figure, target))))
    if not rows:
        return []
    return [
        Table(
            title="Marketing's share against the target",
            definition=(
                f"The sourced share of the pipeline beside the target `{_TARGET}` of the newest"
                " version of each program, in the currency of most of its opportunities. Met: the"
                " share is the target or more."
            ),
            head="program · currency",
            columns=("sourced share", "target", "met"),
            rows=tuple(rows),
        )
    ]


def marketing_share(
    lives: Iterable[LeadLife], covers: Callable[[datetime], bool]
) -> tuple[str, ReportCell]:
    """The currency of most opportunities, and marketing's share of those opened then, by amount."""
    opened = [
        (life, deal) for life in lives for deal in life.deals if deal.outcome == "opportunity"
    ]
    currencies = Counter(deal.currency for _, deal in opened)
    main = min(currencies, key=lambda name: (-currencies[name], name), default="")
    deals = [(life, deal) for life, deal in opened if deal.currency == main and covers(deal.at)]
    share = amount_share(
        [deal.item(deal.amount) for life, deal in deals if sourced(life)],
        [deal.item(deal.amount) for _, deal in deals],
    )
    return main, share


def amount_share(part: list[CountedEntry], of: list[CountedEntry]) -> ReportCell:
    """The share that some amounts are of all. It has no interval: amounts are no counts."""
    whole = sum(one.value or 0.0 for one in of)
    some = sum(one.value or 0.0 for one in part)
    return ReportCell(figure=some / whole if whole else None, form="share", items=tuple(part))
