"""The forecast against a second, plain implementation from raw lines, and against what came."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from reports.expectation import Contribution, Worth, expected
from reports.forecast import forecast
from reports.life import About, LeadLife, Move
from reports.question import Question
from reports.stage_rates import Chance
from reports.table import CountedEntry, Report, ReportRow
from tests.reports import plain
from tests.reports.random_journal import NOW, PlayedJournal
from tests.reports.test_funnel import asked, items

GOALS = {"MQLs": "mql", "opportunities": "opportunity", "wins": "customer"}
DAYS = (30, 90)


def table(found: Report, title: str) -> dict[str, ReportRow]:
    [one] = [one for one in found.tables if one.title == title]
    return {row.name: row for row in one.rows}


class PlainForecast:
    """The forecast at one instant, from the lines until then."""

    def __init__(self, journal: PlayedJournal, now: datetime) -> None:
        self.now = now
        self.lines = {
            lead: [line for line in lines if plain.at(line) <= now]
            for lead, lines in journal.lines.items()
        }
        self.ways = [way for lines in self.lines.values() for way in plain.ways(lines)]
        self.seen = cache(self._seen)
        self.chance = cache(self._chance)

    def waiting(self, goal: str) -> list[plain.Way]:
        return [way for way in self.ways if not way.over and way.first(goal) is None]

    def _seen(self, kind: str, stage: str, goal: str) -> plain.Seen:
        own = plain.stays_towards(
            (way for way in self.ways if way.kind == kind), stage, goal, self.now
        )
        return own if len(own) >= 50 else plain.stays_towards(self.ways, stage, goal, self.now)

    def _chance(self, kind: str, stage: str, goal: str, been: timedelta, days: int) -> float:
        return plain.chance(self.seen(kind, stage, goal), been, timedelta(days=days))

    def of(self, way: plain.Way, goal: str, days: int) -> float:
        last = way.path[-1]
        been = self.now - plain.at(last)
        return self.chance(way.kind, plain.stage_of(last), goal, been, days)

    def too_early(self, goal: str, days: int) -> bool:
        came = sum(way.first(goal) is not None for way in self.ways)
        watched = sum(way.over or way.began + timedelta(days=days) <= self.now for way in self.ways)
        return came < 10 or watched < 50

    def deal(self, way: plain.Way, goal: str) -> plain.Line | None:
        """The line of the deal that stands just before the way's move to the goal."""
        move = next((one for one in way.path if plain.stage_of(one) == goal), None)
        if move is None:
            return None
        kind = "won" if goal == "customer" else "opportunity"
        earlier = [one for one in self.lines[move["lead"]] if one["seq"] < move["seq"]]
        return next(
            (
                one
                for one in reversed(earlier[-6:])
                if one["kind"] == kind and one["at"] == move["at"]
            ),
            None,
        )

    def worth(self, goal: str, days: int, currency: str) -> float:
        deals = [one for way in self.ways if (one := self.deal(way, goal)) is not None]
        mean = sum(one["amount"] for one in deals if one["currency"] == currency) / len(deals)
        whole = 0.0
        for way in self.waiting(goal):
            own = self.deal(way, "opportunity") if goal == "customer" else None
            amount = mean
            if own is not None and own["amount"]:
                amount = own["amount"] if own["currency"] == currency else 0.0
            whole += self.of(way, goal, days) * amount
        return whole


@pytest.fixture(scope="module")
def now(journal: PlayedJournal) -> PlainForecast:
    return PlainForecast(journal, NOW)


def test_what_is_expected_is_the_sum_of_the_chances_of_those_who_wait(
    journal: PlayedJournal, now: PlainForecast
) -> None:
    found = asked(journal, "forecast")
    assert (found.n, found.still_open) == (len(now.ways), sum(not way.over for way in now.ways))
    rows, compared = table(found, "Expected"), 0
    for days in DAYS:
        cells = rows[f"next {days} days"].cells
        assert cells[0].figure == found.still_open
        for (name, goal), cell in zip(GOALS.items(), cells[1:], strict=True):
            waiting = now.waiting(goal)
            assert items(cell) == sorted(plain.counted(way.path[-1]) for way in waiting), name
            if now.too_early(goal, days):
                assert cell.words == "too early to tell"
                continue
            chances = {plain.counted(way.path[-1]): now.of(way, goal, days) for way in waiting}
            assert cell.figure == pytest.approx(sum(chances.values()))
            assert {(one.lead, one.seq): one.value for one in cell.items} == pytest.approx(chances)
            assert cell.interval is not None
            assert 0 <= cell.interval.low <= (cell.figure or 0.0) <= cell.interval.high
            compared += 1
    assert compared


def test_the_stages_add_up_to_the_whole(journal: PlayedJournal, now: PlainForecast) -> None:
    found = asked(journal, "forecast")
    for days in DAYS:
        parts = [
            row
            for name, row in table(found, "By where they stand").items()
            if name.endswith(f" · next {days} days")
        ]
        whole = table(found, "Expected")[f"next {days} days"].cells
        assert sum(row.cells[0].figure or 0 for row in parts) == whole[0].figure
        for place, goal in enumerate(GOALS.values(), start=1):
            if whole[place].form == "text" or any(row.cells[place].words for row in parts):
                continue
            assert sum(row.cells[place].figure or 0.0 for row in parts) == pytest.approx(
                whole[place].figure
            )
            assert sum(len(row.cells[place].items) for row in parts) == len(now.waiting(goal))


def test_expected_amounts_are_chances_times_amounts(
    journal: PlayedJournal, now: PlainForecast
) -> None:
    rows = table(asked(journal, "forecast"), "Expected pipeline and revenue")
    assert rows.keys() == {
        f"next {days} days · {currency}" for days in DAYS for currency in ("EUR", "USD")
    }
    compared = 0
    for name, row in rows.items():
        days, currency = int(name.split()[1]), name[-3:]
        for goal, cell in zip(("opportunity", "customer"), row.cells, strict=True):
            if now.too_early(goal, days):
                assert cell.words == "too early to tell"
                continue
            assert cell.figure == pytest.approx(now.worth(goal, days, currency))
            compared += 1
    assert compared


@pytest.mark.parametrize("days", DAYS)
def test_the_score_is_the_forecast_of_then_beside_what_came(
    journal: PlayedJournal, now: PlainForecast, days: int
) -> None:
    then = PlainForecast(journal, NOW - timedelta(days=days))
    found = asked(journal, "forecast")
    day = f"{then.now.astimezone(ZoneInfo(found.timezone)):%Y-%m-%d}"
    rows = table(found, "How the last forecast did")
    for name, goal in GOALS.items():
        said, came, inside, others = rows[f"{days} days from {day} · {name}"].cells
        known = {plain.counted(way.path[0]) for way in then.waiting(goal)}
        reached: defaultdict[bool, list[plain.Counted]] = defaultdict(list)
        for way in now.ways:
            line = way.first(goal)
            if line is not None and plain.at(line) > then.now:
                reached[plain.counted(way.path[0]) in known].append(plain.counted(line))
        assert items(came) == sorted(reached[True])
        assert items(others) == sorted(reached[False])
        if then.too_early(goal, days):
            assert (said.words, inside.words) == ("too early to tell", "–")
            continue
        assert said.figure == pytest.approx(
            sum(then.of(way, goal, days) for way in then.waiting(goal))
        )
        # It is what `--as-of` gives for that day.
        earlier = asked(journal, "forecast", as_of=then.now.isoformat())
        place = [*GOALS].index(name) + 1
        assert table(earlier, "Expected")[f"next {days} days"].cells[place] == said
        assert said.interval is not None
        verdict = said.interval.low <= len(reached[True]) <= said.interval.high
        assert inside.words == ("yes" if verdict else "no")


def test_rows_by_a_group_learn_from_the_group_alone(journal: PlayedJournal) -> None:
    found = table(asked(journal, "forecast", by=("source",)), "Expected")
    whole = table(asked(journal, "forecast"), "Expected")["next 30 days"].cells[0].figure
    rows = [row for name, row in found.items() if name.endswith("next 30 days")]
    assert sum(row.cells[0].figure or 0 for row in rows) == whole
    assert len(rows) == 4


def _played(seed: int) -> list[LeadLife]:
    """Leads that became an MQL, or were disqualified, at random instants of a year."""
    chance, begin = random.Random(seed), datetime(2026, 1, 1, tzinfo=UTC)  # noqa: S311 - a play
    lives = []
    for number in range(150):
        at = begin + timedelta(days=chance.uniform(0, 300))
        moves = [Move(lead=f"l{number}", seq=1, at=at, source=None, target="known")]
        after = timedelta(days=chance.weibullvariate(120, 0.7))
        stage = chance.choice(("mql", "disqualified"))
        moves.append(Move(lead=f"l{number}", seq=2, at=at + after, source="known", target=stage))
        lives.append(LeadLife(lead=f"l{number}", about=About(program="p"), moves=tuple(moves)))
    return lives


def _until(lives: list[LeadLife], now: datetime) -> list[LeadLife]:
    cut = (
        LeadLife(lead=one.lead, about=one.about, moves=tuple(m for m in one.moves if m.at <= now))
        for one in lives
    )
    return [one for one in cut if one.moves]


def test_nineteen_of_twenty_forecasts_hold_what_came() -> None:
    """Twenty-five random years, each forecast 30 and 90 days before its end: fifty verdicts."""
    now = datetime(2026, 12, 31, tzinfo=UTC)
    question, verdicts = Question(as_of=now, timezone=ZoneInfo("UTC")), []
    errors = []
    for seed in range(25):
        rows = table(forecast(_until(_played(seed), now), question), "How the last forecast did")
        for name, row in rows.items():
            if name.endswith("MQLs"):
                verdicts.append(row.cells[2].words)
                errors.append((row.cells[0].figure or 0.0) - (row.cells[1].figure or 0.0))
    assert len(verdicts) == 50
    assert verdicts.count("yes") >= 45
    # They are not right because the intervals are wide, and they lean to no side.
    assert abs(sum(errors) / len(errors)) < 1
    assert sum(abs(one) for one in errors) / len(errors) < 4


def test_with_few_leads_it_is_too_early_to_tell() -> None:
    now = datetime(2026, 12, 31, tzinfo=UTC)
    question = Question(as_of=now, timezone=ZoneInfo("UTC"))
    found = forecast(_until(_played(1)[:40], now), question)
    cells = table(found, "Expected")["next 30 days"].cells
    assert cells[1].words == "too early to tell"
    assert cells[1].items
    assert forecast([], question).tables == ()


def test_the_interval_is_that_of_a_sum_of_chances() -> None:
    entry = CountedEntry("l", 1)
    known = [Contribution(entry, Chance(0.2, 0.0), "a")] * 100
    cell = expected(known)
    assert cell.figure == pytest.approx(20)
    assert cell.interval == pytest.approx((20 - 1.96 * 4, 20 + 1.96 * 4), abs=1e-3)
    # The error of rates adds up for all who share them: 100 times 0.05.
    shared = [Contribution(entry, Chance(0.2, 0.05), "a")] * 100
    half = 1.96 * (16 + 25) ** 0.5
    assert expected(shared).interval == pytest.approx((20 - half, 20 + half), abs=1e-3)
    # Amounts: chance × (spread + amount²) − (chance × amount)², and the error of their mean.
    worth = Worth.mean_of([90.0, 110.0])
    assert worth == (100.0, 200.0, 2)
    half = 1.96 * (100 * (0.2 * 10_200 - 400) + 20**2 * 100) ** 0.5
    interval = expected([Contribution(entry, Chance(0.2, 0.0), "a", worth)] * 100).interval
    assert interval == pytest.approx((2_000 - half, 2_000 + half), rel=1e-4)
