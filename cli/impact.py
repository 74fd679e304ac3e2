"""`leadflow program impact|plan`: what a publication will do to leads in flight, beforehand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import JsonOption, Status, WrongInputError, out, print_json, print_table
from cli.session import opened, read_settings
from cli.versions import RecheckOption, in_flight_word, version_named
from models.publication import IN_FLIGHT
from simulation.impact_words import change_words, gone_words, happening_words, impact_words

if TYPE_CHECKING:
    from simulation.impact import Impact, ImpactLine
    from usecases.impacting import Plan

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="A program's file or version.")]
InFlightOption = Annotated[
    str,
    typer.Option(
        "--in-flight", metavar="|".join(IN_FLIGHT), help="What becomes of leads in flight."
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands to `leadflow program`."""
    program.command("impact")(impact)
    program.command("plan")(plan)


def impact(
    file: FileArgument,
    *,
    in_flight: InFlightOption = "migrate",
    recheck: RecheckOption = False,
    saved: Annotated[
        Path | None, typer.Option("--out", metavar="PLAN", help="Save it for publish --plan.")
    ] = None,
    leads: Annotated[bool, typer.Option("--leads", help="Name each lead, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what publishing this version would make otherwise for leads in flight. Nothing changes.

    The next 30 days are played twice from where each lead stands: without the publication, and
    with it. Exit status 0 if nothing would be otherwise, 1 if something would.

    Example: `leadflow program impact programs/acme.yaml --in-flight migrate --out plan.json`
    """
    found, made = _impact(file, in_flight, recheck=recheck)
    if saved is not None:
        from usecases.impacting import write_plan  # noqa: PLC0415  # keeps --help quick

        write_plan(saved, made, found)
    if as_json:
        _print_json(found)
    else:
        _print(found, leads=leads)
    if found.lines:
        raise typer.Exit(Status.NO)


def plan(
    file: FileArgument,
    *,
    in_flight: InFlightOption = "migrate",
    recheck: RecheckOption = False,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            help="Play the program's scenarios in this folder on the version.",
        ),
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(
            metavar="SCENARIO",
            exists=True,
            dir_okay=False,
            help="Play the people of this scenario on both versions, and compare.",
        ),
    ] = None,
    allow_changes: Annotated[
        bool,
        typer.Option("--allow-changes", help="Exit status 1 only if a scenario fails."),
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a comment of a pull request.")
    ] = False,
) -> None:
    """Say what a version says differently from the newest, and what that does to leads in flight.

    Exit status 0 if nothing is different and no scenario fails, 1 if something is or one does.

    Example: `leadflow program plan programs/acme.yaml --scenarios tests/scenarios --markdown`
    """
    from cli.plan_report import PlanReport  # noqa: PLC0415  # keeps --help quick
    from lifecycle.changes.differences import differences  # noqa: PLC0415  # likewise
    from usecases.rehearsing import compare, rehearse  # noqa: PLC0415  # likewise

    found, made = _impact(file, in_flight, recheck=recheck)
    with opened(read_settings()) as database:
        before, after = version_named(made.newest, database), version_named(file, database)
    changes = differences(before, after)
    rehearsal = rehearse(scenarios, after) if scenarios is not None else None
    report = PlanReport(markdown=markdown)
    report.differences(f"{made.name}: {made.newest[:12]} → {made.to[:12]}", changes)
    counts = found.counts
    report.impact(
        f"{impact_words(found)} (`--in-flight {in_flight}`)",
        [(n, happening_words(*key[:2]), change_words(found, key)) for key, n in counts.items()],
        [(number, gone_words(*key)) for key, number in found.gone_counts.items()],
    )
    if rehearsal is not None:
        report.scenarios(rehearsal)
    if cohort is not None:
        report.comparison(cohort.stem, compare(cohort, before, after))
    otherwise = bool(changes or found.lines) and not allow_changes
    if otherwise or (rehearsal is not None and rehearsal.failed):
        raise typer.Exit(Status.NO)


def _impact(file: str, in_flight: str, *, recheck: bool) -> tuple[Impact, Plan]:
    from usecases.impacting import impact_of  # noqa: PLC0415  # keeps --help quick

    how = in_flight_word(in_flight, recheck=recheck)
    with opened(read_settings()) as database:
        program = version_named(file, database)
        try:
            return impact_of(database, program, in_flight=how, recheck=recheck)
        except LookupError as error:
            raise WrongInputError(str(error)) from None


def _print(found: Impact, *, leads: bool) -> None:
    out.print(impact_words(found))
    table = Table("leads", "what", "change")
    for key, number in found.counts.items():
        table.add_row(str(number), Text(happening_words(*key[:2])), change_words(found, key))
    for gone, number in found.gone_counts.items():
        out.print(Text(f"{number} × {gone_words(*gone)}"), soft_wrap=True)
    if found.lines:
        print_table(table)
    if found.mails_before != found.mails_after:
        mails = Table("day", "mails before", "mails after")
        for day, before, after in found.mails:
            mails.add_row(day.isoformat(), str(before), str(after))
        print_table(mails)
    if found.loads_before != found.loads_after:
        loads = Table("person", "leads before", "leads after")
        for person, before, after in found.loads:
            loads.add_row(person, str(before), str(after))
        print_table(loads)
    if leads:
        _print_leads(found)


def _print_leads(found: Impact) -> None:
    for one in found.gone:
        words = gone_words(one.track, one.step, one.goes_on)
        out.print(Text(f"{one.lead}: {words}"), soft_wrap=True)
    for line in found.lines:
        out.print(Text(_line(line)), soft_wrap=True)


def _line(line: ImpactLine) -> str:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    before = write_instant(line.before) if line.before is not None else "never"
    after = write_instant(line.after) if line.after is not None else "never"
    return f"{line.lead}: {happening_words(line.kind, line.about)}: {before} → {after}"


def _print_json(found: Impact) -> None:
    from simulation.impact import line_json  # noqa: PLC0415  # keeps --help quick

    print_json(
        {
            "leads": found.leads,
            "changing": found.changing,
            "lines": len(found.lines),
            "gone": [asdict(one) for one in found.gone],
            "mails": {day.isoformat(): numbers for day, *numbers in found.mails},
            "loads": {person: numbers for person, *numbers in found.loads},
        }
    )
    for line in found.lines:
        print_json(line_json(line))
