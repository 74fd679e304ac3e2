"""`leadflow program publish|list|show|history|diff`: versions of a program over time.

The file is long because these commands share how a version is named and what is refused.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Status,
    WrongInputError,
    out,
    print_json,
    print_table,
)
from cli.publishing import start_rollouts, warn
from cli.rollouts import ByOption
from cli.session import connected, opened, read_settings, run_async
from models.publication import IN_FLIGHT, InFlight
from models.rollout import RATE
from usecases.publishing import is_file

if TYPE_CHECKING:
    from adapters.sql.database import Database
    from models.program.program import Program
    from models.publication import Publication
    from usecases.impacting import Plan

VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="A file, NAME, NAME@newest, NAME@DIGEST or DIGEST.")
]
RecheckOption = Annotated[
    bool, typer.Option("--recheck", help="Ask disqualify, mql and engaged at the change.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A published program's name.")]


def register(program: typer.Typer) -> None:
    """Add the commands to `leadflow program`."""
    program.command("publish")(publish)
    program.command("list")(listed)
    program.command("show")(show)
    program.command("history")(history)
    program.command("diff")(diff)


def publish(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|NAME",
            help="A program's file; with --version its name. With --plan it may be left out.",
        ),
    ] = None,
    *,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST",
            help="Publish this older version again: roll back. The name may be left out.",
        ),
    ] = None,
    note: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    by: ByOption = None,
    in_flight: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(IN_FLIGHT),
            help="What becomes of leads in flight: they keep their version, change it when they"
            " have finished what they are in, at once, or at once and begin their track anew.",
        ),
    ] = None,
    recheck: RecheckOption = False,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN",
            help="Carry out what `program impact --out` has saved, with its --in-flight.",
        ),
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Leads a second.")] = RATE,
    as_json: JsonOption = False,
) -> None:
    """Make a version of a program the newest of its name: new leads get it.

    With leads in flight on other versions `--in-flight` must be said. Exit status 1 if it is
    not: then nothing is published, and how many leads stand where is printed.

    Example: `leadflow program publish programs/acme.yaml --note "shorter nurture"`
    """
    from adapters.temporal.schedules import Schedules  # noqa: PLC0415  # keeps --help quick
    from usecases.publishing import ChosenProgram, LeadsInFlight  # noqa: PLC0415  # likewise

    settings = read_settings()
    with opened(settings) as database:
        saved = _plan(plan) if plan is not None else None
        program = _asked_for(file, version, saved, database)
        if plan is not None and saved is not None:
            _refuse_another_way(saved, in_flight, recheck=recheck)
            in_flight, recheck = _planned(plan, saved, program, database)
        how = in_flight_word(in_flight, recheck=recheck)
        if in_flight is None:
            _refuse_silence(program, database)
        chosen = ChosenProgram(program, None, from_file=True)
        who = by or getpass.getuser()
        leads = LeadsInFlight(in_flight=how, recheck=recheck, rate=rate)

        async def publishing() -> None:
            async with connected(settings) as client:
                schedules = Schedules(client, prefix=settings.queue_prefix)
                warn(await chosen.publish_on(schedules, database, by=who, note=note, leads=leads))
                await start_rollouts(client, settings, database)

        run_async(publishing())
    if as_json:
        print_json({"ok": True, "name": program.program, "digest": program.digest})
    else:
        out.print(f"{program.program} {program.digest[:12]} is published; new leads get it")


def _plan(file: Path) -> Plan:
    from usecases.impacting import PlanError, read_plan  # noqa: PLC0415  # keeps --help quick

    try:
        return read_plan(file)
    except PlanError as error:
        raise WrongInputError(str(error)) from None
    except (FileNotFoundError, IsADirectoryError):
        raise WrongInputError(
            f"there is no plan {file}; `leadflow program impact FILE --out {file}` writes it"
        ) from None


def _asked_for(
    file: str | None, version: str | None, plan: Plan | None, database: Database
) -> Program:
    """The version that is to be published: named, a digest alone, or a plan's."""
    if file is not None:
        return _meant(file, version, database)
    if version is not None and plan is None:
        return version_named(version, database)
    return _of_plan(plan, database)


def _of_plan(plan: Plan | None, database: Database) -> Program:
    """The version that a plan publishes: the plan holds it, or it was published before."""
    from usecases.impacting import PlanError  # noqa: PLC0415  # keeps --help quick
    from usecases.versions import of_name  # noqa: PLC0415  # likewise

    if plan is None:
        raise WrongInputError(
            "name the program's file, an older version by --version, or a plan by --plan"
        )
    try:
        program = plan.program()
    except PlanError as error:
        raise WrongInputError(str(error)) from None
    return program or _found(of_name, plan.name, plan.to, database)


def _refuse_another_way(plan: Plan, in_flight: str | None, *, recheck: bool) -> None:
    """Refuse options that say something else than the plan: it was looked at with its own."""
    if (in_flight or plan.in_flight) != plan.in_flight or (recheck and not plan.recheck):
        planned = f"--in-flight {plan.in_flight}" + (" --recheck" if plan.recheck else "")
        raise WrongInputError(
            f"the plan was made with {planned}; leave --in-flight and --recheck out, or make a"
            " plan with what you mean"
        )


def _planned(file: Path, plan: Plan, program: Program, database: Database) -> tuple[InFlight, bool]:
    """What a saved plan says; refuse it if something has moved since."""
    from usecases.impacting import moved  # noqa: PLC0415  # keeps --help quick

    if plan.to != program.digest:
        raise WrongInputError(
            f"{file} is about {plan.name} {plan.to[:12]}, and this is {program.program}"
            f" {program.digest[:12]}; make a plan of this version"
        )
    if changes := moved(database, plan):
        raise NegativeAnswerError(
            f"since {file} was made something has moved, so nothing is published:"
            f" {'; '.join(changes)}. Make the plan again"
        )
    return plan.in_flight, plan.recheck


def in_flight_word(said: str | None, *, recheck: bool) -> InFlight:
    """What becomes of leads in flight; `pin` if nothing is said. Raises WrongInputError."""
    how = next((one for one in IN_FLIGHT if one == (said or "pin")), None)
    if how is None:
        raise WrongInputError(f"--in-flight {said}: write one of {', '.join(IN_FLIGHT)}")
    if recheck and how == "pin":
        raise WrongInputError(
            "--recheck asks the rules at the change of version, and pin changes none; write"
            " --in-flight finish, migrate or restart"
        )
    return how


def _meant(file: str, version: str | None, database: Database) -> Program:
    from usecases.versions import of_name  # noqa: PLC0415  # keeps --help quick

    return (
        version_named(file, database)
        if version is None
        else _found(of_name, file, version, database)
    )


def version_named(text: str, database: Database) -> Program:
    """The version that is meant (`usecases.versions`). Raises WrongInputError, DocumentError."""
    from usecases.versions import version  # noqa: PLC0415  # keeps --help quick

    return _found(version, text, database)


def _found(ask: Callable[..., Program], *words: object) -> Program:
    from usecases.publishing import UnknownProgramError  # noqa: PLC0415  # keeps --help quick

    try:
        return ask(*words)
    except UnknownProgramError as error:
        raise WrongInputError(str(error)) from None


def _refuse_silence(program: Program, database: Database) -> None:
    """Refuse to publish while leads stand on other versions and nothing is said of them."""
    from usecases.versions import in_flight  # noqa: PLC0415  # keeps --help quick

    elsewhere = in_flight(program.program, database)
    elsewhere.pop(program.digest, None)
    if elsewhere:
        stand = ", ".join(f"{count} on {digest[:12]}" for digest, count in elsewhere.items())
        raise NegativeAnswerError(
            f"leads of {program.program} are in flight on other versions: {stand}. Say what becomes"
            " of them: --in-flight pin (they keep their version), finish (they change it when they"
            " have finished what they are in), migrate (they change it now) or restart (they"
            " change it now, and begin their track anew)"
        )


def listed(*, as_json: JsonOption = False) -> None:
    """List every program with its newest version, and the leads in flight on it and on others.

    Example: `leadflow program list`
    """
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise
    from usecases.versions import in_flight  # noqa: PLC0415  # likewise

    table = Table("program", "newest", "published", "by", "in flight on it", "on older ones")
    with opened(read_settings()) as database:
        programs = SqlPrograms(database)
        for name in programs.names():
            (newest,) = programs.publications(name, most=1)
            standing = in_flight(name, database)
            here = standing.pop(newest.digest, 0)
            elsewhere = sum(standing.values())
            if as_json:
                shown = {"leads_on_it": here, "leads_on_older": elsewhere}
                print_json({"name": name, **_as_json(newest), **shown})
            else:
                at = write_instant(newest.at)
                row = (name, newest.digest[:12], at, newest.by, str(here), str(elsewhere))
                table.add_row(*row)
    if not as_json:
        print_table(table)


def show(
    name: NameArgument,
    *,
    version: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="A version; else the newest.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a version as it is stored: the canonical JSON whose SHA-256 is its digest.

    Example: `leadflow program show acme`
    """
    with opened(read_settings()) as database:
        program = _meant(name, version, database)
    if not as_json:
        out.print(Text(f"{program.program} {program.digest}", style="bold"))
    print_json(json.loads(program.canonical_json))


def history(name: NameArgument, *, as_json: JsonOption = False) -> None:
    """List the publications of a program, the newest first: when, by whom, why.

    Example: `leadflow program history acme`
    """
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise
    from usecases.publishing import published  # noqa: PLC0415  # likewise
    from usecases.versions import in_flight  # noqa: PLC0415  # likewise

    table = Table("number", "version", "published", "by", "leads in flight", "now on it", "note")
    with opened(read_settings()) as database:
        _found(published, name, database)
        standing = in_flight(name, database)
        for one in SqlPrograms(database).publications(name):
            on_it = standing.get(one.digest, 0)
            if as_json:
                print_json({**_as_json(one), "leads_on_it": on_it})
            else:
                table.add_row(
                    *(str(one.number), one.digest[:12], write_instant(one.at), one.by),
                    *(one.in_flight, str(on_it), Text(one.note)),
                )
    if not as_json:
        print_table(table)


def diff(old: VersionArgument, new: VersionArgument, *, as_json: JsonOption = False) -> None:
    """Say what the second version says differently from the first, in the program's own words.

    Lines stand by whom they touch. Exit status 0 if the versions are equal, 1 if not.

    Example: `leadflow program diff acme@newest programs/acme.yaml`
    """
    from lifecycle.changes.differences import differences  # noqa: PLC0415  # keeps --help quick

    if all(is_file(one) for one in (old, new)):
        from adapters.files.program import read_program  # noqa: PLC0415  # likewise

        before, after = read_program(Path(old)), read_program(Path(new))
    else:
        with opened(read_settings()) as database:
            before, after = version_named(old, database), version_named(new, database)
    found = differences(before, after)
    touched = ""
    for one in found:
        if as_json:
            print_json({"touches": one.touches, "path": one.path, "words": one.words})
            continue
        if one.touches != touched:
            touched = one.touches
            out.print(Text(touched, style="bold"))
        out.print(Text(f"  {one.words}"))
    if found:
        raise typer.Exit(Status.NO)


def _as_json(one: Publication) -> dict[str, object]:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    return {
        "number": one.number,
        "digest": one.digest,
        "at": write_instant(one.at),
        "by": one.by,
        "note": one.note,
        "in_flight": one.in_flight,
        "recheck": one.recheck,
    }
