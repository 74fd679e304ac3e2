"""One random journal for all tests here. LEADFLOW_REPORT_LEADS says how many leads it has.

120 play in seconds and have every kind of passage. 5,000 take some minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.reports.random_journal import PlayedJournal, random_journal


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedJournal]:
    leads = int(os.environ.get("LEADFLOW_REPORT_LEADS", "120"))
    with random_journal(tmp_path_factory.mktemp("reports"), leads) as played:
        yield played
