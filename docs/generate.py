"""Makes the generated pages of docs/ and the shipped schema from the code they describe.

Run it by `make docs`. With `--check` it writes nothing and exits 1 if a file is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from adapters.documents.schema import program_schema
from adapters.reports.warehouse_columns import COLUMNS, KEYS
from lifecycle.stages import ACT_STAGES, MEANING, MOVES, TRACKLESS

ROOT = Path(__file__).parent.parent


def stages_page() -> str:
    """The stages, their moves (a Mermaid diagram and a table), and the acts of each stage."""
    arrows = [f"    {source} --> {to}" for source, targets in MOVES.items() for to in targets]
    rows = [
        f"| `{stage}` | {MEANING[stage]} | {', '.join(f'`{to}`' for to in targets)} |"
        f" {'no' if stage in TRACKLESS else 'yes'} |"
        for stage, targets in MOVES.items()
    ]
    acts = [
        f"| `{act}` | "
        + ("any" if len(stages) == len(MOVES) else ", ".join(f"`{stage}`" for stage in stages))
        + " |"
        for act, stages in ACT_STAGES.items()
    ]
    return "\n".join(
        [
            "# Stages",
            "",
            "Made by `make docs` from `lifecycle/stages.py`; do not edit.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> known",
            *arrows,
            "```",
            "",
            "| stage | meaning | moves to | tracks run |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "## Acts",
            "",
            "`accept` in `sql` needs a second handoff that nobody has accepted.",
            "",
            "| act | stages in which it is allowed |",
            "| --- | --- |",
            *acts,
            "",
        ]
    )


def schema_file() -> str:
    """The schema of a program, as `program schema` prints it."""
    return json.dumps(program_schema(), ensure_ascii=False, indent=2) + "\n"


def warehouse_page() -> str:
    """The columns of the warehouse export."""
    tables = (
        line
        for table, columns in COLUMNS.items()
        for line in (
            f"## {table}",
            "",
            f"A row is named by {' and '.join(f'`{one}`' for one in KEYS[table])}.",
            "",
            "| column | type | meaning |",
            "| --- | --- | --- |",
            *(f"| `{one.name}` | {one.type} | {one.meaning} |" for one in columns),
            "",
        )
    )
    return "\n".join(
        [
            "# The columns of the warehouse export",
            "",
            "Made by `make docs` from `adapters/reports/warehouse_columns.py`; do not edit.",
            "How to read the files: [warehouse.md](warehouse.md).",
            "",
            *tables,
        ]
    )


MADE = {
    "docs/stages.md": stages_page,
    "docs/warehouse-columns.md": warehouse_page,
    "programs/program.schema.json": schema_file,
}
"""The files, relative to the project's folder."""


def main() -> int:
    """Write the files, or check them. Returns the exit status."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, content in MADE.items():
        path = ROOT / name
        text = content()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, "utf-8")
    if stale and check:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
