"""Makes the generated pages of docs/ from the code they describe.

Run it by `make docs`. With `--check` it writes nothing and exits 1 if a page is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lifecycle.stages import MEANING, MOVES, TRACKLESS

HERE = Path(__file__).parent


def stages_page() -> str:
    """The stages and their moves, as a Mermaid diagram and as a table."""
    arrows = [f"    {source} --> {to}" for source, targets in MOVES.items() for to in targets]
    rows = [
        f"| `{stage}` | {MEANING[stage]} | {', '.join(f'`{to}`' for to in targets)} |"
        f" {'no' if stage in TRACKLESS else 'yes'} |"
        for stage, targets in MOVES.items()
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
        ]
    )


PAGES = {"stages.md": stages_page}


def main() -> int:
    """Write the pages, or check them. Returns the exit status."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        path = HERE / name
        text = page()
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
