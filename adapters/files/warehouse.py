"""A folder of Parquet files that grows by runs: each run adds files, and none is ever changed.

A run writes its files beside the folder's tables, moves each to its place once it is whole, and
writes the manifest last. So a run that was killed leaves whole files that the manifest does not
name; the next run deletes these.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, get_args

import duckdb

from adapters.reports.warehouse_columns import COLUMNS, WarehouseTable

TABLES: Final[tuple[WarehouseTable, ...]] = get_args(WarehouseTable)
_MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_UNFINISHED: Final = ".unfinished"
_ROWS_IN_FILE: Final = 250_000
"""A file is closed at so many rows: some MB of Parquet, and some hundred MB of rows as JSON."""


class WarehouseError(Exception):
    """The folder can't be exported to as it is asked; the message says why, and what would do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the folder holds: the files of all runs that were finished."""

    addresses: bool
    run: int = 0
    """The last run that was finished; 0 before the first."""
    files: tuple[Mapping[str, Any], ...] = ()
    """Each with `table`, `file`, `run` and `rows`."""

    def of(self, table: WarehouseTable) -> list[str]:
        """The names of a table's files."""
        return [str(one["file"]) for one in self.files if one["table"] == table]


class Warehouse:
    """The folder. Use it by one process at a time."""

    def __init__(self, folder: Path, *, addresses: bool) -> None:
        self._folder = folder
        self._manifest = self._read(addresses)
        self._duck = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._duck.execute("SET TimeZone = 'UTC'")

    def _read(self, addresses: bool) -> Manifest:  # noqa: FBT001 - the only argument
        path = self._folder / _MANIFEST
        if not path.exists():
            if self._folder.exists() and any(self._folder.iterdir()) and not self._begun():
                raise WarehouseError(
                    f"{self._folder} holds other files; name a new folder, or one of an export"
                )
            return Manifest(addresses)
        try:
            found = json.loads(path.read_text("utf-8"))
            manifest = Manifest(found["addresses"], found["run"], tuple(found["files"]))
            known = found["format"] == _FORMAT
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise WarehouseError(f"{path} is not a manifest that this leadflow wrote")
        if manifest.addresses != addresses:
            said = "with" if manifest.addresses else "without"
            raise WarehouseError(
                f"{self._folder} was begun {said} --addresses; go on {said} it, or name a new"
                " folder"
            )
        missing = [one for each in TABLES for one in manifest.of(each) if not self._has(one)]
        if missing:
            raise WarehouseError(
                f"{self._folder} lacks {missing[0]}, which its manifest names; restore it, or name"
                " a new folder"
            )
        return manifest

    def _has(self, file: str) -> bool:
        return (self._folder / file).is_file()

    def _begun(self) -> bool:
        """Whether a first run was killed here: nothing is there but what a run makes."""
        return {one.name for one in self._folder.iterdir()} <= {*TABLES, _UNFINISHED}

    def latest(self, table: WarehouseTable, key: str, value: str) -> dict[str, Any]:
        """Of each key of a table, the value that its latest row has."""
        if not (files := self._manifest.of(table)):
            return {}
        paths = [str(self._folder / one) for one in files]
        query = f'SELECT "{key}", arg_max("{value}", "run") FROM read_parquet(?) GROUP BY 1'  # noqa: S608 - names of ours
        return dict(self._duck.execute(query, [paths]).fetchall())

    @contextmanager
    def writing(self) -> Iterator[WarehouseRun]:
        """A run. What it wrote is in the manifest once the block ends without an error."""
        scratch = self._folder / _UNFINISHED
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700, parents=True)
        named = {one for table in TABLES for one in self._manifest.of(table)}
        for table in TABLES:
            (self._folder / table).mkdir(exist_ok=True)
            for found in (self._folder / table).glob("*.parquet"):
                if f"{table}/{found.name}" not in named:
                    found.unlink()
        run = WarehouseRun(self._folder, self._manifest.run + 1, self._duck)
        try:
            yield run
            run.flush()
            if run.files:
                self._finish(run)
        finally:
            run.close()
            shutil.rmtree(scratch, ignore_errors=True)

    def _finish(self, run: WarehouseRun) -> None:
        before = self._manifest
        self._manifest = Manifest(before.addresses, run.number, (*before.files, *run.files))
        written = {
            "format": _FORMAT,
            "addresses": self._manifest.addresses,
            "run": self._manifest.run,
            "files": list(self._manifest.files),
        }
        path = self._folder / _UNFINISHED / _MANIFEST
        path.write_text(json.dumps(written, indent=1) + "\n", "utf-8")
        _move(path, self._folder / _MANIFEST)

    def close(self) -> None:
        """Close it."""
        self._duck.close()


class WarehouseRun:
    """One run: rows come in any order, and go into files table by table."""

    def __init__(self, folder: Path, number: int, duck: duckdb.DuckDBPyConnection) -> None:
        self.number = number
        self.files: list[dict[str, Any]] = []
        self.rows: Counter[WarehouseTable] = Counter()
        self._folder = folder
        self._duck = duck
        self._open: dict[WarehouseTable, IO[str]] = {}
        self._in_file: defaultdict[WarehouseTable, int] = defaultdict(int)

    def write(self, table: WarehouseTable, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a table: values of JSON, and instants. The run's number is added."""
        for row in rows:
            if table not in self._open:
                self._open[table] = self._scratch(table).open("w", encoding="utf-8")
            line = json.dumps({**row, "run": self.number}, default=_text)
            self._open[table].write(line + "\n")
            self._in_file[table] += 1
            self.rows[table] += 1
            if self._in_file[table] >= _ROWS_IN_FILE:
                self._to_parquet(table)

    def flush(self) -> None:
        """Write what waits into files. The first run has a file for each table, if empty too."""
        for table in TABLES if self.number == 1 else ():
            if not self.rows[table]:
                self._open[table] = self._scratch(table).open("w", encoding="utf-8")
        for table in list(self._open):
            self._to_parquet(table)

    def close(self) -> None:
        """Close what is open, unwritten."""
        for one in self._open.values():
            one.close()

    def _scratch(self, table: WarehouseTable, suffix: str = "json") -> Path:
        return self._folder / _UNFINISHED / f"{table}.{suffix}"

    def _to_parquet(self, table: WarehouseTable) -> None:
        self._open.pop(table).close()
        columns = {one.name: one.type for one in COLUMNS[table]}
        whole = self._scratch(table, "parquet")
        read = "read_json(?, format = 'newline_delimited', columns = ?, maximum_object_size = ?)"
        self._duck.execute(
            f"COPY (SELECT * FROM {read}) TO '{_quoted(whole)}' (FORMAT parquet, COMPRESSION zstd)",  # noqa: S608 - a path of ours
            [str(self._scratch(table)), columns, 256 * 1024 * 1024],
        )
        name = f"{table}/{self.number:06}-{len(self.files):04}.parquet"
        _move(whole, self._folder / name)
        rows = self._in_file.pop(table, 0)
        self.files.append({"table": table, "file": name, "run": self.number, "rows": rows})


def _text(value: object) -> str:
    """An instant with its microseconds, as a mail's row has them. Raises TypeError for others."""
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} can't be exported")
    return value.isoformat()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _move(whole: Path, to: Path) -> None:
    """Put a whole file in its place, safe against a power cut."""
    with whole.open("rb") as file:
        os.fsync(file.fileno())
    whole.replace(to)
