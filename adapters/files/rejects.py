"""The file of the rows that could not be used, each with its reason, for its author to mend."""

from __future__ import annotations

import re
from collections import Counter
from typing import IO, Self

from adapters.files.rows import Row, Rows

_OF_ONE_ROW = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
"""What differs between rows that are rejected for the same reason: values and numbers."""
_MOST_REASONS = 1_000


def counted_reason(reason: str) -> str:
    """A reason without the values of its row: what rows are counted by."""
    return _OF_ONE_ROW.sub("…", reason)


class Rejects:
    """The file of rejected rows beside a list: there once it is whole, or not at all.

    It replaces that of an earlier run. If no row is rejected, that one is removed.
    """

    def __init__(self, rows: Rows) -> None:
        source = rows.lines.path
        self.path = source.with_name(f"{source.stem}{rows.form.suffix}")
        self._part = self.path.with_name(f"{self.path.name}.part")
        self._form = rows.form
        self._file: IO[str] | None = None
        self.count = 0
        self.reasons: Counter[str] = Counter()
        """The reasons without the values of rows, and how many rows each has."""

    def write(self, row: Row, reason: str) -> None:
        """Add a row, with the reason."""
        if self._file is None:
            self._file = self._part.open("w", encoding="utf-8", newline="")
            self._file.write(self._form.head())
        self._file.write(self._form.line(row.written, reason))
        self._counted(reason)

    def append(self, row: Row, reason: str) -> None:
        """Add a row to the file when it is whole already: it was rejected later."""
        head = "" if self.path.exists() else self._form.head()
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(head + self._form.line(row.written, reason))
        self._counted(reason)

    def _counted(self, reason: str) -> None:
        self.count += 1
        said = counted_reason(reason)
        if said in self.reasons or len(self.reasons) < _MOST_REASONS:
            self.reasons[said] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if failed is not None:
            self._part.unlink(missing_ok=True)
        elif self._file is not None:
            self._part.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)
