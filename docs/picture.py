"""Makes docs/demo.svg from the captured output of a demonstration.

    script -qc '.venv/bin/python starter.py demo' demo.captured
    .venv/bin/python docs/picture.py demo.captured

Only the report at the end is drawn. The one lead's long timeline is cut in the middle,
and the picture says by how many lines.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "demo.svg"
WIDTH = 108
"""Columns; those of the terminal whose output was captured."""
_FIRST, _LAST = 14, 12
"""Lines of the timeline that are shown at least, before and after the cut."""
_BEGINS = re.compile(r"─ \d+ leads, \d+ days ─")
_ENTRY = re.compile(r"\d{4}-\d\d-\d\dT")
_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Rich's own fonts would be fetched from another company's server."""


def report_lines(captured: str) -> list[Text]:
    """The lines of the report, which begins with a rule and ends with the verdict."""
    lines = [Text.from_ansi(line) for line in captured.replace("\r", "").split("\n")]
    begin = next((n for n, line in enumerate(lines) if _BEGINS.search(line.plain)), None)
    if begin is None:
        raise SystemExit("no report of a demonstration in there; it begins with a rule")
    end = next(
        (n for n in range(begin, len(lines)) if lines[n].plain.startswith("Script done")),
        len(lines),
    )
    return lines[begin:end]


def cut(lines: list[Text]) -> list[Text]:
    """The lines without the middle of the timeline."""
    begin = next(n for n, line in enumerate(lines) if line.plain.startswith("One lead's life"))
    end = next(n for n in range(begin, len(lines)) if not lines[n].plain.strip())
    first, last = begin + _FIRST, end - _LAST
    while first < end and not _ENTRY.match(lines[first].plain):
        first += 1
    while last > begin and not _ENTRY.match(lines[last].plain):
        last -= 1
    if first >= last:
        return lines
    said = Text(f"… {last - first} lines …", style="italic dim")
    return [*lines[:first], said, *lines[last:]]


def draw(lines: list[Text]) -> str:
    """The lines as an SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in lines:
        line.rstrip()
        console.print(line)
    svg = console.export_svg(title="make demo", unique_id="demo")
    return _FONTS.sub("", svg).replace("Fira Code, monospace", "monospace")


def main() -> None:
    """Draw what the file named on the command line holds."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/picture.py CAPTURED")
    captured = Path(sys.argv[1]).read_text("utf-8")
    PICTURE.write_text(draw(cut(report_lines(captured))), "utf-8")


if __name__ == "__main__":
    main()
