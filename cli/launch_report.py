"""What a launch says at its end: how many rows did what, and where the rejected ones are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from cli.console import err, out, print_json
from cli.lists import read_as, say_read_as

if TYPE_CHECKING:
    from adapters.files.leads import CheckedLeads
    from models.program.program import Program


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file."""

    started: int = 0
    there_already: int = 0
    updated: int = 0
    """Of those that were there already."""
    rejected: int = 0
    interrupted: bool = False

    def add(self, status: str) -> None:
        """Count one more row."""
        self.started += status == "create"
        self.updated += status == "update"
        self.there_already += status in ("update", "unchanged")
        self.rejected += status == "rejected"

    @property
    def plan(self) -> dict[str, int]:
        """The same as `--dry-run` says it."""
        return {
            "create": self.started,
            "update": self.updated,
            "unchanged": self.there_already - self.updated,
            "rejected": self.rejected,
        }


def report(
    file: Path,
    program: Program,
    leads: CheckedLeads,
    counts: Counts,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Print it, for people or as JSON."""
    where = str(leads.rejects) if leads.rejects is not None else None
    if as_json:
        named = {"program": program.program, "digest": program.digest}
        told = {"rejects": where, "file": read_as(leads.rows, leads.translation)}
        if dry_run:
            print_json({**named, "dry_run": True, "plan": counts.plan, **told})
        else:
            did = {"valid": leads.valid, **asdict(counts), "plan": counts.plan}
            print_json({**named, **did, **told})
        return
    say_read_as(leads.rows, leads.translation)
    if counts.interrupted:
        err.print(Text("interrupted; run the same command again to go on", style="yellow"))
    if leads.valid and dry_run:
        shown = ", ".join(f"{count} {name}" for name, count in counts.plan.items())
        out.print(f"a launch on {program.program} would do this: {shown}; nothing was done")
    elif leads.valid:
        there = f"{counts.there_already} were there already"
        if counts.updated:
            there += f" ({counts.updated} of them updated)"
        out.print(
            f"{counts.started} leads started on {program.program},"
            f" {there}, {counts.rejected} rows rejected"
        )
    elif counts.rejected:
        err.print(Text(f"none of the {counts.rejected} rows of {file} is valid", style="red"))
    else:
        err.print(Text(f"{file} has a header and no rows: there is nothing to launch", style="red"))
    if where is not None:
        out.print(Text(f"rejected rows, each with its reason: {where}"))
