"""Show how a launch goes on, until it is over or nobody carries it out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.console import WorldFailedError, err
from cli.launch_report import look_again
from cli.session import connected, explained

if TYPE_CHECKING:
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from models.launch import Launch

_LOOK_SECONDS = 0.1
_PATIENCE = 40.0
"""Seconds without progress: longer than a worker that died keeps what it had begun."""


def progress_bar(*, as_json: bool) -> Progress:
    """A bar for people; none where nobody looks."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=as_json or not err.is_terminal,
    )


def watch(database: Database, launch: Launch, bar: Progress) -> Launch:
    """Follow a launch; how it stands when it is over, or paused.

    Raises WorldFailedError if it does not go on. KeyboardInterrupt leaves it to the worker.
    """
    from models.launch import UNDER_WAY  # noqa: PLC0415  # keeps --help quick
    from usecases.launches import launch_of  # noqa: PLC0415  # likewise

    undoing = launch.standing == "undoing"
    task = bar.add_task(
        "undoing" if undoing else "starting",
        total=launch.created if undoing else launch.size,
    )
    seen, since = launch, time.monotonic()
    while launch.standing in UNDER_WAY:
        time.sleep(_LOOK_SECONDS)
        with explained():
            launch = launch_of(database, launch.number)
        bar.update(task, completed=launch.closed + launch.kept if undoing else launch.done)
        if launch != seen:
            seen, since = launch, time.monotonic()
        elif time.monotonic() - since > max(_PATIENCE, 2 / launch.rate):
            raise WorldFailedError(
                f"launch {launch.number} is stored and goes on by itself, but nothing has happened"
                f" for {_PATIENCE:.0f} seconds; is a worker running, and does it reach Temporal?"
                f" Look again: {look_again(launch)}"
            )
    bar.remove_task(task)
    return launch


async def start_launches(settings: Settings, database: Database) -> None:
    """Start the workflows of launches that are under way; a worker would do so in 5 seconds."""
    from adapters.sql.launches import SqlLaunches  # noqa: PLC0415  # keeps --help quick
    from adapters.temporal.launches import LaunchRuns  # noqa: PLC0415  # likewise

    async with connected(settings) as client:
        under_way = SqlLaunches(database).under_way()
        await LaunchRuns(client, prefix=settings.queue_prefix).start(under_way)
