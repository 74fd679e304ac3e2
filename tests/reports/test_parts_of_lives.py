"""A report reads only the parts of lives that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.reports.lives import SqlLives
from reports.life import About, LeadLife, Move
from reports.question import Question
from tests.reports.random_journal import NOW, PlayedJournal
from usecases.reporting import NAMES, Wanted, groupings, report


@pytest.mark.parametrize("name", NAMES)
def test_a_report_of_the_parts_that_it_reads_is_the_report_of_whole_lives(
    name: str, journal: PlayedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Wanted(name=name, by=by) for by in ((), *((one,) for one in groupings(name)))]
    found = [report(journal.database, journal.programs, one, NOW) for one in asked]
    read_parts = SqlLives.read

    def read_all(self: SqlLives, **fields: Any) -> Iterator[LeadLife]:
        return read_parts(self, **{key: one for key, one in fields.items() if key != "parts"})

    monkeypatch.setattr(SqlLives, "read", read_all)
    assert found == [report(journal.database, journal.programs, one, NOW) for one in asked]


@pytest.mark.parametrize(
    ("source", "row"),
    [
        ("webinar", "webinar"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred", "[31mred"),
        ("\n", "not known"),
        (None, "not known"),
    ],
)
def test_the_name_of_a_row_stands_on_one_line(source: str | None, row: str) -> None:
    move = Move(lead="l", seq=1, at=NOW, source=None, target="known")
    life = LeadLife(lead="l", about=About(program="p", source=source), moves=(move,))
    question = Question(as_of=NOW, timezone=ZoneInfo("UTC"))
    assert question.group(life, NOW, ("source",)) == row
