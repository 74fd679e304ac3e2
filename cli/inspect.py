"""`show` and `leads`: one lead with its timeline, and lists of leads. They read SQL only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from adapters.documents.problems import meant
from cli.console import (
    JsonOption,
    Panel,
    WrongInputError,
    err,
    instant,
    out,
    print_json,
    print_table,
)
from cli.rehearse import details
from cli.session import LeadArgument, lead_named, opened, read_settings

if TYPE_CHECKING:
    from adapters.reports.leads import LeadLine, StoredDossier

_PAGE = 100
"""So many entries a person is shown at once."""
_NAMED = ("first_name", "last_name", "email")


def register(app: typer.Typer) -> None:
    """Add `show` and `leads`."""
    app.command("show", rich_help_panel=Panel.SALES)(show)
    app.command("leads", rich_help_panel=Panel.SALES)(leads)


def show(
    lead: LeadArgument,
    *,
    last: Annotated[
        int | None,
        typer.Option(min=1, help="Show at most so many entries; 100 without --json."),
    ] = None,
    before: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="Only entries before this one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show one lead: profile, stage, scores, owner, what is due, timeline.

    Of a long timeline the latest entries are shown, and how to see the earlier ones.

    Example: `leadflow show ana@northwind.example`
    """
    from adapters.reports.leads import SqlReports  # noqa: PLC0415  # keeps --help quick
    from usecases.current_lead import current_dossier  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        found = lead_named(lead, database)
        if last is None and not as_json:
            last = _PAGE
        dossier = SqlReports(database).dossier(found, last=last, before=before)
        if dossier is not None:
            dossier = current_dossier(database, dossier)
    if dossier is None:
        raise WrongInputError(
            f"there is no lead '{lead}'; `leadflow leads` lists all leads"
            " (a lead that was just enrolled appears in a moment)"
        )
    if as_json:
        print_json(_dossier_json(dossier))
        return
    out.print(_heading(dossier))
    print_table(_summary(dossier))
    out.print()
    print_table(_timeline_table(dossier))
    first = dossier.timeline[0].seq if dossier.timeline else 1
    if first > 1:
        err.print(
            f"{first - 1} earlier entries are not shown; --before {first} shows those before"
            " these, --last shows more at once"
        )


def _scores(line: LeadLine) -> dict[str, float]:
    fit, engagement = round(line.fit, 2), round(line.engagement, 2)
    return {"fit": fit, "engagement": engagement, "total": round(line.fit + line.engagement, 2)}


def _line_json(line: LeadLine) -> dict[str, Any]:
    """One lead of a list, as JSON."""
    return {
        "lead": line.id,
        "email": line.email,
        "program": line.program,
        "stage": line.stage,
        "since": _instant(line.since),
        "motion": line.motion,
        "cycle": line.cycle,
        "owner": line.owner,
        "track": line.track,
        "scores": _scores(line),
        "due": {"at": _instant(line.due_at), "what": line.due_what} if line.due_at else None,
        "closed": line.closed,
    }


def _dossier_json(dossier: StoredDossier) -> dict[str, Any]:
    from models.state import dump_state  # noqa: PLC0415  # keeps --help quick

    state = dossier.state
    dumped = dump_state(state)
    return {
        **_line_json(dossier.line),
        "digest": state.digest,
        "created": _instant(state.created),
        "profile": dict(state.profile),
        "scored_at": _instant(state.engagement_at),
        "handoff": dumped.get("handoff"),
        "tasks": dumped.get("tasks", []),
        "deal": dumped.get("deal"),
        "suppressed": list(state.suppressed),
        "timeline": _timeline(dossier),
    }


def _timeline(dossier: StoredDossier) -> list[dict[str, Any]]:
    from simulation.timeline import line_of  # noqa: PLC0415  # keeps --help quick

    return [line_of(dossier.line.id, entry) for entry in dossier.timeline]


def _timeline_table(dossier: StoredDossier) -> Table:
    """The timeline for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("at", "what", "details"):
        table.add_column(name, no_wrap=name != "details", overflow="fold")
    for line in _timeline(dossier):
        table.add_row(Text(line["at"], style="dim"), Text(line["kind"]), details(line))
    return table


def _instant(at: datetime | None) -> str | None:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    return None if at is None else write_instant(at)


def _heading(dossier: StoredDossier) -> Text:
    profile = dossier.state.profile
    words = [str(profile[name]) for name in _NAMED if profile.get(name)]
    return Text(" ".join(words) or dossier.line.id, style="bold").append(
        f"  lead {dossier.line.id}", style="not bold dim"
    )


def _summary(dossier: StoredDossier) -> Table:
    line, state = dossier.line, dossier.state
    scores = _scores(line)
    scored = f", as of {_instant(state.engagement_at)}" if state.engagement_at else ""
    facts = {
        "stage": f"{line.stage}{' (closed)' if line.closed else ''}, since {_instant(line.since)}",
        "score": f"{scores['total']:.2f} (fit {scores['fit']:.2f},"
        f" engagement {scores['engagement']:.2f}{scored})",
        "motion": f"{line.motion}, cycle {line.cycle}",
        "owner": line.owner or "nobody",
        "track": f"{state.track.name}, at {state.track.step}" if state.track else "none",
        "next": f"{line.due_what}, {_instant(line.due_at)}" if line.due_at else "nothing is due",
        "program": f"{line.program} ({state.digest[:12]})",
    }
    if state.handoff is not None:
        facts["handoff"] = _handoff(dossier)
    if state.tasks:
        facts["tasks"] = ", ".join(f"{one.id} ({one.kind})" for one in state.tasks)
    if state.deal is not None:
        facts["deal"] = f"{state.deal.amount:g} {state.deal.currency}".strip()
    if state.suppressed:
        facts["no mail"] = ", ".join(state.suppressed)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rest = {k: v for k, v in state.profile.items() if k not in _NAMED}
    for name, value in facts.items():
        table.add_row(name, Text(value))
    if rest:
        table.add_row("profile", Text(", ".join(f"{k}: {_cell(v)}" for k, v in rest.items())))
    return table


def _handoff(dossier: StoredDossier) -> str:
    handoff = dossier.state.handoff
    if handoff is None:
        return "none"
    parts = [f"{handoff.number}", f"team {handoff.team}", f"opened {_instant(handoff.opened)}"]
    if handoff.accepted is not None:
        parts.append(f"accepted {_instant(handoff.accepted)}")
    if handoff.touches:
        parts.append(f"{handoff.touches} touches")
    if handoff.over:
        parts.append("over")
    parts += [
        f"{clock.name} {'breached' if clock.breached else f'due {_instant(clock.due)}'}"
        for clock in handoff.clocks
    ]
    if handoff.held_until is not None:
        parts.append(f"on hold until {_instant(handoff.held_until)}")
    if handoff.meeting_until is not None:
        parts.append(f"qualify waits for a meeting until {_instant(handoff.meeting_until)}")
    return ", ".join(parts)


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def leads(
    *,
    stage: Annotated[
        str | None, typer.Option(help="Only leads in this stage, such as mql.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only leads of this sales person.")
    ] = None,
    due_before: Annotated[
        datetime | None,
        typer.Option(
            parser=instant,
            metavar="INSTANT",
            help="Only leads with something due before this, such as 2026-03-05T18:00:00-05:00.",
        ),
    ] = None,
    program: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only leads of this program.")
    ] = None,
    find: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Only leads whose name, company or address contains this, or with this id.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List leads, the one with the earliest due instant first.

    Example: `leadflow leads --stage mql --owner riley@acme.example`
    """
    from adapters.reports.leads import SqlReports  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from lifecycle.stages import MOVES  # noqa: PLC0415  # keeps --help quick

    if stage is not None and stage not in MOVES:
        raise WrongInputError(f"--stage: there is no stage '{stage}'; {meant(stage, MOVES)}")
    with opened(read_settings()) as database:
        published = SqlPrograms(database).names()
        if program is not None and program not in published:
            raise WrongInputError(
                f"--program: no program '{program}' was published; {meant(program, published)}"
            )
        found = SqlReports(database).leads(
            stage=stage,
            owner=owner,
            due_before=due_before,
            program=program,
            find=find,
            limit=limit + 1,
        )
    if as_json:
        for line in found[:limit]:
            print_json(_line_json(line))
    elif found:
        print_table(_leads_table(found[:limit]))
    else:
        out.print("no such lead")
    if len(found) > limit:
        err.print(f"only the first {limit} are shown; --limit {limit * 10} shows more")


def _leads_table(found: list[LeadLine]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, least in (("lead", 16), ("address", 0), ("stage", 12), ("score", 6), ("owner", 0)):
        table.add_column(name, min_width=least, overflow="fold")
    table.add_column("due", overflow="fold")
    for line in found:
        due = Text(
            "nothing" if line.due_at is None else f"{_instant(line.due_at)}  {line.due_what}"
        )
        owner = Text(line.owner or "")
        score = f"{_scores(line)['total']:.2f}"
        table.add_row(line.id, Text(line.email or ""), line.stage, score, owner, due)
    return table
