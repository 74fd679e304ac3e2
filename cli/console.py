"""What every command shares: exit statuses, where output goes, and how errors are printed.

Commands simply raise; `run` turns each kind of error into its sentence and its status.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.documents.problems import DocumentError, Problem

Value = TypeVar("Value")


class Status(IntEnum):
    """What a command's exit status says, to people and to scripts."""

    DONE = 0
    NO = 1
    """A negative answer: an act was refused, an expectation does not hold."""
    WRONG_INPUT = 2
    """A file, an option or an argument has to be changed first."""
    WORLD_FAILED = 3
    """A server, a database or a disk did not do its part; try again later."""


class Panel(StrEnum):
    """The groups of `--help`: who a command is for."""

    START = "Start here"
    MARKETING = "For marketing: programs and leads"
    SALES = "For sales: what a person decides about a lead"
    ENGINEERS = "For engineers"


class WrongInputError(ValueError):
    """What was typed or read can't be used; the message says what would be right."""


class NegativeAnswerError(Exception):
    """The question was understood and the answer is no; the message is the reason."""


class WorldFailedError(Exception):
    """Something outside did not do its part; the message says what, and what to try."""


JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, one object a line, for programs to read.")
]

out = Console(soft_wrap=True, highlight=False)
"""Results. What scripts read goes out by `print_json`."""
err = Console(stderr=True, soft_wrap=True, highlight=False)
"""Problems and progress."""
_WIDE = 240


def read_as(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """A parser for an option or argument, whose ValueError is a usage error."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return read


def _instant(text: str) -> datetime:
    from models.instants import parse_instant  # noqa: PLC0415  # pydantic slows down --help

    return parse_instant(text)


instant = read_as(_instant)
"""Reads an ISO 8601 instant that names its offset; a naive one is a usage error."""


def command_name() -> str:
    """What to type for leadflow: its name, or its path where the shell does not know it."""
    return "leadflow" if shutil.which("leadflow") else ".venv/bin/leadflow"


def print_json(value: Any) -> None:
    """One JSON value on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_table(table: Table) -> None:
    """A table for people; where no terminal limits it, such as in a pipe, as wide as it needs."""
    (out if out.is_terminal else Console(width=_WIDE, highlight=False)).print(table)


def print_problems(problems: Iterable[Problem], *, as_json: bool = False) -> None:
    """Each problem as `file:line:column  path  message`; as JSON, on standard output."""
    listed = list(problems)
    if as_json:
        print_json({"ok": False, "problems": [problem.as_json() for problem in listed]})
        return
    for problem in listed:
        line = Text(problem.place, style="bold")
        if problem.path:
            line.append(f"  {problem.path}", style="cyan")
        said = "warning: " if problem.severity == "warning" else ""
        err.print(line.append(f"  {said}{problem.message}", style="not bold"))
    err.print(Text(f"{len(listed)} problem{'s' if len(listed) != 1 else ''} found", style="red"))


def print_warnings(warnings: Iterable[Problem]) -> None:
    """Each warning as `file:line:column  path  warning: message`, and nothing where none is."""
    for problem in warnings:
        line = Text(problem.place, style="bold")
        if problem.path:
            line.append(f"  {problem.path}", style="cyan")
        err.print(line.append(f"  warning: {problem.message}", style="not bold yellow"))


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its status; no traceback reaches people.

    With LEADFLOW_DEBUG=1, what nobody expected keeps its traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        app(args=given, prog_name="leadflow")
    except DocumentError as error:
        print_problems(error.problems, as_json=as_json)
        sys.exit(Status.WRONG_INPUT)
    except WrongInputError as error:
        _leave(Status.WRONG_INPUT, str(error), as_json=as_json)
    except NegativeAnswerError as error:
        _leave(Status.NO, str(error), as_json=as_json)
    except WorldFailedError as error:
        _leave(Status.WORLD_FAILED, str(error), as_json=as_json)
    except BrokenPipeError:
        # Whoever reads our output (`| head`) has closed it, so nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Status.DONE)
    except Exception as error:
        if os.environ.get("LEADFLOW_DEBUG") == "1":
            raise
        reason = " ".join(str(error).split()) or "no reason given"
        message = f"{type(error).__name__}: {reason} (LEADFLOW_DEBUG=1 shows where)"
        _leave(Status.WORLD_FAILED, message, as_json=as_json)
    sys.exit(Status.DONE)


def _leave(status: Status, message: str, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"ok": False, "error": message})
    else:
        err.print(Text(message, style="red"))
    sys.exit(status)
