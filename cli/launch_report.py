"""What commands say about a launch: how many rows did what, and where the rejected ones are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from cli.console import command_name, err, out, print_json, print_table
from cli.lists import say_read_as

if TYPE_CHECKING:
    from adapters.files.leads import CheckedLeads
    from models.launch import Launch
    from models.program.program import Program
    from usecases.planning_launch import ExpectedMails, LaunchPlan


def launch_json(launch: Launch) -> dict[str, Any]:
    """A launch as JSON values."""
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    return {
        "launch": launch.number,
        "program": launch.program,
        "digest": launch.digest,
        "file": launch.file,
        "on_conflict": launch.on_conflict,
        "standing": launch.standing,
        "rows": launch.size,
        "done": launch.done,
        "plan": launch.plan,
        "closed": launch.closed,
        "left": launch.kept,
        "rate": launch.rate,
        "workflow": launch.workflow,
        "at": write_instant(launch.at),
        "by": launch.by,
        "ended": write_instant(launch.ended) if launch.ended is not None else None,
    }


def look_again(launch: Launch) -> str:
    """How to look at a launch that goes on by itself."""
    return f"{command_name()} launch status {launch.number} --watch"


def say_counts(launch: Launch) -> None:
    """Say how many rows did what."""
    there = f"{launch.updated + launch.unchanged} were there already"
    if launch.updated:
        there += f" ({launch.updated} of them updated)"
    out.print(
        f"{launch.created} leads started on {launch.program},"
        f" {there}, {launch.rejected} rows rejected"
    )


def report_plan(
    file: Path,
    program: Program,
    leads: CheckedLeads,
    plan: LaunchPlan,
    *,
    as_json: bool,
    read: Mapping[str, Any],
) -> None:
    """Print what a launch would do. Without a valid row it says that nothing can be started."""
    if as_json:
        named = {"program": program.program, "digest": program.digest, "dry_run": True}
        mails = {
            "days": {day.isoformat(): count for day, count in plan.mails.days.items()},
            "mqls": {day.isoformat(): count for day, count in plan.mails.mqls.items()},
            "sampled": plan.mails.sampled,
            "of": plan.mails.of,
        }
        told = {"plan": plan.counts, "mails": mails, "rejects": _rejects(leads)}
        print_json({**named, **told, "file": read})
        return
    say_read_as(leads.rows, leads.translation)
    if leads.valid:
        shown = ", ".join(f"{count} {name}" for name, count in plan.counts.items())
        out.print(f"a launch on {program.program} would do this: {shown}; nothing was done")
        _say_mails(plan.mails)
    else:
        _say_useless(file, leads)
    _say_rejects(leads)


def report_launch(
    file: Path,
    program: Program,
    leads: CheckedLeads,
    launch: Launch | None,
    *,
    as_json: bool,
    read: Mapping[str, Any],
) -> None:
    """Print what became of the rows; `launch` is None if none of them is valid."""
    if as_json:
        counts = {
            "started": launch.created if launch else 0,
            "there_already": launch.updated + launch.unchanged if launch else 0,
            "updated": launch.updated if launch else 0,
            "rejected": launch.rejected if launch else leads.rejected,
        }
        named = {"program": program.program, "digest": program.digest}
        told = {"valid": leads.valid, **counts, "rejects": _rejects(leads)}
        known = launch_json(launch) if launch else {}
        print_json({**known, **named, **told, "file": read})
        return
    say_read_as(leads.rows, leads.translation)
    if launch is None:
        _say_useless(file, leads)
    else:
        say_counts(launch)
    _say_rejects(leads)


def _say_mails(mails: ExpectedMails) -> None:
    if not mails.of:
        return
    exact = mails.sampled == mails.of
    by = "" if exact else f", by a sample of {mails.sampled} of {mails.of} new leads"
    out.print(f"mails and MQLs of the new leads in 30 days if nobody does anything{by}:")
    if not mails.days and not mails.mqls:
        out.print("  none")
        return
    table = Table("day", "mails", "MQLs")
    about = "" if exact else "about "
    for day in sorted({*mails.days, *mails.mqls}):
        counts = (mails.days.get(day, 0), mails.mqls.get(day, 0))
        table.add_row(day.isoformat(), *(f"{about}{one}" if one else "0" for one in counts))
    print_table(table)


def _rejects(leads: CheckedLeads) -> str | None:
    return str(leads.rejects) if leads.rejects is not None else None


def _say_rejects(leads: CheckedLeads) -> None:
    if leads.rejects is not None:
        out.print(Text(f"rejected rows, each with its reason: {leads.rejects}"))


def _say_useless(file: Path, leads: CheckedLeads) -> None:
    if leads.rejected:
        err.print(Text(f"none of the {leads.rejected} rows of {file} is valid", style="red"))
    else:
        err.print(Text(f"{file} has a header and no rows: there is nothing to launch", style="red"))
