"""A document's values with the place where each was written, so that mistakes can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.documents.problems import DocumentError, Path, Problem, written_path


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value begins. Lines and columns count from 1."""

    line: int
    column: int
    indent: int | None = None
    """For a block of text (`|`): the column of its lines. The text begins one line below."""
    quote: int | None = None
    """For text written on one line without escapes: the width of its quote, 0 or 1."""


@dataclass(slots=True)
class Document:
    """A file's value, and the places of its keys and values."""

    file: str
    value: Any = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def root(self) -> Node:
        """The document's value with its place."""
        return Node(self, (), self.value)

    def report(
        self,
        path: Path,
        message: str,
        *,
        key: bool = False,
        offset: int | None = None,
        warning: bool = False,
    ) -> None:
        """Report a problem with the value at `path`, with its key, or at `offset` in its text."""
        known = path
        while known and known not in self.values:
            known = known[:-1]
        mark = self.values.get(known, Mark(1, 1))
        if known in self.keys and (key or known != path):
            mark = self.keys[known]
        line, column = mark.line, mark.column
        if offset is not None and known == path and not key:
            line, column = self._inside(mark, path, offset)
        severity: Literal["error", "warning"] = "warning" if warning else "error"
        self.problems.append(
            Problem(self.file, line, column, written_path(path), message, severity)
        )

    def _inside(self, mark: Mark, path: Path, offset: int) -> tuple[int, int]:
        if mark.quote is not None:
            return mark.line, mark.column + mark.quote + offset
        if mark.indent is None:
            return mark.line, mark.column
        value: Any = self.value
        for part in path:
            value = value[part]
        before = str(value)[:offset]
        column = len(before) - (before.rfind("\n") + 1)
        return mark.line + 1 + before.count("\n"), mark.indent + column

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The reported problems with which the file can't be used."""
        return tuple(one for one in self.problems if one.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The reported problems with which the file can be used, by line."""
        return tuple(sorted({one for one in self.problems if one.severity == "warning"}))

    def error(self) -> DocumentError:
        """All reported errors as one error to raise."""
        return DocumentError(self.errors)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place. If it is absent or of another type, it counts as empty."""

    document: Document
    path: Path
    value: Any

    def get(self, *path: str | int) -> Node:
        """The node at a path below this one; a node without a value if there is none."""
        value = self.value
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                value = None
        return Node(self.document, (*self.path, *path), value)

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping."""
        for key in self.value if isinstance(self.value, dict) else ():
            yield key, self.get(key)

    def values(self) -> Iterator[Node]:
        """The entries of a mapping, without their keys."""
        for key in self.names():
            yield self.get(key)

    def names(self) -> tuple[str, ...]:
        """The keys of a mapping."""
        return tuple(self.value) if isinstance(self.value, dict) else ()

    def each(self) -> Iterator[Node]:
        """The items of a list."""
        for place in range(len(self.value) if isinstance(self.value, list) else 0):
            yield self.get(place)

    @property
    def text(self) -> str | None:
        """The value if it is text."""
        return self.value if isinstance(self.value, str) else None

    def report(self, message: str, *, key: bool = False, offset: int | None = None) -> None:
        """Report an error here."""
        self.document.report(self.path, message, key=key, offset=offset)

    def warn(self, message: str, *, key: bool = False, offset: int | None = None) -> None:
        """Report a warning here."""
        self.document.report(self.path, message, key=key, offset=offset, warning=True)
