"""The funnel against a second, plain implementation from raw lines."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.passages import AHEAD, FUNNEL, KINDS
from reports.survival import CumulativeIncidence, Observation
from reports.table import Report, ReportCell
from tests.reports import plain
from tests.reports.random_journal import NOW, PlayedJournal
from usecases.reporting import Wanted, report

DAYS = (7, 30, 90)


def asked(journal: PlayedJournal, name: str, **wanted: object) -> Report:
    values = {"name": name, **wanted}
    return report(journal.database, journal.programs, Wanted(**values), NOW)  # type: ignore[arg-type]


def items(cell: ReportCell) -> list[plain.Counted]:
    return sorted((one.lead, one.seq) for one in cell.items)


def test_the_funnel_is_what_raw_entries_say(journal: PlayedJournal) -> None:
    found = asked(journal, "funnel", by=("month",))
    ways = [way for lines in journal.lines.values() for way in plain.ways(lines)]
    assert (found.n, found.still_open) == (len(ways), sum(not way.over for way in ways))
    tables = {table.title: table for table in found.tables}
    compared = 0
    for kind, title in KINDS.items():
        ahead = FUNNEL[AHEAD[kind] :]
        ours = [way for way in ways if way.kind == kind]
        for days in DAYS:
            table = tables[f"{title}, within {days} days"]
            assert table.columns == ("entered", "open", *ahead)
            for row in table.rows:
                cohort = [
                    way
                    for way in ours
                    if way.began.astimezone(_zone(found)).strftime("%Y-%m") == row.name
                ]
                assert items(row.cells[0]) == sorted(plain.counted(way.path[0]) for way in cohort)
                assert row.cells[1].figure == sum(not way.over for way in cohort)
                for stage, cell in zip(ahead, row.cells[2:], strict=True):
                    reached = plain.within(cohort, stage, days)
                    assert items(cell) == sorted(reached)
                    assert cell.figure == pytest.approx(len(reached) / len(cohort))
                    assert cell.at_least == any(
                        not way.over
                        and way.first(stage) is None
                        and way.began + timedelta(days=days) > NOW
                        for way in cohort
                    )
                    compared += 1
            assert sum(int(row.cells[0].figure or 0) for row in table.rows) == len(ours)
    assert compared > 100


def test_the_cumulative_incidence_is_that_of_inverse_weights(journal: PlayedJournal) -> None:
    found = asked(journal, "funnel")
    tables = {table.title: table for table in found.tables}
    ways = [way for lines in journal.lines.values() for way in plain.ways(lines)]
    for kind, title in KINDS.items():
        ours = [way for way in ways if way.kind == kind]
        for row in tables[f"{title}, cumulative incidence"].rows:
            for days, cell in zip(DAYS, row.cells, strict=True):
                assert cell.figure == pytest.approx(
                    plain.weighted_incidence(ours, row.name, days, NOW)
                )
                assert cell.interval is not None
                assert cell.figure is not None
                assert cell.interval.low <= cell.figure <= cell.interval.high


def test_a_small_example_by_hand() -> None:
    """Ten passages: the incidence is not what naive Kaplan-Meier says.

    MQL after 2 and 5 days, disqualified after 3 and 4, six open since 6 days. Of the ten, one in
    ten comes on day 2; then two of nine end otherwise, which leaves seven; on day 5 one of seven
    comes: 1/10 + 7/10 × 1/7 = 0.2. Kaplan-Meier with the ends taken as open: 1 − 9/10 × 6/7 = 0.23.
    """

    seen = [
        *(Observation(days, "reached") for days in (2, 5)),
        *(Observation(days, "competing") for days in (3, 4)),
        *(Observation(6, "open") for _ in range(6)),
    ]
    curve = CumulativeIncidence.of(seen)
    assert [curve.by(days) for days in (1, 2, 4, 5, 30)] == pytest.approx([0, 0.1, 0.1, 0.2, 0.2])


def test_a_skipped_stage_is_passed_in_no_time_and_counted(journal: PlayedJournal) -> None:
    [title] = [one for kind, one in KINDS.items() if kind == "new"]
    ways = [way for lines in journal.lines.values() for way in plain.ways(lines)]
    table = next(
        one for one in asked(journal, "funnel").tables if one.title == f"{title}, stages skipped"
    )
    for number, stage in enumerate(table.columns):
        skipped = sum(
            way.kind == "new"
            and way.first(stage) is not None
            and all(plain.stage_of(line) != stage for line in way.path)
            for way in ways
        )
        assert sum(int(row.cells[number].figure or 0) for row in table.rows) == skipped


def test_as_of_an_instant_is_as_if_nothing_had_happened_since(journal: PlayedJournal) -> None:
    then = NOW - timedelta(days=120)
    found = asked(journal, "funnel", as_of=then.isoformat())
    ways = [
        way
        for lines in journal.lines.values()
        for way in plain.ways(line for line in lines if plain.at(line) <= then)
    ]
    assert found.as_of == then
    assert (found.n, found.still_open) == (len(ways), sum(not way.over for way in ways))
    # What has had its ninety days by then does not change any more.
    later = {one.name: one for one in asked(journal, "funnel").tables[2].rows}
    for row in found.tables[2].rows:
        if not any(cell.at_least for cell in row.cells):
            assert [cell.figure for cell in row.cells[2:]] == [
                cell.figure for cell in later[row.name].cells[2:]
            ]


def _zone(found: Report) -> ZoneInfo:
    return ZoneInfo(found.timezone)
