"""What is wrong in a file that a person wrote: where, what, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

Path = tuple[str | int, ...]
"""The path from a document's root to a value: keys and positions in lists."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. Lines and columns count from 1; a line of 0 means the file as a whole."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        return "  ".join(part for part in (self.place, self.path, self.message) if part)

    @property
    def place(self) -> str:
        """`file:line:column`, as editors and terminals link it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def as_json(self) -> dict[str, Any]:
        """The same as an object for programs to read."""
        return asdict(self)


class DocumentError(ValueError):
    """A file can't be used; `problems` holds all that is wrong with it, by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def written_path(path: Path) -> str:
    """The path as people write it: `tracks.welcome.steps[2]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that was probably meant, if any is close."""
    by_folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def meant(word: str, names: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest known one, else what there is."""
    known = sorted(set(names))
    if close := nearest(word, known):
        return f"did you mean '{close}'?"
    if not known:
        return "there is none yet"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"known: {shown}"
