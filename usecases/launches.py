"""What people ask of a launch: store it, look at it, pause it, let it go on, cancel it, undo it.

Each answers at once. The launch's workflow, on a worker, does the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from adapters.files.leads import CheckedLeads, write_checked
from adapters.files.rejected_form import RejectedForm
from adapters.sql.database import Database
from adapters.sql.launches import SqlLaunches, UnknownLaunchError
from models.launch import MOST_RATE, NOT_OVER, RATE, Launch, LaunchRow, Standing
from models.on_conflict import OnConflict
from models.program.program import Program
from usecases.reading_lists import ListOptions

__all__ = [
    "LaunchRefusedError",
    "UnknownLaunchError",
    "cancel",
    "check_rate",
    "kept_leads",
    "launch_of",
    "launches",
    "pause",
    "rejected_rows",
    "resume",
    "store_launch",
    "undo",
]

_ROWS_AT_ONCE = 1_000
"""Rows that are stored in one transaction."""


class LaunchRefusedError(Exception):
    """The launch is in no standing for this; the message says what would be right."""


def store_launch(
    database: Database,
    file: Path,
    leads: CheckedLeads,
    program: Program,
    options: ListOptions,
    *,
    conflict: OnConflict,
    by: str = "",
    rate: float = RATE,
    read_as: Mapping[str, Any] | None = None,
    name: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Launch:
    """Store a list with all its rows. When this returns, the launch is accepted and under way.

    The program must be published. If a launch of the same file, said in the same way, is not over,
    that one goes on: whoever was interrupted asks the same again. `name` is the file's name, if
    it was uploaded under another; `progress` is told how many more rows are stored. Raises
    ValueError for a rate that can't be used.
    """
    check_rate(rate)
    rows = SqlLaunches(database)
    launch = rows.begin(
        Launch(
            number=0,
            program=program.program,
            digest=program.digest,
            file=(name or file.name).encode("utf-8", "backslashreplace").decode(),
            file_digest=_digest(file),
            on_conflict=conflict,
            options={"encoding": options.encoding, "mapping": dict(options.mapping)},
            read_as=dict(read_as or {}),
            form=leads.rows.form.as_json(),
            rate=rate,
            at=datetime.now(UTC),
            by=by,
            standing="storing",
        )
    )
    if launch.standing != "storing":
        return launch
    checked = enumerate(leads.all_rows(), start=1)
    while some := list(islice(checked, _ROWS_AT_ONCE)):
        rows.add(
            launch.number,
            [
                LaunchRow(
                    number=number,
                    line=one.row.line,
                    lead=write_checked(one.lead),
                    written=one.row.written,
                    why=one.why,
                )
                for number, one in some
            ],
        )
        progress(len(some))
    stored = rows.complete(launch.number)
    if stored.standing == "cancelled":  # while its rows were being stored
        rows.forget(stored)
    return stored


def check_rate(rate: float) -> None:
    """Raise ValueError unless so many rows a second can be meant."""
    if not 0 < rate <= MOST_RATE:
        raise ValueError(f"the rate is {rate:g} rows a second; write one up to {MOST_RATE:,.0f}")


def launch_of(database: Database, number: int) -> Launch:
    """The launch of this number. Raises UnknownLaunchError."""
    return SqlLaunches(database).launch(number)


def launches(database: Database, most: int = 20) -> tuple[Launch, ...]:
    """The latest launches, the newest first."""
    return SqlLaunches(database).latest(most)


def pause(database: Database, number: int) -> Launch:
    """Start no further row until it is resumed. The batch under way is finished."""
    return _move(database, number, ("running",), "paused", "only a running launch can be paused")


def resume(database: Database, number: int, *, rate: float | None = None) -> Launch:
    """Let a paused launch go on, at another rate if one is given. Raises ValueError for that."""
    more = {}
    if rate is not None:
        check_rate(rate)
        more["rate"] = rate
    words = "only a paused launch can be resumed"
    return _move(database, number, ("paused",), "running", words, **more)


def cancel(database: Database, number: int) -> Launch:
    """End a launch: rows that were not started stay so. Leads that were started stay too."""
    words = "only a launch that is not over can be cancelled"
    cancelled = _move(database, number, NOT_OVER, "cancelled", words)
    SqlLaunches(database).forget(cancelled)
    return cancelled


def undo(database: Database, number: int) -> Launch:
    """End a launch and close the leads that it created and nobody touched since.

    What counts as a touch says `lifecycle.moves.launch_undo`.
    """
    sources: tuple[Standing, ...] = ("running", "paused", "done", "cancelled")
    words = "only a launch whose rows are stored and that was not undone can be undone"
    undoing = _move(database, number, sources, "undoing", words, handled=0, sweep=0)
    SqlLaunches(database).forget(undoing)
    return undoing


def _move(
    database: Database,
    number: int,
    sources: tuple[Standing, ...],
    to: Standing,
    words: str,
    **more: float,
) -> Launch:
    rows = SqlLaunches(database)
    launch = rows.launch(number)
    if not rows.move(number, sources, to, **more):
        raise LaunchRefusedError(f"launch {number} is {launch.standing}; {words}")
    return rows.launch(number)


def rejected_rows(database: Database, number: int) -> Iterator[str]:
    """The file of the rejected rows with their reasons, in pieces, in the form of the list.

    Raises UnknownLaunchError at the first piece.
    """
    rows = SqlLaunches(database)
    form = RejectedForm.of(rows.launch(number).form)
    yield form.head()
    for written, why in rows.rejected(number):
        yield form.line(written, why)


def kept_leads(database: Database, number: int) -> Iterator[tuple[str, str]]:
    """The leads that an undo left, each with the reason."""
    return SqlLaunches(database).kept(number)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
