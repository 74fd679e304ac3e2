from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlmodel import SQLModel

from adapters.sql.database import (
    Database,
    DatabaseNotReadyError,
    DatabaseTooNewError,
    DatabaseTooOldError,
    DatabaseUnreachableError,
    check,
    migrate,
    open_database,
)
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.new_item import NewItem
from models.tables.columns import table_of
from models.tables.mail import MessageRow
from models.tables.search import INDEX
from tests.journal.turns import FENCE, NOW, turn
from tests.waiting import LIMIT

ALEMBIC_INI = Path(__file__).parents[2] / "deploy" / "alembic.ini"


def revision(database: Database) -> object:
    with database.read() as connection:
        return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def set_revision(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :name"), {"name": name}
        )


def test_an_empty_database_is_too_old_until_it_is_migrated(empty_url: str) -> None:
    with pytest.raises(DatabaseTooOldError, match=r"has no tables.*bring it|not exist; make it"):
        check(empty_url)
    migrate(empty_url)
    check(empty_url)


def test_checking_a_database_that_does_not_exist_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatabaseTooOldError, match="does not exist; make it"):
        check(f"sqlite:///{tmp_path / 'new' / 'leadflow.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_deleted_while_it_was_in_use_is_to_be_put_back(tmp_path: Path) -> None:
    (tmp_path / "leadflow.db-wal").touch()
    with pytest.raises(DatabaseTooOldError, match=r"is gone.*Put it back"):
        check(f"sqlite:///{tmp_path / 'leadflow.db'}")


def test_migrating_makes_the_folder_of_a_file(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'new' / 'leadflow.db'}")
    assert (tmp_path / "new" / "leadflow.db").exists()


def test_migrating_from_another_folder_works(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrate(empty_url)
    check(empty_url)


def test_a_second_migration_changes_nothing(url: str, database: Database) -> None:
    SqlJournal(database).record(turn(1, "created"), FENCE, NOW)
    migrate(url)
    check(url)
    assert SqlJournal(database).stored("ana") is not None


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.read() as connection:
        # The index of the search is the database's own: tables of FTS5, or an index by a function.
        opts = {"include_name": lambda name, *_: not str(name).startswith(INDEX)}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_database_newer_than_the_code_is_refused_and_not_changed(
    url: str, database: Database
) -> None:
    set_revision(database, "9f00")
    for use in (check, migrate):
        with pytest.raises(
            DatabaseTooNewError, match=r"revision 9f00.*Use that version or a later"
        ):
            use(url)
    assert revision(database) == "9f00"


def test_many_who_migrate_at_once_all_succeed(empty_url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(migrate, [empty_url] * 6))
    check(empty_url)


def test_a_person_migrates_with_alembic_itself(empty_url: str) -> None:
    config = Config(ALEMBIC_INI, cmd_opts=None)
    config.cmd_opts = type("Options", (), {"x": [f"database={empty_url}"]})()
    command.upgrade(config, "head")
    check(empty_url)


def test_alembic_without_a_url_says_what_is_missing() -> None:
    with pytest.raises((SystemExit, CommandError), match="-x database="):
        command.current(Config(ALEMBIC_INI))


@pytest.mark.parametrize("use", [check, migrate])
def test_an_error_about_a_database_names_its_url(
    use: Callable[[str], None], tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear database, " * 100)
    for url, expected in (
        (f"sqlite:///{letter}", "file is not a database"),
        (f"sqlite:///{letter}/leadflow.db", "letter.txt"),
        ("postgresql://leadflow:hush@127.0.0.1:1/leadflow", "(?i)connection refused"),
    ):
        with pytest.raises(DatabaseNotReadyError, match=expected) as raised:
            use(url)
        assert "hush" not in str(raised.value)
    assert letter.read_text().startswith("Dear")


@pytest.mark.parametrize(
    "wrong", ["mysql://host/name", "leadflow.db", "", "sqlite://", "postgresql://host"]
)
def test_another_kind_of_url_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"write one like sqlite:///leadflow\.db"):
        open_database(wrong)


def test_a_refusal_does_not_show_the_password(empty_url: str) -> None:
    secret = empty_url.replace("postgres@", "postgres:hush@")
    with pytest.raises(DatabaseTooOldError) as raised:
        check(secret)
    assert "hush" not in str(raised.value)


def test_instants_come_back_aware_and_in_utc(database: Database) -> None:
    table = table_of(MessageRow)
    new_york = NOW.astimezone(timezone(timedelta(hours=-5)))
    row = {"key": "k", "lead": "ana", "message": "m", "status": "sent", "at": new_york}
    with database.write() as connection:
        connection.execute(sa.insert(table).values(updated=NOW, **row))
    with database.read() as connection:
        at = connection.scalar(sa.select(table.c.at).where(table.c.at == new_york))
    assert isinstance(at, datetime)
    assert (at, at.tzinfo) == (NOW, UTC)


def test_a_naive_instant_is_not_stored(database: Database) -> None:
    table = table_of(MessageRow)
    row = {"key": "k", "lead": "ana", "message": "m", "status": "sent", "updated": NOW}
    naive = NOW.replace(tzinfo=None)
    with (
        pytest.raises(sa.exc.StatementError, match="no time zone"),
        database.write() as connection,
    ):
        connection.execute(sa.insert(table).values(at=naive, **row))


def test_sqlite_is_in_wal_mode_and_safe_against_a_killed_process(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'leadflow.db'}")
    with database.read() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    database.close()
    assert values == {
        "journal_mode": "wal",
        "synchronous": 1,
        "busy_timeout": 3_000,
        "foreign_keys": 1,
    }


def test_a_locked_sqlite_database_is_waited_for(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "leadflow.db"
    path.write_bytes(sqlite_template.read_bytes())
    ours, theirs = (open_database(f"sqlite:///{path}") for _ in range(2))
    begun, stored = threading.Event(), threading.Event()

    def record() -> None:
        begun.set()
        SqlJournal(ours).record(turn(1, "created"), FENCE, NOW)
        stored.set()

    thread = threading.Thread(target=record)
    with theirs.write():
        thread.start()
        begun.wait(LIMIT)
        assert not stored.wait(0.2)
        assert SqlJournal(ours).stored("ana") is None  # readers don't wait
    assert stored.wait(LIMIT)
    thread.join()
    for one in (ours, theirs):
        one.close()


def test_a_sqlite_database_locked_for_too_long_is_an_error_that_can_be_retried(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.sql.database._BUSY_MILLISECONDS", 50)
    path = tmp_path / "leadflow.db"
    path.write_bytes(sqlite_template.read_bytes())
    ours, theirs = (open_database(f"sqlite:///{path}") for _ in range(2))
    journal = SqlJournal(ours)
    with theirs.write(), pytest.raises(sa.exc.OperationalError, match="locked"):
        journal.record(turn(1, "created"), FENCE, NOW)
    journal.record(turn(1, "created"), FENCE, NOW)
    assert journal.stored("ana") is not None
    for one in (ours, theirs):
        one.close()


def test_what_is_durable_waits_for_the_disk_and_the_next_transaction_does_not(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL waits for the disk at every commit")
    levels = []
    for durable in (True, False, True):
        with database.write(durable=durable) as connection:
            levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    assert levels == [2, 1, 2]  # FULL, NORMAL, FULL


def test_accepted_items_and_claims_are_durable(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL waits for the disk at every commit")
    levels: dict[str, int] = {}

    def before(_: object, cursor: sqlite3.Cursor, statement: str, *__: object) -> None:
        if statement.startswith("INSERT"):
            asked = cursor.connection.execute("PRAGMA synchronous").fetchone()
            levels[statement.split()[2]] = asked[0]

    sa.event.listen(database.engine, "before_cursor_execute", before)
    set_revision(database, str(revision(database)))  # an ordinary write, after which it is NORMAL
    SqlMailLedger(database).claim("ana", "k", "m@x.example", NOW)
    new = NewItem(lead="ana", item="e", kind="event", body={}, arrived=NOW)
    SqlIntake(database).accept([new])
    assert levels == {"messages": 2, "intake": 2}  # FULL


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_deleted_or_replaced_is_noticed_at_once(
    database: Database, *, replaced: bool
) -> None:
    if database.file is None:
        pytest.skip("PostgreSQL guards its own files")
    intake = SqlIntake(database)
    intake.waiting()
    copy = database.file.read_bytes()
    database.file.unlink()
    if replaced:
        database.file.with_suffix(".copy").write_bytes(copy)
        database.file.with_suffix(".copy").rename(database.file)
    new = NewItem(lead="ana", item="e", kind="event", body={}, arrived=NOW)
    with pytest.raises(DatabaseUnreachableError, match="was deleted or replaced"):
        intake.accept([new])
    with pytest.raises(DatabaseUnreachableError, match="start this process again"):
        intake.waiting()
    assert database.file.exists() == replaced
