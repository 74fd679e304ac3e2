"""The database: SQLite in WAL mode or PostgreSQL, opened by URL; and its migrations.

The file is long because both databases are opened, checked and migrated here and nowhere else.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from models.instants import write_instant

_MIGRATIONS = Path(__file__).resolve().parents[2] / "deploy" / "migrations"
_BUSY_MILLISECONDS = 3_000
_MIGRATION_BUSY_MILLISECONDS = 30_000
"""How long a migration of SQLite waits for another one, which may have much to copy."""
_WRITES = "leadflow_writes"
_DURABLE = "leadflow_durable"
_MIGRATION_LOCK = 5_323_460_001
"""Any number that nobody else uses for a lock in this database."""


class DatabaseNotReadyError(Exception):
    """The database can't be used as it is; the message says why and what to do."""


class DatabaseTooNewError(DatabaseNotReadyError):
    """The database was migrated by a newer leadflow than this one."""


class DatabaseTooOldError(DatabaseNotReadyError):
    """The database lacks migrations that this leadflow needs."""


class DatabaseUnreachableError(DatabaseNotReadyError):
    """The database does not answer, stays locked, or is something else."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; safe to share between threads."""

    engine: Engine
    _writer: Lock = field(default_factory=Lock, repr=False)
    _identity: list[tuple[int, int]] = field(default_factory=list, repr=False)
    """Device and number of SQLite's file, once it was seen."""

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; else it is PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @property
    def address(self) -> str:
        """Its URL with the password, by which another process opens it; never to be shown."""
        return self.engine.url.render_as_string(hide_password=False)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database, absolute; None for PostgreSQL."""
        name = self.engine.url.database
        return Path(name).absolute() if self.is_sqlite and name is not None else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: what is read is of one instant in SQLite."""
        self._refuse_another_file()
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction, rolled back if anything is raised.

        What is `durable` is safe against a power cut as soon as the block ends. PostgreSQL does so
        for every transaction; SQLite then waits for the disk, which takes some milliseconds. Its
        other transactions survive the end of a process, and a power cut may undo the last ones.

        SQLite has one writer at a time: threads of this process queue for it here (its own
        waiting is by polling), other processes' transactions are waited for three seconds.
        """
        self._refuse_another_file()
        if self.is_sqlite:
            with self._writer, self._begin(durable=durable) as connection:
                yield connection
        else:
            with self._begin(durable=durable) as connection:
                yield connection

    def _refuse_another_file(self) -> None:
        """Raise DatabaseUnreachableError if SQLite's file is not the one that was opened.

        Open connections would go on with a deleted file, and all that they store would be lost.
        """
        if (file := self.file) is None:
            return
        try:
            found = file.stat()
            identity = (found.st_dev, found.st_ino)
        except FileNotFoundError:
            identity = None
        if self._identity and identity != self._identity[0]:
            raise DatabaseUnreachableError(
                f"the database's file {file.name} was deleted or replaced while it was in use;"
                " put the right file in its place and start this process again"
            )
        if not self._identity and identity is not None:
            self._identity.append(identity)

    def now(self, connection: Connection) -> datetime:
        """The instant by the database's clock, so that all processes share one.

        A file of SQLite has no clock: there it is this machine's.
        """
        if self.is_sqlite:
            return datetime.now(UTC)
        at: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return at.astimezone(UTC)

    @contextmanager
    def _begin(self, *, durable: bool) -> Iterator[Connection]:
        options = {_WRITES: True, _DURABLE: durable}
        with (
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def upsert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT, in this database's dialect."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def listed(self, texts: Sequence[str]) -> sa.Select[tuple[str]]:
        """These texts as rows, in one parameter: for `IN` with thousands of them."""
        written = sa.literal(json.dumps(texts))
        if self.is_sqlite:
            each = sa.func.json_each(written).table_valued("value")
        else:
            each = sa.func.json_array_elements_text(sa.cast(written, sa.JSON)).table_valued("value")
        return sa.select(each.c.value)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _plain(value: object) -> object:
    """A JSON value for a type that JSON lacks. Raises TypeError for any other type."""
    if isinstance(value, datetime):
        return write_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} can't be stored as JSON")


# Escaped to ASCII: JSON from outside may hold half a surrogate pair, which UTF-8 can't hold.
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain)

# As many connections as a worker has threads for turns, so that no turn waits for one.
_SETTINGS: dict[str, Any] = {
    "json_serializer": _ENCODER.encode,
    "pool_size": 20,
    "max_overflow": 20,
}


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    kind = url.drivername.partition("+")[0] if url is not None else ""
    if url is None or kind not in ("sqlite", "postgresql") or not url.database:
        raise ValueError(
            "this is not the URL of a database that leadflow knows; write one like"
            " sqlite:///leadflow.db or postgresql://user@host/name"
        )
    return url.set(drivername="sqlite" if kind == "sqlite" else "postgresql+psycopg")


def open_database(url: str, *, busy_milliseconds: int = _BUSY_MILLISECONDS) -> Database:
    """Open a database by its URL; nothing is made or migrated (`migrate`) or even connected.

    `busy_milliseconds` is how long a writer of SQLite waits for another. Raises ValueError for a
    URL of another kind.
    """
    place = _url(url)
    if place.drivername != "sqlite":
        return Database(sa.create_engine(place, pool_pre_ping=True, **_SETTINGS))
    engine = sa.create_engine(
        place, connect_args={"timeout": busy_milliseconds / 1_000}, **_SETTINGS
    )
    sa.event.listen(engine, "connect", partial(_prepare, busy_milliseconds=busy_milliseconds))
    sa.event.listen(engine, "begin", _begin)
    return Database(engine)


def _prepare(connection: Any, _record: object, *, busy_milliseconds: int) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves: the driver sends it too late
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
    _to_wal(cursor)
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _to_wal(cursor: Any) -> None:
    """Switch a new file to WAL. If another process is doing so, wait: SQLite itself does not."""
    limit = time.monotonic() + _BUSY_MILLISECONDS / 1_000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > limit:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get(_WRITES)
    level = "FULL" if options.get(_DURABLE) else "NORMAL"
    if writes and connection.info.get(_DURABLE) != level:
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.info[_DURABLE] = level  # of this connection, until it is closed
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _revision(connection: Connection, script: ScriptDirectory) -> str | None:
    """The database's revision, None if it is empty. Raises DatabaseTooNewError."""
    found = MigrationContext.configure(connection).get_current_revision()
    known = {one.revision for one in script.walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseTooNewError(
            f"the database {_shown(connection.engine)} is at revision {found}, which this"
            f" leadflow does not know (its newest is {script.get_current_head()}): a newer"
            " leadflow has been here. Use that version or a later one, or another database"
        )
    return found


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


@contextmanager
def _opened(url: str, busy_milliseconds: int = _BUSY_MILLISECONDS) -> Iterator[Database]:
    """Open a database for the block. Raises DatabaseUnreachableError, whose text holds no SQL."""
    database = open_database(url, busy_milliseconds=busy_milliseconds)
    try:
        yield database
    except (OSError, DatabaseError) as error:
        said = str(error.orig if isinstance(error, DatabaseError) else error).strip()
        raise DatabaseUnreachableError(
            f"the database {_shown(database.engine)} can't be used: {said}; check the URL, and"
            " that the database is up and this user may write to it"
        ) from error
    finally:
        database.close()


def migrate(url: str) -> None:
    """Migrate a database, new or old, to this code's tables. Of two at once, one waits.

    For SQLite the file and its folder are made. Raises DatabaseNotReadyError (too new,
    unreachable), having changed nothing.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with _opened(url, _MIGRATION_BUSY_MILLISECONDS) as database:
        if (file := database.file) is not None:
            # Only the user who runs leadflow may read what it stores.
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with database.write() as connection:
            if not database.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            if _revision(connection, script) != script.get_current_head():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def check(url: str) -> None:
    """Raise DatabaseNotReadyError (too new, too old, unreachable) unless it fits this code."""
    script = ScriptDirectory.from_config(_config())
    with _opened(url) as database:
        # Connecting to SQLite makes the file, and a check should not make one.
        if database.file is not None and not database.file.exists():
            raise DatabaseTooOldError(_no_file(database.file))
        with database.read() as connection:
            found = _revision(connection, script)
    if found != script.get_current_head():
        where = _shown(database.engine)
        raise DatabaseTooOldError(
            f"the database {where} {f'is at revision {found}' if found else 'has no tables'}, but"
            f" this leadflow needs {script.get_current_head()}; bring it up to date with"
            " `leadflow database upgrade`"
        )


def _no_file(file: Path) -> str:
    """What to do about a file of SQLite that is not there."""
    make = "`leadflow database upgrade`"
    if not any(file.with_name(f"{file.name}{end}").exists() for end in ("-wal", "-shm")):
        return f"the database's file {file} does not exist; make it with {make}"
    return (
        f"the database's file {file} is gone, and files beside it are still there: it was deleted"
        " or moved while it was in use. Put it back, or a backup in its place, and start workers"
        f" and gateways again. {make} would make an empty one"
    )


def shown_url(url: str) -> str:
    """The URL of a database without its password."""
    return make_url(url).render_as_string(hide_password=True)
