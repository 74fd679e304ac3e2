"""The pages of the documentation, and the commands in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")]))

_FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_STARTERS = ("leadflow", "python", "make", "temporal")


class PageCommand(NamedTuple):
    """One command of a page, without what a shell would do with its output."""

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line.partition(" > ")[0], comments=True)


def commands_in(path: Path, after: str = "") -> list[PageCommand]:
    """The commands in a page's shell blocks, of those after a heading up to the next one."""
    text = path.read_text("utf-8")
    if after:
        text = text.partition(f"\n{after}\n")[2].partition("\n## ")[0]
    page = str(path.relative_to(ROOT))
    return [
        PageCommand(page, line.strip())
        for _, block in _FENCE.findall(text)
        for line in block.splitlines()
        if line.strip().startswith(tuple(f"{word} " for word in _STARTERS))
    ]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def yaml_examples(path: Path) -> list[str]:
    """The YAML examples of a page."""
    return _YAML.findall(path.read_text("utf-8"))


def all_commands() -> list[PageCommand]:
    """The commands of all pages."""
    return [one for page in PAGES for one in commands_in(page)]


def leadflow_words(shown: PageCommand) -> list[str] | None:
    """What follows `leadflow` or `python starter.py`; None for another program."""
    words = shown.words
    if words[0] == "leadflow":
        return words[1:]
    return words[2:] if words[:2] == ["python", "starter.py"] else None
