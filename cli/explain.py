"""`explain`: why a lead does not go on, and what will happen to it by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, WrongInputError, out, print_json
from cli.session import LeadArgument, lead_named, opened, read_settings

if TYPE_CHECKING:
    from lifecycle.words.clauses import Clause
    from usecases.explaining import ExplainedLead


def register(app: typer.Typer) -> None:
    """Add `explain`."""
    app.command("explain", rich_help_panel=Panel.MARKETING)(explain)


def explain(lead: LeadArgument, *, as_json: JsonOption = False) -> None:
    """Say what a lead lacks for the next stages, which track it is in and why not in another.

    Also the next mail, what could still stop it, and the next stage that comes by itself.

    Example: `leadflow explain ana@northwind.example`
    """
    from adapters.reports.leads import SqlReports  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # likewise
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise
    from usecases.current_lead import current_dossier  # noqa: PLC0415  # likewise
    from usecases.explaining import explain_lead  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        found = lead_named(lead, database)
        stored = SqlReports(database).dossier(found)
        if stored is None:
            raise WrongInputError(f"there is no lead '{lead}'; `leadflow leads` lists all leads")
        stored = current_dossier(database, stored)
        people = SqlDirectory(database).directory()
        now = datetime.now(UTC)
        explained = explain_lead(stored.state, stored.timeline, SqlPrograms(database), people, now)
    if as_json:
        print_json(_json(explained))
    else:
        _print(explained)


def _json(explained: ExplainedLead) -> dict[str, Any]:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    why, mail, stage = explained.explanation, explained.next_mail, explained.next_stage
    return {
        "lead": why.lead,
        "stage": why.stage,
        "motion": why.motion,
        "closed_to_scores": why.closed_to_scores,
        "stands_still": list(why.stands_still),
        "goals": [{"stage": one.stage, "clauses": _clauses(one.clauses)} for one in why.goals],
        "tracks": [
            {
                "track": one.name,
                "runs": one.runs,
                "why_not": one.why_not or None,
                "clauses": _clauses(one.clauses),
            }
            for one in why.tracks
        ],
        "exit": _clauses(why.exit),
        "next_mail": None
        if mail is None
        else {"email": mail.email, "at": write_instant(mail.at), "unless": list(mail.stoppers)},
        "next_stage": None
        if stage is None
        else {"stage": stage.fields["to"], "at": write_instant(stage.at)},
        "until": write_instant(explained.until),
    }


def _clauses(parts: tuple[Clause, ...]) -> list[dict[str, Any]]:
    return [{"text": one.text, "holds": one.holds, "values": dict(one.values)} for one in parts]


def _print(explained: ExplainedLead) -> None:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    why, mail, stage = explained.explanation, explained.next_mail, explained.next_stage
    out.print(Text(f"lead {why.lead} is {why.stage} (motion {why.motion})", style="bold"))
    if why.closed_to_scores is not None:
        out.print(Text(f"Scores do not move it: {why.closed_to_scores}."))
    for reason in why.stands_still:
        out.print(Text(f"Now {reason}."))
    for goal in why.goals:
        held = len(goal.clauses) - len(goal.missing)
        rule = f"{held} of {len(goal.clauses)} hold" if goal.clauses else "the program has no rule"
        out.print(Text(f"\nfor {goal.stage}: {rule}"))
        _print_clauses(goal.clauses)
    out.print("\ntracks")
    for one in why.tracks:
        out.print(Text(f"  {one.name}: {'runs' if one.runs else one.why_not}"))
        _print_clauses(one.clauses, "      ")
        if one.runs and why.exit:
            out.print("      ends when all of this holds:")
            _print_clauses(why.exit, "        ")
    out.print()
    if mail is None:
        out.print("next mail: none comes by itself")
    else:
        unless = "; ".join(mail.stoppers)
        out.print(Text(f"next mail: {mail.email}, {write_instant(mail.at)}, unless: {unless}"))
    if stage is None:
        out.print(Text(f"next stage by itself: none until {write_instant(explained.until)}"))
    else:
        out.print(Text(f"next stage by itself: {stage.fields['to']}, {write_instant(stage.at)}"))


def _print_clauses(parts: tuple[Clause, ...], indent: str = "  ") -> None:
    for one in parts:
        mark = Text("yes ", style="green") if one.holds else Text("no  ", style="red")
        now = ", ".join(
            f"{name} is {'missing' if value is None else value}"
            for name, value in one.values.items()
        )
        shown = Text(f"   now: {now}", style="dim") if now else Text()
        out.print(Text(indent) + mark + Text(one.text) + shown)
