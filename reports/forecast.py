"""The forecast: what the leads that stand in the funnel now will bring in the next days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reports.expectation import expected
from reports.life import LeadLife, Move
from reports.outlook import GOALS, LEAST_CAME, LEAST_WATCHED, Outlook, deal_at, standing
from reports.passages import Passage, passages
from reports.question import Question
from reports.stage_rates import LEAST_IN_STAGE, LEAST_WATCHED_ON
from reports.table import Report, ReportCell, ReportRow, Table, count, total, words

HORIZONS: Final = (30, 90)
"""How many days (24 hours each) are looked ahead."""
_MONEY: Final = {"pipeline": "opportunities", "revenue": "wins"}
"""What is worth money, and the goal at which it comes."""

_RULE: Final = (
    f"Too early to tell: fewer than {LEAST_CAME} passages have come so far until now, or fewer than"
    f" {LEAST_WATCHED} have been watched for so many days or to their end."
)


def forecast(lives: Iterable[LeadLife], asked: Question) -> Report:
    """Expected MQLs, opportunities, wins, pipeline and revenue of the next 30 and 90 days.

    Beside them stands what the forecast of 30 and 90 days ago said, and what came.
    """
    found = list(lives)
    now = Outlook.of(found, asked)
    then = {days: Outlook.of(_until(found, asked, days), _ago(asked, days)) for days in HORIZONS}
    later: defaultdict[str, list[Passage]] = defaultdict(list)
    for one in passages(found):
        later[asked.group(one.life, one.began, asked.by)].append(one)
    return asked.report(
        name="forecast",
        title="Forecast",
        cohort=(
            "Each passage that goes on now is forecast. The rates are learned from the passages"
            " that began in this time, those that still go on counted for as long as they were"
            " watched. Leads that come later, and second passages, are not forecast."
        ),
        unit="passages that rates are learned from",
        n=sum(len(of.learned) for of in now.values()),
        still_open=sum(one.ended is None for of in now.values() for one in of.learned),
        notes=(
            "Amounts are the lead's own if its opportunity is open, else the mean of those before.",
            _RULE,
        ),
        tables=(
            _counts(now, asked),
            _money(now, asked),
            _by_stage(now, asked),
            _score(then, later, asked),
            _score_of_money(then, later, asked),
        )
        if found
        else (),
    )


def _until(lives: Iterable[LeadLife], asked: Question, days: int) -> list[LeadLife]:
    """These lives as they were so many days ago. Leads merged since are not among them."""
    at = _ago(asked, days).as_of
    return [_life_until(one, at) for one in lives if any(move.at <= at for move in one.moves)]


def _life_until(life: LeadLife, at: datetime) -> LeadLife:
    if all(one.at <= at for part in (life.moves, life.deals) for one in part):
        return life
    return replace(
        life,
        moves=tuple(move for move in life.moves if move.at <= at),
        deals=tuple(deal for deal in life.deals if deal.at <= at),
    )


def _ago(asked: Question, days: int) -> Question:
    return replace(asked, as_of=asked.as_of - timedelta(days=days))


def _named(group: str, asked: Question, *rest: str) -> str:
    return " · ".join((group, *rest) if asked.by else rest)


def _counts(now: dict[str, Outlook], asked: Question) -> Table:
    return Table(
        title="Expected",
        definition=(
            "How many of the passages that go on now are expected to come so far within 30 and 90"
            " times 24 hours: the sum of their chances. A chance is the share of the passages of"
            " the same kind and in the same stage that came so far in that time, of those that had"
            " been in the stage for as long without an end (by Aalen and Johansen; recycled,"
            " disqualified and lost are competing ends). Who has been there for longer than"
            f" {LEAST_WATCHED_ON} others could be watched gets the rate of the last days for which"
            f" it is known. Of a kind with fewer than {LEAST_IN_STAGE} passages in the stage, it is"
            " the share of all kinds. The interval"
            " of 95 % holds the chance of the leads and the error of the rates (normal"
            " approximation). The list has the passages, by where they stand."
        ),
        head=" · ".join((*asked.by, "time")),
        columns=("open", *GOALS),
        rows=tuple(
            ReportRow(
                name=_named(group, asked, f"next {days} days"),
                cells=(
                    count(standing(of.going_on)),
                    *(of.expect(goal, days) for goal in GOALS),
                ),
            )
            for group, of in now.items()
            for days in HORIZONS
        ),
    )


def _money(now: dict[str, Outlook], asked: Question) -> Table:
    return Table(
        title="Expected pipeline and revenue",
        definition=(
            "Pipeline: the amounts of the opportunities that open in this time. Revenue: the"
            " amounts of the deals won in this time. Each is the sum of chance × amount, with an"
            " interval of 95 % that also holds the spread of the amounts."
        ),
        head=" · ".join((*asked.by, "time", "currency")),
        columns=tuple(_MONEY),
        rows=tuple(
            ReportRow(
                name=_named(group, asked, f"next {days} days", currency or "no currency"),
                cells=tuple(of.expect(goal, days, currency) for goal in _MONEY.values()),
            )
            for group, of in now.items()
            for days in HORIZONS
            for currency in of.currencies
        ),
    )


def _by_stage(now: dict[str, Outlook], asked: Question) -> Table:
    rows = []
    for group, of in now.items():
        here: defaultdict[tuple[str, str], list[Passage]] = defaultdict(list)
        for one in of.going_on:
            here[one.kind, one.stage].append(one)
        for (kind, stage), passages_here in sorted(here.items()):
            number = count(standing(passages_here))
            for days in HORIZONS:
                cells = (number, *(_of_stage(of, passages_here, goal, days) for goal in GOALS))
                name = _named(group, asked, kind, stage, f"next {days} days")
                rows.append(ReportRow(name=name, cells=cells))
    return Table(
        title="By where they stand",
        definition=(
            "The same, by kind of passage and stage; they add up to the figures above. –: they are"
            f" there already. Too early to tell: as above, or fewer than {LEAST_IN_STAGE} passages"
            " were ever in the stage."
        ),
        head=" · ".join((*asked.by, "kind", "stage", "time")),
        columns=("open", *GOALS),
        rows=tuple(rows),
    )


def _of_stage(of: Outlook, here: Sequence[Passage], goal: str, days: int) -> ReportCell:
    rates = of.rates[goal]
    waiting = [one for one in here if rates.waiting(one)]
    if not waiting:
        return ReportCell(figure=None, form="number")
    if of.too_early(goal, days) or not rates.known(waiting[0].stage):
        return words("too early to tell", standing(waiting))
    return expected(of.contributions(waiting, goal, days))


def _score(
    then: dict[int, dict[str, Outlook]], later: dict[str, list[Passage]], asked: Question
) -> Table:
    rows = [
        ReportRow(
            name=_named(group, asked, f"{days} days from {asked.day(of.at)}", goal),
            cells=_compared(
                of.expect(goal, days),
                count(move.item() for _, move in came.forecast),
                count(move.item() for _, move in came.others),
            ),
        )
        for days, outlooks in then.items()
        for group, of in outlooks.items()
        for goal in GOALS
        for came in (_Came(of, later[group], goal, days),)
    ]
    return Table(
        title="How the last forecast did",
        definition=(
            "The forecast as it would have been 30 and 90 days ago, from what was known then, and"
            " how many of the same passages came so far since. Others: those that nobody forecast,"
            " because they began later. Inside: whether what came lies in the interval; of twenty"
            " forecasts, nineteen should."
        ),
        head=" · ".join((*asked.by, "time", "what")),
        columns=("forecast", "came", "inside", "others"),
        rows=tuple(rows),
    )


def _score_of_money(
    then: dict[int, dict[str, Outlook]], later: dict[str, list[Passage]], asked: Question
) -> Table:
    rows = [
        ReportRow(
            name=_named(
                group,
                asked,
                f"{days} days from {asked.day(of.at)}",
                f"{name} · {currency or 'no currency'}",
            ),
            cells=_compared(
                of.expect(goal, days, currency),
                _amounts(came.forecast, currency),
                _amounts(came.others, currency),
            ),
        )
        for days, outlooks in then.items()
        for group, of in outlooks.items()
        for name, goal in _MONEY.items()
        for came in (_Came(of, later[group], goal, days),)
        for currency in of.currencies
    ]
    return Table(
        title="How the last forecast did: pipeline and revenue",
        definition="The same for the amounts.",
        head=" · ".join((*asked.by, "time", "what", "currency")),
        columns=("forecast", "came", "inside", "others"),
        rows=tuple(rows),
    )


class _Came:
    """Who reached a goal in a time: of the passages that were forecast, and of all others."""

    def __init__(self, then: Outlook, later: Sequence[Passage], goal: str, days: int) -> None:
        known = {(one.life.lead, one.moves[0].seq) for one in then.waiting[goal]}
        end = then.at + timedelta(days=days)
        self.forecast: list[tuple[LeadLife, Move]] = []
        self.others: list[tuple[LeadLife, Move]] = []
        for one in later:
            move = one.reached(GOALS[goal])
            if move is not None and then.at < move.at <= end:
                mine = (one.life.lead, one.moves[0].seq) in known
                (self.forecast if mine else self.others).append((one.life, move))


def _amounts(came: list[tuple[LeadLife, Move]], currency: str) -> ReportCell:
    deals = (deal_at(life, move) for life, move in came)
    return total(one.item(one.amount) for one in deals if one and one.currency == currency)


def _compared(said: ReportCell, came: ReportCell, others: ReportCell) -> tuple[ReportCell, ...]:
    if said.interval is None or came.figure is None:
        return said, came, words("–"), others
    inside = said.interval.low <= came.figure <= said.interval.high
    return said, came, words("yes" if inside else "no"), others
