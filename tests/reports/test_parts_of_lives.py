"""A report reads only the parts of lives that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.reports.lives import SqlLives
from reports.life import LeadLife
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
