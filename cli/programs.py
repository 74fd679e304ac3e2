"""Commands for those who write programs: check one, its schema, and ask a calendar."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.documents.problems import DocumentError, Problem, meant
from cli import impact, push, rollouts, versions
from cli.console import (
    JsonOption,
    Panel,
    Status,
    WrongInputError,
    instant,
    out,
    print_json,
    print_problems,
    print_warnings,
)

if TYPE_CHECKING:
    from models.directory import Directory
    from models.program.program import Program

ProgramFile = Annotated[
    str, typer.Argument(metavar="PROGRAM", help="A program file, or a name in programs/.")
]


def register(app: typer.Typer) -> None:
    """Add `program` with its commands, and `calendar`."""
    program = typer.Typer(
        no_args_is_help=True, help="Check a program, publish it, and compare its versions."
    )
    program.command("check")(check)
    program.command("schema")(schema)
    versions.register(program)
    impact.register(program)
    push.register(program)
    rollouts.register(program)
    app.add_typer(program, name="program", rich_help_panel=Panel.MARKETING)
    app.command("calendar", rich_help_panel=Panel.MARKETING)(calendar)


def program_path(text: str) -> Path:
    """The file of a program given as a path, or as a name of one in `programs/`."""
    path, shipped = Path(text), Path("programs") / f"{text}.yaml"
    return shipped if not path.exists() and shipped.exists() else path


def check(
    file: ProgramFile,
    *,
    teams: Annotated[
        Path | None,
        typer.Option(help="A teams file; says whether it has every team the program names."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings make the check fail, as errors do.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a program and print all that is wrong with it, or its name and digest.

    Every problem has its line, its column, its path and what would be right. Warnings say
    what can run but hardly does what is meant. The exit status is 0 for a program that can
    run and 2 for one that can't, or that has warnings and --strict is given.
    """
    program, directory, problems = _read(program_path(file), teams)
    errors = [one for one in problems if strict or one.severity == "error"]
    if program is None or errors:
        print_problems(problems, as_json=as_json)
        raise typer.Exit(Status.WRONG_INPUT)
    counts = _counts(program, directory)
    if as_json:
        told = {"ok": True, "name": program.program, "digest": program.digest, **counts}
        print_json({**told, "problems": [one.as_json() for one in problems]})
        return
    out.print(f"[bold]{program.program}[/] is a valid program")
    out.print(f"digest {program.digest}")
    out.print(", ".join(f"{count} {what}" for what, count in counts.items()))
    print_warnings(problems)


def _read(path: Path, teams: Path | None) -> tuple[Program | None, Directory | None, list[Problem]]:
    """Both files as far as they can be read, and the problems of both."""
    # CEL, Liquid, MJML and the holidays take half a second to import.
    from adapters.files.program import checked_program  # noqa: PLC0415
    from adapters.files.teams import (  # noqa: PLC0415
        check_meeting,
        read_directory,
        unmanaged_teams,
    )

    program, directory = None, None
    problems: list[Problem] = []
    try:
        program, warnings = checked_program(path)
        problems += warnings
    except DocumentError as error:
        problems += error.problems
    if teams is not None:
        try:
            directory = read_directory(teams)
        except DocumentError as error:
            problems += error.problems
    if program is not None and directory is not None:
        problems += check_meeting(program, directory, file=path)
        problems += unmanaged_teams(program, directory, file=path)
    return program, directory, problems


def _counts(program: Program, directory: Directory | None) -> dict[str, int]:
    counts = {
        "emails": len(program.emails),
        "tracks": len(program.tracks),
        "calendars": len(program.calendars),
        "rules": len(program.scoring.fit) + len(program.scoring.engagement.rules),
    }
    return counts if directory is None else {**counts, "teams": len(directory.teams)}


def schema() -> None:
    """Print the JSON Schema of a program, by which editors complete and check the YAML.

    Save it, and name it in the first line of a program:
    `# yaml-language-server: $schema=program.schema.json`
    """
    from adapters.documents.schema import program_schema  # noqa: PLC0415  # pydantic is slow to load

    print_json(program_schema())


def calendar(
    program: ProgramFile,
    name: Annotated[str, typer.Argument(metavar="CALENDAR", help="A calendar of that program.")],
    *,
    start: Annotated[
        datetime,
        typer.Option(
            "--from", parser=instant, metavar="INSTANT", help="Such as 2026-03-05T14:00:00-05:00."
        ),
    ],
    within: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="Print when 30m, 4h or 2d are used up.")
    ] = None,
    to: Annotated[
        datetime | None,
        typer.Option(
            "--to", parser=instant, metavar="INSTANT", help="Print the open time until then."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a calendar when a deadline is due, or how long it is open between two instants."""
    # The rules and the holidays take a while to import.
    from adapters.files.program import read_program  # noqa: PLC0415
    from lifecycle.calendars.business_time import business_calendar  # noqa: PLC0415
    from lifecycle.calendars.local_time import zone  # noqa: PLC0415
    from models.durations import parse_duration  # noqa: PLC0415
    from models.instants import write_instant  # noqa: PLC0415

    if (within is None) == (to is None):
        raise WrongInputError("give either --within LENGTH or --to INSTANT")
    found = read_program(program_path(program))
    if name not in found.calendars:
        raise WrongInputError(f"no calendar '{name}' in {program}; {meant(name, found.calendars)}")
    hours = business_calendar(found.calendars[name], found.timezone)
    answer: dict[str, Any]
    if within is not None:
        try:
            due = hours.due(start, parse_duration(within))
        except ValueError as error:
            raise WrongInputError(f"--within: {error}") from None
        answer = {"due": write_instant(due)}
        timezone = found.calendars[name].timezone or found.timezone
        local = due.astimezone(zone(timezone))
        said = f"due {local:%A %Y-%m-%d %H:%M:%S} {timezone} ({answer['due']})"
    else:
        assert to is not None  # noqa: S101  # one of the two is given, see above
        if to < start:
            raise WrongInputError("--to is before --from; exchange them")
        answer = {"open_seconds": hours.between(start, to)}
        minutes, seconds = divmod(answer["open_seconds"], 60)
        said = f"open {minutes // 60} h {minutes % 60} min {seconds} s ({answer['open_seconds']} s)"
    if as_json:
        print_json(answer)
    else:
        out.print(said)
