"""How commands act on a lead: as an admin in somebody's name, each outcome an exit status."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.console import NegativeAnswerError, WorldFailedError, WrongInputError, out, print_json
from cli.session import lead_named, leads_of, opened, read_settings, run_async

# Temporal, SQLAlchemy and pydantic take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from usecases.acting import ActFailed, ActOutcome


def act(do: str, lead: str, fields: dict[str, Any], *, as_json: bool) -> None:
    """Ask for an act as an admin, in the name of `--by`; print how the lead stands then."""
    from adapters.reports.leads import SqlReports  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.arrivals import SqlArrivals  # noqa: PLC0415  # likewise
    from adapters.temporal.client import ANSWER_SECONDS  # noqa: PLC0415  # likewise
    from usecases.acting import ActDone, perform  # noqa: PLC0415  # likewise
    from usecases.viewer import ADMIN  # noqa: PLC0415  # likewise

    settings = read_settings()
    with opened(settings) as database:
        found = lead_named(lead, database)

        async def ask() -> ActOutcome:
            async with leads_of(settings, database) as leads:
                return await perform(
                    SqlReports(database),
                    leads,
                    SqlArrivals(database),
                    ADMIN.through("cli"),
                    lead=found,
                    do=do,
                    fields=fields,
                    now=datetime.now(UTC),
                    timeout_seconds=ANSWER_SECONDS,
                )

        outcome = run_async(ask())
    if not isinstance(outcome, ActDone):
        raise act_error(outcome)
    line = outcome.line
    stage, owner = (line.stage, line.owner) if line is not None else (None, None)
    if as_json:
        print_json({"ok": True, "lead": found, "act": do, "stage": stage, "owner": owner})
    elif line is None:
        out.print(f"{_words(do)}: done; how lead {found} stands now can't be read")
    else:
        out.print(
            f"{_words(do)}: done; lead {found} is in stage {stage}, owned by {owner or 'nobody'}"
        )


def act_error(outcome: ActFailed) -> Exception:
    """The command line's error for an act that was not done."""
    from usecases.acting import (  # noqa: PLC0415  # keeps --help quick
        ActMalformed,
        ActNotAllowed,
        ActRefused,
        ActUnanswered,
        LeadNotThere,
    )

    match outcome:
        case ActRefused(why) | ActNotAllowed(why):
            return NegativeAnswerError(why)
        case LeadNotThere(why):
            return WrongInputError(f"{why}; `leadflow leads` lists them")
        case ActMalformed(why):
            return WrongInputError(why)
        case ActUnanswered(why, identity, cause):
            return WorldFailedError(
                f"{why}: {cause}. Ask again with --id {identity}: it is done once"
            )


def _words(do: str) -> str:
    return do.replace("_", " ")
