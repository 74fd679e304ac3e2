"""What is wrong in a file that a person wrote: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from models.near_names import meant, nearest

__all__ = ["DocumentError", "Path", "Problem", "meant", "nearest", "written_path"]

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
    severity: Literal["error", "warning"] = "error"
    """With an error the file can't be used. With a warning it can, but may not do what is meant."""

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
