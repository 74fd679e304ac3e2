"""How schedules, their runs and what a run would do are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from cli.console import out, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from models.reengagement import ReengagementRun
    from usecases.scheduling import Preview, Scheduled


def preview_counts(now: Preview) -> dict[str, Any]:
    """How many leads a run would take now, leave over, and not take, by reason."""
    chosen = now.selection
    return {
        "takes": len(chosen.taken),
        "left_over": len(chosen.left_over),
        "why_not": dict(chosen.why_not),
    }


def lead_reasons(now: Preview) -> list[dict[str, Any]]:
    """What would become of each lead in flight, by id: `taken`, `left_over`, or why neither."""
    taken = set(now.selection.taken)
    return [
        {
            "lead": one.lead,
            "becomes": "not_taken" if one.why else "taken" if one.lead in taken else "left_over",
            "why": one.why,
        }
        for one in now.looked
    ]


def print_runs(runs: tuple[ReengagementRun, ...]) -> None:
    """Print how runs ended, or how far they are."""
    table = Table("run", "began", "found", "took", "left over", "not taken", "standing")
    for one in runs:
        table.add_row(
            *(Text(cell) for cell in (one.run.rpartition("/")[2], instant_text(one.at))),
            *(str(number) for number in (one.found, one.taken, one.left_over)),
            Text(in_words(one.why_not)),
            "done" if one.ended is not None else one.phase,
        )
    print_table(table)
    for one in runs:
        for lead, why in one.failed.items():
            out.print(Text(f"  not reached: {lead}: {why}"))


def in_words(why_not: Mapping[str, int]) -> str:
    """Reasons with their numbers: `idle 30, score 4`."""
    return ", ".join(f"{why} {leads}" for why, leads in why_not.items()) or "nobody"


def when_words(one: Scheduled) -> str:
    """When a schedule runs."""
    return f"{one.cron} ({one.timezone})" if one.cron is not None else "every five minutes"


def standing_words(one: Scheduled) -> str:
    """How a schedule stands."""
    if one.standing is None:
        return "missing in Temporal; make it: leadflow temporal setup"
    if one.standing.paused:
        return f"paused: {one.standing.note}" if one.standing.note else "paused"
    return "a run is under way" if one.standing.running else "waits"


def instant_text(at: datetime | None) -> str:
    """An instant, or nothing."""
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    return "" if at is None else write_instant(at)


def schedule_json(one: Scheduled) -> dict[str, Any]:
    """A schedule as JSON values."""
    standing = one.standing
    return {
        "schedule": one.name,
        "id": one.id,
        "kind": one.kind,
        "program": one.program,
        "cron": one.cron,
        "timezone": one.timezone,
        "there": standing is not None,
        "paused": standing.paused if standing else None,
        "note": standing.note if standing else None,
        "running": standing.running if standing else None,
        "next": (instant_text(standing.next) or None) if standing else None,
        "last": (instant_text(standing.last) or None) if standing else None,
    }


def run_json(one: ReengagementRun) -> dict[str, Any]:
    """A run as JSON values."""
    return {
        "run": one.run,
        "version": one.version,
        "at": instant_text(one.at),
        "phase": one.phase,
        "found": one.found,
        "taken": one.taken,
        "left_over": one.left_over,
        "why_not": dict(one.why_not),
        "failed": dict(one.failed),
        "ended": instant_text(one.ended) or None,
    }
