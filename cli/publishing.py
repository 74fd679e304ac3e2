"""How commands choose a program and publish it: its option, its errors, its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.console import NegativeAnswerError, WrongInputError, err, print_warnings
from usecases import publishing
from usecases.applying_teams import NeededError
from usecases.publishing import ChosenProgram, UnknownProgramError

if TYPE_CHECKING:
    from temporalio.client import Client

    from adapters.sql.database import Database
    from assembly.settings import Settings
    from models.program.program import Program
    from usecases.applying_teams import AppliedTeams, Need
    from usecases.publishing import Published

ProgramOption = Annotated[
    str,
    typer.Option(
        "--program",
        metavar="NAME|FILE",
        help="A program's file, which is published, or the name of one published before.",
    ),
]


RemoveOption = Annotated[
    bool,
    typer.Option(
        "--remove",
        help="The teams file may remove teams and members that programs or open leads need.",
    ),
]


def choose(text: str, teams: Path | None, database: Database) -> ChosenProgram:
    """The program a command names, and its teams. Raises DocumentError and WrongInputError."""
    try:
        return publishing.choose(text, teams, database)
    except UnknownProgramError as error:
        raise _unknown(text, error) from None


def published(name: str, database: Database) -> Program:
    """The newest version under this name. Raises WrongInputError."""
    try:
        return publishing.published(name, database)
    except UnknownProgramError as error:
        raise _unknown(name, error) from None


def _unknown(name: str, error: UnknownProgramError) -> WrongInputError:
    shipped = Path("programs") / f"{name}.yaml"
    file = shipped if shipped.exists() else "FILE.yaml"
    return WrongInputError(f"{error}. Name a file to publish it: --program {file}")


async def publish_on(
    client: Client,
    settings: Settings,
    database: Database,
    chosen: ChosenProgram,
    *,
    remove: bool = False,
) -> None:
    """Publish with Temporal at hand, and print what publishing warns of.

    Raises NegativeAnswerError, unless `remove`, if the teams file lacks what is needed.
    """
    from adapters.temporal.schedules import Schedules  # noqa: PLC0415  # keeps --help quick

    schedules = Schedules(client, prefix=settings.queue_prefix)
    with refused_if_needed():
        warn(await chosen.publish_on(schedules, database, remove=remove))


@contextmanager
def refused_if_needed() -> Iterator[None]:
    """Turn the refusal to remove what is needed into a negative answer."""
    try:
        yield
    except NeededError as error:
        raise NegativeAnswerError(str(error)) from None


async def start_rollouts(client: Client, settings: Settings, database: Database) -> None:
    """Begin to send to leads in flight what was published or paused; a worker carries it out."""
    from adapters.sql.rollouts import SqlRollouts  # noqa: PLC0415  # keeps --help quick
    from adapters.temporal.rollouts import RolloutRuns  # noqa: PLC0415  # likewise

    under_way = SqlRollouts(database).under_way()
    await RolloutRuns(client, prefix=settings.queue_prefix).start(under_way)


def warn(published: Published) -> None:
    """Print what people should know of a publication."""
    print_warnings(published.warnings)
    if published.teams is not None:
        for person, leads in published.teams.departed.items():
            err.print(
                f"warning: {person} left their team and owns {len(leads)} of its leads; the manager"
                " is alerted, to reassign them",
                style="yellow",
            )
        for whom in removed_people(published.teams):
            err.print(f"removed: {whom}", style="yellow")
        warn_of_teams(published.teams)
    for problem in published.unstaffed:
        err.print(
            f"warning: {problem.path}: {problem.message}; leads for it stay without an owner"
            " until --teams FILE applies one",
            style="yellow",
        )


def removed_people(applied: AppliedTeams) -> Iterator[str]:
    """The teams and members that are removed, in words."""
    for change in applied.changes:
        if change.change == "removed" and change.setting is None:
            team = f"team {change.team}" if change.team is not None else "marketing"
            yield f"{change.member} of {team}" if change.member else team


def warn_of_removals(database: Database, chosen: ChosenProgram, *, remove: bool) -> None:
    """Print what the teams file of a dry run would remove, and what forbids that."""
    from usecases.applying_teams import (  # noqa: PLC0415  # keeps --help quick
        needs_of_removed,
        preview_teams,
    )

    if chosen.directory is None:
        return
    for whom in removed_people(preview_teams(database, chosen.directory)):
        err.print(f"would be removed: {whom}", style="yellow")
    if not remove:
        but = chosen.program.program if chosen.from_file else None
        warn_of_needs(needs_of_removed(database, chosen.directory, but=but))


def warn_of_needs(needs: Iterable[Need]) -> None:
    """Print what refuses a teams file that is not said to remove what is needed."""
    for need in needs:
        refusal = f"without --remove this is refused: {need.removed} is needed by {need.by}"
        err.print(Text(refusal, style="yellow"))


def warn_of_teams(applied: AppliedTeams) -> None:
    """Print which teams now have leads to reassign and nobody who may do so."""
    for team in applied.unmanaged:
        err.print(
            f"warning: team {team} has no manager now, so nobody may reassign its leads, and nobody"
            " of sales is alerted of them; add 'manager: ADDRESS' to the team",
            style="yellow",
        )
