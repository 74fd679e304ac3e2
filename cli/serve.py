"""`leadflow worker` and `leadflow gateway`: the processes of an installation."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from cli.console import Panel


def register(app: typer.Typer) -> None:
    """Add `worker` and `gateway`."""
    app.command("worker", rich_help_panel=Panel.ENGINEERS)(worker)
    app.command("gateway", rich_help_panel=Panel.ENGINEERS)(gateway)
    app.command("inbound", rich_help_panel=Panel.ENGINEERS)(inbound)


def worker() -> None:
    """Serve the task queues: leads' turns, mail, alerts. Stops at Ctrl-C or SIGTERM.

    Where Temporal, database and mail server are, the environment says; see docs/operations.md.
    Exit status 2 for wrong settings, 3 if one of them fails it.

    Example: `leadflow worker`
    """
    from assembly.process import run  # noqa: PLC0415  # keeps --help quick
    from assembly.worker_process import serve  # noqa: PLC0415  # likewise

    raise typer.Exit(run("worker", serve))


def gateway(
    *,
    with_inbound: Annotated[
        bool,
        typer.Option(
            "--inbound/--no-inbound", help="Also take in mail; else `leadflow inbound` does."
        ),
    ] = True,
) -> None:
    """Serve HTTP and inbound mail, and relay what is accepted to leads. Stops at Ctrl-C or SIGTERM.

    Where Temporal, database and mail server are, the environment says; see docs/operations.md.
    Exit status 2 for wrong settings, 3 if one of them or a port fails it.

    Example: `leadflow gateway`
    """
    from assembly.gateway_process import serve  # noqa: PLC0415  # keeps --help quick
    from assembly.process import run  # noqa: PLC0415  # likewise

    raise typer.Exit(run("gateway", partial(serve, inbound=with_inbound)))


def inbound() -> None:
    """Take in mail that comes back (SMTP) in a process of its own. Stops at Ctrl-C or SIGTERM.

    A flood of mail then can't slow down the gateway, which is started with --no-inbound. It
    stores what it takes; a gateway relays it to leads. It needs the database, not Temporal.

    Example: `leadflow inbound`
    """
    from assembly.gateway_process import serve_inbound  # noqa: PLC0415  # keeps --help quick
    from assembly.process import run  # noqa: PLC0415  # likewise

    raise typer.Exit(run("inbound", serve_inbound))
