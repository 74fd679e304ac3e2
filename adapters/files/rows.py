"""Rows of a file as people and programs export them: CSV or JSON Lines, streamed.

What is wrong with one row is reported with the row. What is wrong with the file as a whole (its
encoding, its header) raises LeadFileError, with the line and the remedy.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from adapters.documents.problems import meant

REASON = "reason"
"""The name under which an invalid row says why. Read again, it is left alone."""
_DELIMITERS = ",;\t"
_LONGEST_LINE = 1_000_000
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE = "save it as UTF-8 ('CSV UTF-8' in a spreadsheet)"


class LeadFileError(ValueError):
    """The file as a whole can't be used; the message names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins in, its values by name, and as it was written."""

    line: int
    values: dict[str, Any]
    written: Any
    problem: str | None = None
    """Why its values can't be read; they are empty then."""


class Rows(Protocol):
    """The rows of one file, and how invalid ones are written for their author to correct."""

    lines: Lines
    suffix: str
    """What the name of the file of invalid rows ends with."""

    def __iter__(self) -> Iterator[Row]:
        """The rows that are not blank."""
        ...

    def head(self) -> str:
        """What the file of invalid rows begins with."""
        ...

    def rejected(self, row: Row, reason: str) -> str:
        """An invalid row as it was written, with the reason."""
        ...


@contextmanager
def open_rows(path: Path, names: Sequence[str]) -> Iterator[Rows]:
    """Open a file whose columns are among `names`. Raises LeadFileError and OSError."""
    if path.is_dir() or not path.exists():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise LeadFileError(f"{path} {what}; name a CSV or JSON Lines file")
    with path.open("rb") as file:
        lines = Lines(path, file)
        head = lines.first.lstrip()
        if not head:
            raise LeadFileError(
                f"{path} is empty; its first line names the columns, like email,first_name"
            )
        if head[0] == "[":
            raise LeadFileError(
                f"{path} is a JSON array; write JSON Lines, one object a line, without [ ] and"
                " commas between them"
            )
        is_json = path.suffix.lower() in (".jsonl", ".ndjson") or head[0] == "{"
        yield _JsonRows(lines) if is_json else _CsvRows(lines, names)


class Lines:
    """The lines of a text file, decoded one by one so that a wrong one is known by number."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.number = 0
        """Of the line last read, from 1."""
        self.bytes_read = 0
        self.has_bom = False
        self._file = file
        self.first = self._read()
        """The first line that is not blank; nothing in an empty file."""
        while self.first and not self.first.strip():
            self.first = self._read()

    def __iter__(self) -> Iterator[str]:
        if self.first:
            yield self.first
        while line := self._read():
            yield line

    def _read(self) -> str:
        raw = self._file.readline(_LONGEST_LINE)
        self.number += 1
        self.bytes_read += len(raw)
        if self.number == 1:
            if raw.startswith(_UTF16):
                raise LeadFileError(f"{self.path} is UTF-16; {_SAVE}")
            self.has_bom = raw.startswith(_BOM)
            raw = raw.removeprefix(_BOM)
        if len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
            raise LeadFileError(
                f"{self.path}:{self.number}: the line is longer than {_LONGEST_LINE} bytes;"
                " a row is one line, ended by a line feed"
            )
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise LeadFileError(self._not_utf8(raw, error.start)) from None

    def _not_utf8(self, raw: bytes, start: int) -> str:
        before = raw[:start].decode()
        utf8 = self.path.with_name(f"{self.path.stem}-utf8{self.path.suffix}")
        return (
            f"{self.path}:{self.number}:{len(before) + 1}: this is not UTF-8: after"
            f" '{before[-20:].strip()}' stands byte 0x{raw[start]:02X}, which is"
            f" '{chr(raw[start])}' in Latin-1. Either {_SAVE}, or convert it:"
            f" iconv -f LATIN1 -t UTF-8 '{self.path}' > '{utf8}'"
        )


class _CsvRows:
    suffix = ".rejected.csv"

    def __init__(self, lines: Lines, names: Sequence[str]) -> None:
        self.lines = lines
        known = set(names)
        self._delimiter = max(
            _DELIMITERS,
            key=lambda mark: sum(word.strip(' "\r\n') in known for word in lines.first.split(mark)),
        )
        self._reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        self._header = [name.strip() for name in self._next(lines.number) or []]
        self._check(names, lines.number)
        told = REASON in self._header and REASON not in known
        self._reason_at = self._header.index(REASON) if told else None

    def _check(self, names: Sequence[str], line: int) -> None:
        header = list(dict.fromkeys(name for name in self._header if name))
        problems = [f"column {n} has no name" for n, one in enumerate(self._header, 1) if not one]
        for name in header:
            if name not in names and name != REASON:
                problems.append(f"there is no field '{name}'; {meant(name, names)}")
            if self._header.count(name) > 1:
                problems.append(f"the column '{name}' is there twice")
        if "email" not in header:
            problems.append("there is no column 'email', and every lead needs an address")
        if problems:
            raise LeadFileError(
                f"{self.lines.path}:{line}: the header, which names the columns, can't be used:"
                + "".join(f"\n  {one}" for one in problems)
                + f"\nThe fields are {', '.join(names)}"
            )

    def __iter__(self) -> Iterator[Row]:
        while (cells := self._next(line := self.lines.number + 1)) is not None:
            if any(cell.strip() for cell in cells):
                yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row:
        wanted = len(self._header)
        if len(cells) != wanted:
            problem = f"{len(cells)} values, but the header names {wanted}; quote values with a"
            return Row(line, {}, cells, f"{problem} '{self._delimiter}' in them")
        values = dict(zip(self._header, cells, strict=True))
        if self._reason_at is not None:
            del values[REASON]
        return Row(line, values, cells)

    def _next(self, line: int) -> list[str] | None:
        try:
            found: list[str] | None = next(self._reader, None)
        except csv.Error as error:
            raise LeadFileError(
                f"{self.lines.path}:{line}: the row that begins here is not CSV ({error}); a"
                ' value that holds a quote is written "like ""this"""'
            ) from None
        return found

    def head(self) -> str:
        mark = "\ufeff" if self.lines.has_bom else ""
        return mark + self._written([*self._without_reason(self._header), REASON])

    def rejected(self, row: Row, reason: str) -> str:
        cells = row.written[: len(self._header)]
        cells += [""] * (len(self._header) - len(cells))
        extra = row.written[len(self._header) :]
        return self._written([*self._without_reason(cells), reason, *extra])

    def _without_reason(self, cells: list[str]) -> list[str]:
        return [cell for place, cell in enumerate(cells) if place != self._reason_at]

    def _written(self, cells: list[str]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
        return text.getvalue()


class _JsonRows:
    suffix = ".rejected.jsonl"

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def __iter__(self) -> Iterator[Row]:
        for line in self.lines:
            if line.strip():
                yield self._row(line)

    def _row(self, line: str) -> Row:
        number = self.lines.number
        try:
            found = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            return Row(number, {}, {"line": line.strip()}, f"this is not JSON: {error}")
        if not isinstance(found, dict):
            return Row(number, {}, {"line": line.strip()}, "this is not a JSON object")
        return Row(number, {k: v for k, v in found.items() if k != REASON}, found)

    def head(self) -> str:
        return ""

    def rejected(self, row: Row, reason: str) -> str:
        return json.dumps({**row.written, REASON: reason}) + "\n"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if [one for one, _ in pairs].count(name) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return found
