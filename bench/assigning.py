"""How long an assignment takes in a team of 5,000: the owner is found and stored in SQLite.

Every member has a capacity, each third another weight, and a tenth is absent: nothing that an
assignment looks at is left out. The directory was read before, as in a running worker.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from adapters.sql.database import migrate, open_database
from adapters.sql.directory import SqlDirectory
from models.decision import Assign
from models.directory import Directory

MEMBERS = 5_000
_ASSIGNMENTS = 200
_NOW = datetime(2026, 3, 9, 14, tzinfo=UTC)


def _people() -> Directory:
    members = [
        {
            "email": f"member{number}@acme.example",
            "weight": 1 + number % 3,
            "capacity": 40,
            "away": [{"from": "2026-03-09", "to": "2026-03-13"}] if number % 10 == 0 else [],
        }
        for number in range(MEMBERS)
    ]
    return Directory.model_validate({"teams": {"sdr": {"members": members}}})


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds of one assignment."""

    fastest: float
    """On the clock, with the commit."""
    processor: float
    """Of processor time, the median: what a busy machine does not change much."""


async def measure(home: Path) -> Found:
    """Assign 200 leads."""
    url = f"sqlite:///{home / 'leadflow.db'}"
    migrate(url)
    database = open_database(url)
    people = SqlDirectory(database)
    people.apply(_people())
    took, worked = [], []
    for number in range(_ASSIGNMENTS):
        asked = Assign(key=f"k{number}", at=_NOW, handoff=1, team="sdr", timezone="UTC")
        begun, working = time.perf_counter(), time.process_time()
        owner, _ = people.assign(f"lead-{number}", asked, 1)
        took.append(time.perf_counter() - begun)
        worked.append(time.process_time() - working)
        if owner is None:
            raise AssertionError("nobody of 5,000 was available")
    database.close()
    return Found(fastest=min(took), processor=median(worked))
