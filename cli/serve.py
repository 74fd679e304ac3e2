"""`leadflow worker` and `leadflow gateway`: the processes of an installation."""

from __future__ import annotations

import typer

from cli.console import Panel


def register(app: typer.Typer) -> None:
    """Add `worker` and `gateway`."""
    app.command("worker", rich_help_panel=Panel.ENGINEERS)(worker)
    app.command("gateway", rich_help_panel=Panel.ENGINEERS)(gateway)


def worker() -> None:
    """Serve the task queues: leads' turns, mail, alerts. Stops at Ctrl-C or SIGTERM.

    Where Temporal, database and mail server are, the environment says; see docs/operations.md.
    Exit status 2 for wrong settings, 3 if one of them fails it.

    Example: `leadflow worker`
    """
    from assembly.process import run  # noqa: PLC0415  # keeps --help quick
    from assembly.worker_process import serve  # noqa: PLC0415  # likewise

    raise typer.Exit(run("worker", serve))


def gateway() -> None:
    """Serve HTTP and inbound mail, and relay what is accepted to leads. Stops at Ctrl-C or SIGTERM.

    Where Temporal, database and mail server are, the environment says; see docs/operations.md.
    Exit status 2 for wrong settings, 3 if one of them or a port fails it.

    Example: `leadflow gateway`
    """
    from assembly.gateway_process import serve  # noqa: PLC0415  # keeps --help quick
    from assembly.process import run  # noqa: PLC0415  # likewise

    raise typer.Exit(run("gateway", serve))
