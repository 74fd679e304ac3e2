"""`digest`: show the mails that managers would get, or send them now."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, WorldFailedError, err, out, print_json
from cli.publishing import published
from cli.session import connected, opened, read_settings, run_async

if TYPE_CHECKING:
    from activities.ports import Rendered
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from models.program.program import Program

_ANSWER_SECONDS = 60.0


def register(app: typer.Typer) -> None:
    """Add `digest`."""
    app.command("digest", rich_help_panel=Panel.SALES)(digest)


def digest(
    *,
    program: Annotated[str, typer.Option(metavar="NAME", help="A published program.")],
    show: Annotated[
        bool, typer.Option("--show", help="Print what each manager would get, and send nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Mail managers now what is late, due today and open, as the `digest` schedule does.

    Each manager gets the handoffs of their teams, and how many were accepted in time this week.
    `schedules.digest` of the program says when it is mailed otherwise. Exit status 3 if no worker
    mails it within a minute.

    Example: `leadflow digest --program acme --show`
    """
    settings = read_settings()
    with opened(settings) as database:
        found = published(program, database)
        if show:
            _show(database, found, as_json=as_json)
            return

        sent = run_async(_send(settings, found))
    for manager, what in sent.items():
        if as_json:
            print_json({"manager": manager, "digest": what})
        else:
            out.print(Text(f"{manager}: {what}"))
    if not sent and not as_json:
        err.print("no team has a manager; `team apply` makes teams")


async def _send(settings: Settings, program: Program) -> dict[str, str]:
    """Let a worker mail it. Return the outcome by manager."""
    from adapters.temporal.schedules import Schedules  # noqa: PLC0415  # keeps --help quick

    async with connected(settings) as client:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await Schedules(client, prefix=settings.queue_prefix).send_digest(program)
        except TimeoutError:
            raise WorldFailedError(
                f"no worker mailed it within {_ANSWER_SECONDS:.0f} seconds; is one running, and its"
                " mail server? It is mailed as soon as they are, so don't ask again"
            ) from None


def _show(database: Database, program: Program, *, as_json: bool) -> None:
    """Print the mail that each manager would get now."""
    from adapters.mail.digest import SqlDigests  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # likewise

    people, digests = SqlDirectory(database).directory(), SqlDigests(database)
    now = datetime.now(UTC)
    mails: dict[str, Rendered | None] = {
        one: digests.mail(program, people, one, now, "shown") for one in sorted(people.managers)
    }
    for manager, mail in mails.items():
        if mail is not None and as_json:
            print_json({"manager": manager, "subject": mail.subject, "text": mail.text})
        elif mail is not None:
            out.print(Text(f"To: {manager}\nSubject: {mail.subject}\n", style="bold"))
            out.print(Text(mail.text))
    if not any(mails.values()) and not as_json:
        err.print("no team that this program hands leads to has a manager")
