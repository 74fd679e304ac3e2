"""leadflow on the command line: every command, grouped by who it is for.

Each file of cli/ adds its commands with `register(app)`; a new one is imported here and
named in COMMANDS.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress

import typer

from cli import (
    acts,
    database,
    demo,
    digest,
    doctor,
    enrol,
    explain,
    export,
    inspect,
    key,
    launch,
    mail,
    merging,
    programs,
    reconcile,
    rehearse,
    report,
    schedules,
    serve,
    stack,
    suppressions,
    team,
    temporal,
    webhook,
)
from cli.console import Status, run

COMMANDS = (
    *(stack, database, demo, launch, enrol, programs, mail, suppressions, schedules, rehearse),
    *(inspect, explain, report, export, acts, merging, team, digest, key),
    *(webhook, serve, temporal, reconcile, doctor),
)
"""In the order in which `--help` shows them."""

app = typer.Typer(
    name="leadflow",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Turns strangers into customers without losing one on the way.\n\n"
        "A **program** is a YAML file that says when a person is ready for sales, how fast"
        " sales must answer, and what is sent meanwhile. Each lead then lives as one workflow on"
        " Temporal, until it is won, lost or given up.\n\n"
        "Exit status: 0 done, 1 the answer is no, 2 the input is wrong, 3 a server or disk failed."
        " Commands with **--json** print one JSON object a line."
    ),
)


@app.callback()
def leadflow() -> None:
    """Stands for the whole; its help is the app's."""


for _commands in COMMANDS:
    _commands.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status.

    Without arguments those of the process are taken, and the process ends at once with the
    command: Temporal's client has threads that may abort Python's own, slower ending.
    """
    if arguments is not None:
        run(app, arguments)
    if os.environ.get("LEADFLOW_DEBUG") != "1":
        # Commands say in sentences what is wrong. Processes that log set their levels themselves.
        logging.getLogger("temporalio").setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", module="temporalio")
    try:
        run(app)
    except SystemExit as end:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else Status.WORLD_FAILED)
