"""The report of a demonstration: figures, one lead's timeline, and where to look."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cli.console import command_name, out, print_json, print_table
from cli.demo_screen import STAGES
from cli.rehearse import timeline_table
from simulation.impact_words import impact_words

if TYPE_CHECKING:
    from cli.demo_play import DemoResult
    from demonstration.change_in_play import PlanTruth
    from demonstration.figures import Figures

_FUNNEL = ("known", "engaged", "mql", "sal", "sql", "opportunity", "customer")
_DAY = 86_400
_HOUR = 3_600
_FAILURES_SHOWN = 5


def report_json(result: DemoResult) -> None:
    """The report as one object."""
    figures = result.figures
    share = figures.acceptance.share
    print_json(
        {
            "ok": not result.differences,
            "differences": list(result.differences),
            "change": _change_json(result.truth),
            "leads": result.agreement.leads,
            "mails": result.agreement.mails,
            "rejected": result.rejected,
            "program_days": round(figures.lasted / timedelta(days=1), 1),
            "stages": dict(figures.stages),
            "funnel": dict(figures.funnel),
            "mail": asdict(figures.mail),
            "skipped": dict(figures.skipped),
            "tracks": dict(figures.tracks),
            "handoffs": dict(figures.handoffs),
            "accepted_within_sla": None if share is None else round(share, 4),
            "breaches": dict(figures.breaches),
            "median_days": {stage: round(s / _DAY, 2) for stage, s in figures.medians.items()},
            "done": dict(result.done),
            "failures": list(result.failures),
            "board": asdict(result.board),
            "places": dict(result.places),
        }
    )


def _change_json(truth: PlanTruth | None) -> dict[str, int] | None:
    if truth is None:
        return None
    return {
        "leads": truth.impact.leads,
        "changing": truth.impact.changing,
        "lines": len(truth.impact.lines),
        "changed": truth.changed,
        "followed": truth.followed,
        "happened": truth.happened,
    }


def print_report(result: DemoResult) -> None:
    """The report for people."""
    figures = result.figures
    days = figures.lasted / timedelta(days=1)
    out.print(Rule(f"{result.agreement.leads} leads, {days:.0f} days", style="dim"))
    print_table(_stages(figures))
    out.print()
    print_table(_figures(result))
    if figures.life:
        out.print()
        out.print(Text(f"One lead's life: {figures.lead}", style="bold"))
        print_table(timeline_table(figures.life))
    out.print()
    _where(result.places, figures.lead)
    out.print()
    _failures(result)
    _verdict(result)
    out.print()
    _board(result)


def _stages(figures: Figures) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("stage", "now", "ever there", "of those before", "median stay"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    before: int | None = None
    for stage, style in STAGES:
        ever = figures.funnel.get(stage, 0)
        share = f"{ever / before:.0%}" if before and stage in _FUNNEL else ""
        stay = figures.medians.get(stage)
        table.add_row(
            Text(stage, style=style),
            str(figures.stages.get(stage, 0)),
            str(ever),
            share,
            "" if stay is None else _span(stay),
        )
        before = ever
    return table


def _span(seconds: float) -> str:
    if seconds >= _DAY:
        return f"{seconds / _DAY:.1f} days"
    return f"{seconds / 3600:.1f} hours" if seconds >= _HOUR else f"{seconds / 60:.0f} minutes"


def _figures(result: DemoResult) -> Table:
    figures = result.figures
    mail, acceptance = figures.mail, figures.acceptance
    share = acceptance.share
    acts = (
        "accept",
        "touch",
        "qualify",
        "recycle",
        "disqualify",
        "open_opportunity",
        "win",
        "lose",
        "churn",
    )
    meetings = {word: result.done.get(f"meeting.{word}", 0) for word in ("booked", "cancelled")}
    table = Table.grid(padding=(0, 2))
    for name, value in (
        ("mail", f"{mail.sent} sent, {mail.deferred} times deferred, {mail.failed} failed"),
        ("not sent", _listed(figures.skipped) or "none"),
        ("tracks entered", _listed(figures.tracks) or "none"),
        ("handoffs", _listed(figures.handoffs) or "none"),
        (
            "accepted within SLA",
            f"{acceptance.in_time} of {acceptance.ended} handoffs"
            + ("" if share is None else f" ({share:.0%})"),
        ),
        ("breaches", _listed(figures.breaches) or "none"),
        ("acts", _listed({act: result.done.get(act, 0) for act in (*acts, "refused")})),
        ("acts came", _listed(_ways(result.done))),
        ("meetings", _listed(meetings) or "none"),
        ("rows rejected", str(result.rejected)),
        ("requests failed", str(len(result.failures))),
    ):
        table.add_row(Text(name, style="dim"), value)
    return table


def _ways(done: Mapping[str, int]) -> dict[str, int]:
    return {
        "by an alert's button": done.get("by_button", 0),
        "at the desk": done.get("by_desk", 0),
        "by Temporal updates": done.get("by_update", 0),
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _where(places: Mapping[str, str], lead: str) -> None:
    home, leadflow = places["home"], command_name()
    for name, value in (
        ("mail", f"{places['mail']} (each mail a file)"),
        ("database", places["database"]),
        ("Temporal UI", f"{leadflow} up --data {shlex.quote(home)} --still"),
        ("a lead", f"LEADFLOW_HOME={home} {leadflow} show {lead}"),
    ):
        out.print(Text(f"{name:<12} ", style="dim").append(value, style="not dim"))


def _board(result: DemoResult) -> None:
    """The board as it stands at the end, and how to look at it."""
    board, home = result.board, result.places["home"]
    out.print(Text("The board, where marketing sees this", style="bold"))
    table = Table.grid(padding=(0, 2))
    for name, value in (
        (board.program, f"{board.in_flight} in flight: {_listed(board.stages) or 'nobody'}"),
        ("", _listed(board.figures) or "no open handoffs, nothing overdue, everybody moves"),
        (
            "not moving",
            ", ".join(f"{count} {name.lower()}" for name, count in board.reasons.items()),
        ),
    ):
        if value:
            table.add_row(Text(name, style="dim"), value)
    print_table(table)
    out.print()
    out.print(Text("To look at it, start the stack without a worker. The clock stands at the end:"))
    out.print(Text(f"  {command_name()} up --data {shlex.quote(home)} --still", style="bold"))
    if board.person is None:
        out.print(
            Text("The teams file names nobody under marketing, so nobody may open the board.")
        )
        return
    out.print(
        Text(
            f"Open the address of the board that it prints, and sign in as {board.person}. The link"
            f" comes to {result.places['mail']}. Read Programs, {board.program}, Not moving and"
            " Reports: every number opens the leads that it counts."
        )
    )


def _failures(result: DemoResult) -> None:
    """What failed for one of the people at every try; it is no fault of the leads' records."""
    for failure in result.failures[:_FAILURES_SHOWN]:
        out.print(Text(f"failed: {failure}", style="yellow"))
    if len(result.failures) > _FAILURES_SHOWN:
        out.print(Text(f"… and {len(result.failures) - _FAILURES_SHOWN} more", style="yellow"))


def _truth(truth: PlanTruth) -> None:
    """What became of the plan by which the changed program was published."""
    out.print(
        Text(
            f"The plan: {impact_words(truth.impact)}. {truth.changed} changed their version once."
            f" {truth.followed} stood as planned then; of what they did by themselves"
            f" {truth.happened} mails and tracks came as the plan says.",
            style="yellow" if truth.differences else "green",
        )
    )


def _verdict(result: DemoResult) -> None:
    agreement = result.agreement
    if result.truth is not None:
        _truth(result.truth)
    if not result.differences:
        out.print(
            Text(
                "Journal, mailbox and Temporal agree: every mail on a timeline was sent once;"
                f" each of the {agreement.leads} leads is in the stage its workflow says.",
                style="bold green",
            )
        )
        return
    out.print(Text(f"{len(result.differences)} differences:", style="bold red"))
    for difference in result.differences:
        out.print(Text(f"  {difference}", style="red"))
