"""What a demonstration leaves behind: figures, one lead's life, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cli.console import out, print_json, print_table
from cli.rehearse import timeline_table
from cli.stack import command_name

if TYPE_CHECKING:
    from adapters.reports.leads import Acceptance, Mail, SqlReports
    from demonstration.agreement import Agreement
    from simulation.timeline import TimelineLine

STAGES = (
    ("known", "blue"),
    ("engaged", "cyan"),
    ("mql", "yellow"),
    ("sal", "bright_yellow"),
    ("sql", "green"),
    ("opportunity", "bright_green"),
    ("customer", "bold green"),
    ("lost", "red"),
    ("recycled", "magenta"),
    ("disqualified", "bright_black"),
)
"""The stages in the order of a life, and the colour each is shown in."""
_FUNNEL = ("known", "engaged", "mql", "sal", "sql", "opportunity", "customer")
_DAY = 86_400
_HOUR = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the journal tells of a demonstration at one moment."""

    lasted: timedelta
    """Of the program's time."""
    stages: Mapping[str, int]
    funnel: Mapping[str, int]
    mail: Mail
    skipped: Mapping[str, int]
    acceptance: Acceptance
    breaches: Mapping[str, int]
    medians: Mapping[str, float]
    lead: str
    """The lead with the fullest life."""
    life: tuple[TimelineLine, ...]
    """Its timeline."""

    @classmethod
    def read(cls, reports: SqlReports, *, lasted: timedelta) -> Self:
        """Read the figures as they are now."""
        from simulation.timeline import line_of  # noqa: PLC0415  # keeps --help quick

        lead = reports.fullest_life() or ""
        return cls(
            lasted=lasted,
            stages=reports.stages(),
            funnel=reports.funnel(),
            mail=reports.mail(),
            skipped=reports.skipped(),
            acceptance=reports.acceptance(),
            breaches=reports.breaches(),
            medians=reports.median_seconds(),
            lead=lead,
            life=tuple(line_of(lead, entry) for entry in reports.timeline(lead)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A demonstration that was played."""

    figures: Figures
    agreement: Agreement
    rejected: int
    done: Mapping[str, int]
    """Events and acts of the cast."""
    places: Mapping[str, str]


def report_json(played: Played) -> None:
    """The report as one object."""
    figures = played.figures
    share = figures.acceptance.share
    print_json(
        {
            "ok": not played.agreement.differences,
            "differences": list(played.agreement.differences),
            "leads": played.agreement.leads,
            "mails": played.agreement.mails,
            "rejected": played.rejected,
            "program_days": round(figures.lasted / timedelta(days=1), 1),
            "stages": dict(figures.stages),
            "funnel": dict(figures.funnel),
            "mail": asdict(figures.mail),
            "skipped": dict(figures.skipped),
            "accepted_within_sla": None if share is None else round(share, 4),
            "breaches": dict(figures.breaches),
            "median_days": {stage: round(s / _DAY, 2) for stage, s in figures.medians.items()},
            "done": dict(played.done),
            "places": dict(played.places),
        }
    )


def print_report(played: Played) -> None:
    """The report for people."""
    figures = played.figures
    days = figures.lasted / timedelta(days=1)
    out.print(Rule(f"{played.agreement.leads} leads, {days:.0f} days", style="dim"))
    print_table(_stages(figures))
    out.print()
    print_table(_figures(played))
    if figures.life:
        out.print()
        out.print(Text(f"One lead's life: {figures.lead}", style="bold"))
        print_table(timeline_table(figures.life))
    out.print()
    _where(played.places, figures.lead)
    out.print()
    _verdict(played)


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


def _figures(played: Played) -> Table:
    figures = played.figures
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
    )
    table = Table.grid(padding=(0, 2))
    for name, value in (
        ("mail", f"{mail.sent} sent, {mail.deferred} times deferred, {mail.failed} failed"),
        ("not sent", _listed(figures.skipped) or "none"),
        (
            "accepted within SLA",
            f"{acceptance.in_time} of {acceptance.ended} handoffs"
            + ("" if share is None else f" ({share:.0%})"),
        ),
        ("breaches", _listed(figures.breaches) or "none"),
        ("acts", _listed({act: played.done.get(act, 0) for act in (*acts, "refused")})),
        ("acts came", _listed(_ways(played.done))),
        ("rows rejected", str(played.rejected)),
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
        ("Temporal UI", f"{leadflow} up --data {home} --still   (leads stand still)"),
        ("a lead", f"LEADFLOW_HOME={home} {leadflow} show {lead}"),
    ):
        out.print(Text(f"{name:<12} ", style="dim").append(value, style="not dim"))


def _verdict(played: Played) -> None:
    agreement = played.agreement
    if not agreement.differences:
        out.print(
            Text(
                "Journal, mailbox and Temporal agree: every mail that was told was sent, and once;"
                f" each of the {agreement.leads} leads is in the stage its workflow says.",
                style="bold green",
            )
        )
        return
    out.print(Text(f"{len(agreement.differences)} differences:", style="bold red"))
    for difference in agreement.differences:
        out.print(Text(f"  {difference}", style="red"))
