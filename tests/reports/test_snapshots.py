"""A report that begins with snapshots is the report of all entries, as of any instant."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.reports.life_snapshots import SqlLifeSnapshots, entries_behind
from adapters.reports.lives import SqlLives
from adapters.sql.database import Database, open_database
from adapters.sql.programs import SqlPrograms
from lifecycle.stable_hash import stable_hash
from models.tables.columns import table_of
from models.tables.leads import TimelineEntry
from models.tables.snapshots import LifeSnapshotRow
from reports.reading import PARTS
from tests.reports.random_journal import NOW, PlayedJournal
from usecases.reporting import NAMES, Wanted, report

_E, _S = table_of(TimelineEntry), table_of(LifeSnapshotRow)
_LAST = "\uffff"


@pytest.fixture
def copied(journal: PlayedJournal, tmp_path: Path) -> Iterator[Database]:
    """The journal in a file of its own, so that other tests read without snapshots."""
    file = journal.database.file
    assert file is not None
    with journal.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file, tmp_path / "copied.db")
    database = open_database(f"sqlite:///{tmp_path / 'copied.db'}")
    yield database
    database.close()


def take_halfway(database: Database, night: int) -> None:
    """Snapshots of a night by which a part of each timeline was written, another of each lead."""
    with database.read() as connection:
        longest = sa.select(_E.c.lead, sa.func.max(_E.c.seq)).group_by(_E.c.lead)
        lengths = {row[0]: row[1] for row in connection.execute(longest)}
        kept = [dict(row) for row in connection.execute(sa.select(_E)).mappings()]
    until = {
        lead: round(float(stable_hash(lead, str(night))) * length)
        for lead, length in lengths.items()
    }
    later = [row for row in kept if row["seq"] > until[row["lead"]]]
    with database.write() as connection:
        for lead, seq in until.items():
            connection.execute(sa.delete(_E).where(_E.c.lead == lead, _E.c.seq > seq))
    SqlLifeSnapshots(database).take()
    with database.write() as connection:
        connection.execute(sa.insert(_E), later)


def unread(database: Database) -> int:
    """Entries that a report as of now reads."""
    with database.read() as connection:
        return len(connection.execute(entries_behind("", _LAST, NOW, PARTS)).all())


def test_lives_from_snapshots_are_those_of_all_entries_as_of_any_instant(
    copied: Database, journal: PlayedJournal
) -> None:
    lives, whole = (SqlLives(one, SqlPrograms(one)) for one in (copied, journal.database))
    for night in range(3):
        take_halfway(copied, night)
        for days in (0, 1, 20, 60):
            at = NOW - timedelta(days=days)
            assert list(lives.read(as_of=at)) == list(whole.read(as_of=at)), (night, days)
    assert 0 < unread(copied) < unread(journal.database)


@pytest.mark.parametrize("name", NAMES)
def test_each_report_from_snapshots_is_the_report_of_all_entries(
    name: str, copied: Database, journal: PlayedJournal
) -> None:
    take_halfway(copied, 0)
    programs = SqlPrograms(copied)
    for as_of in (None, (NOW - timedelta(days=30)).isoformat()):
        asked = Wanted(name=name, as_of=as_of)
        whole = report(journal.database, journal.programs, asked, NOW)
        assert report(copied, programs, asked, NOW) == whole


def test_a_second_night_without_news_makes_none_and_one_of_each_month_is_kept(
    copied: Database,
) -> None:
    for night in range(3):
        take_halfway(copied, night)
    taker = SqlLifeSnapshots(copied)
    assert taker.take() > 0
    assert taker.take() == 0
    assert unread(copied) == 0
    with copied.read() as connection:
        kept = connection.execute(sa.select(_S.c.lead, _S.c.until)).all()
    months = [(row.lead, f"{row.until:%Y-%m}") for row in kept]
    assert len(months) == len(set(months))


def test_snapshots_of_another_reading_are_left_alone_and_made_anew(
    copied: Database, journal: PlayedJournal
) -> None:
    taker = SqlLifeSnapshots(copied)
    made = taker.take()
    with copied.write() as connection:
        connection.execute(sa.update(_S).values(form="another", moves="[]"))
    assert unread(copied) == unread(journal.database)
    assert taker.take() == made
    assert unread(copied) == 0
