"""`leadflow merge`: two leads that are one person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.acting import act_error
from cli.console import JsonOption, Panel, WorldFailedError, out, print_json
from cli.session import lead_named, leads_of, opened, read_settings, run_async

# Temporal, SQLAlchemy and pydantic take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from usecases.merging import MergeAnswer

Keep = Annotated[str, typer.Argument(metavar="KEEP", help="The lead that goes on: id or address.")]
Other = Annotated[
    str,
    typer.Argument(metavar="OTHER", help="The lead that ends and becomes another name of KEEP."),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="ADDRESS", envvar="LEADFLOW_BY", help="Who merges them."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("merge", rich_help_panel=Panel.SALES)(merge)


def merge(keep: Keep, other: Other, *, by: By = None, as_json: JsonOption = False) -> None:
    """Say that two leads are one person: OTHER ends, and KEEP goes on with what both have done.

    It can't be undone. What reaches OTHER's ids and address later goes to KEEP. The same pair twice
    is merged once. A merge that is interrupted finishes by itself.

    Example: `leadflow merge ana@northwind.example a.miller@northwind.example
    --by morgan@acme.example`
    """
    from adapters.reports.leads import SqlReports  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.merges import SqlMerges  # noqa: PLC0415  # likewise
    from adapters.temporal.client import ANSWER_SECONDS  # noqa: PLC0415  # likewise
    from usecases.acting import ActUnanswered  # noqa: PLC0415  # likewise
    from usecases.merging import MergeDone  # noqa: PLC0415  # likewise
    from usecases.merging import merge as merge_leads  # noqa: PLC0415  # likewise
    from usecases.viewer import ADMIN  # noqa: PLC0415  # likewise

    settings = read_settings()
    with opened(settings) as database:
        found = lead_named(keep, database)

        async def ask() -> MergeAnswer:
            async with leads_of(settings, database) as leads:
                return await merge_leads(
                    SqlReports(database),
                    SqlMerges(database),
                    leads,
                    ADMIN.through("cli"),
                    keep=found,
                    other=other,
                    by=by,
                    now=datetime.now(UTC),
                    timeout_seconds=ANSWER_SECONDS,
                )

        outcome = run_async(ask())
    if isinstance(outcome, ActUnanswered):
        raise WorldFailedError(f"{outcome.why}: {outcome.cause}. Ask again: it is done once")
    if not isinstance(outcome, MergeDone):
        raise act_error(outcome)
    line = outcome.line
    lead = line.id if line is not None else found
    stage, owner = (line.stage, line.owner) if line is not None else (None, None)
    if as_json:
        print_json(
            {
                "ok": True,
                "lead": lead,
                "merged": outcome.other,
                "before": outcome.before,
                "stage": stage,
                "owner": owner,
            }
        )
        return
    said = "is lead" if outcome.before else "is now lead"
    already = " already" if outcome.before else ""
    stands = f", in stage {stage}, owned by {owner or 'nobody'}" if line is not None else ""
    out.print(f"merge: {outcome.other} {said} {lead}{already}{stands}")
