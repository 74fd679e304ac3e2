"""A CSV file as spreadsheets and tools write it: where its table is, and its rows.

Around the table may stand a line that names the separator, lines of a title, blank rows and a
footer; in it, columns without a name and rows that are shorter or longer than the header. None of
these refuses the file.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from adapters.files.columns import Columns, Meanings, plain_name
from adapters.files.lines import LONGEST_LINE, Lines, UnusableFileError
from adapters.files.rejected_form import RejectedForm
from adapters.files.spreadsheet import stored_cell

DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"\ufeff?\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)
_HEAD = 40
"""The header is looked for in so many lines."""
_LONGEST_FOOTER = 50
"""Rows. What could be a footer and is longer is not one."""
_LONGEST_CELL = LONGEST_LINE
"""Characters. A longer cell is a quote that nobody closed."""
_BOM_READ_WRONG = "ï»¿"
_UNREADABLE = "\ufffd"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins in, its values by field, and as it was written."""

    line: int
    values: dict[str, Any]
    written: Any
    problem: str | None = None
    """Why its values can't be told; they are empty then."""


@dataclass(frozen=True, slots=True)
class _Header:
    cells: list[str]
    columns: Columns
    delimiter: str
    line: int
    """In which it begins, from 1."""
    after: int
    """How many lines were read with it, and before it."""


class CsvRows:
    """The rows of a table."""

    def __init__(self, lines: Lines, meanings: Meanings, required: str = "email") -> None:
        """Find the header. Raises UnusableFileError if there is none that names `required`."""
        csv.field_size_limit(_LONGEST_CELL)
        self.lines = lines
        self.footer: list[int] = []
        """Lines of a footer, known when all rows were read."""
        head = list(islice(lines, _HEAD))
        said = _SEPARATOR.fullmatch(head[0]) if head else None
        found = _header(head, meanings, required, said.group(1) if said else None)
        if found is None:
            raise _no_header(lines, head, meanings, required)
        self.columns = found.columns
        self.delimiter = found.delimiter
        self.header_line = found.line
        self._header = found.cells
        if unmatched := meanings.unmatched(found.cells):
            raise UnusableFileError(
                f"{lines.path}:{found.line}: --map names '{unmatched[0]}', which is no column;"
                f" there are {_shown(found.cells)}"
            )
        self._email = [one.place for one in self.columns.taken if one.field == required]
        reasons = (n for n, one in enumerate(found.cells) if plain_name(one) == meanings.rejected)
        self.form = RejectedForm(
            suffix=".rejected.csv",
            reason=meanings.rejected,
            delimiter=found.delimiter,
            header=tuple(found.cells),
            reason_at=next(reasons, None),
        )
        self._raw: deque[str] = deque()
        self._first = found.after
        self._rows = chain(head[found.after :], lines)

    def __iter__(self) -> Iterator[Row]:
        after_blank = False
        held: list[tuple[int, list[str], str | None]] = []
        for line, cells, problem in self._cells():
            if not any(cell.strip() for cell in cells):
                after_blank = True
                continue
            if problem is None and self._may_end(cells, after_blank=after_blank):
                held.append((line, cells, problem))
                if len(held) <= _LONGEST_FOOTER:
                    continue
            for one in held:
                yield self._row(*one)
            if not held or held[-1][0] != line:
                yield self._row(line, cells, problem)
            held.clear()
            after_blank = False
        self.footer = [line for line, _, _ in held]

    def _may_end(self, cells: list[str], *, after_blank: bool) -> bool:
        """Whether this row may belong to a footer: no address, and hardly a row."""
        if any("@" in cell for cell in cells):
            return False
        email = any(cells[place].strip() for place in self._email if place < len(cells))
        return len(cells) == 1 < len(self._header) or (after_blank and not email)

    def _row(self, line: int, cells: list[str], problem: str | None) -> Row:
        beyond = [cell for cell in cells[len(self._header) :] if cell.strip()]
        if problem is None and beyond:
            problem = (
                f"{len(cells)} values, but the header names {len(self._header)}: {beyond[0][:60]!r}"
                f" is beyond it; quote values with a {_named(self.delimiter)} in them"
            )
        if problem is not None:
            return Row(line, {}, cells, problem)
        stored = [stored_cell(cell) for cell in cells]
        try:
            values = self.columns.values(stored)
        except ValueError as error:
            return Row(line, {}, cells, str(error))
        lost = next((name for name, one in values.items() if _UNREADABLE in one), None)
        if lost is not None:
            problem = f"{lost} {values[lost][:60]!r} has a letter that is not"
            return Row(line, {}, cells, f"{problem} {self.lines.encoding.name}")
        return Row(line, values, cells)

    def _cells(self) -> Iterator[tuple[int, list[str], str | None]]:
        """Each row's first line, its cells, and what is wrong with its quotes."""
        reader = csv.reader(self._remembered(), delimiter=self.delimiter, strict=True)
        while True:
            self._raw.clear()
            line = self._first + reader.line_num + 1
            try:
                yield line, next(reader), None
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end" in str(error) or "field larger" in str(error):
                    raise UnusableFileError(
                        f"{self.lines.path}:{line}: the row that begins here is not CSV: a quote"
                        ' is not closed; a value that holds a quote is written "like ""this"""'
                    ) from None
                lenient = csv.reader(list(self._raw), delimiter=self.delimiter)
                problem = 'a quote within a value is written twice, "like ""this"""'
                yield line, next(lenient), problem

    def _remembered(self) -> Iterator[str]:
        for line in self._rows:
            self._raw.append(line)
            yield line


_AN_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ONE_ADDRESS = re.compile(r"[^\s@<>,;:]+@[\w-]+(\.[\w-]+)+")
"""An address alone: only a column of these is offered as the addresses."""


def _header(
    head: list[str], meanings: Meanings, required: str, separator: str | None
) -> _Header | None:
    """The row that names most known columns, `required` among them; of several, the first."""
    best: tuple[int, _Header] | None = None
    for start in range(1 if separator else 0, len(head)):
        for delimiter in [separator] if separator else DELIMITERS:
            reader = csv.reader(head[start:], delimiter=delimiter)
            try:
                cells = next(reader, [])
            except csv.Error:
                continue
            cells = [_without_mark(cell) for cell in cells]
            if any(_AN_ADDRESS.fullmatch(cell) for cell in cells):
                continue  # a row of the table: no column has an address as its name
            columns = meanings.columns(cells)
            if required not in {one.field for one in columns.taken}:
                continue
            count = len(columns.taken)
            if best is None or count > best[0]:
                after = start + reader.line_num
                best = (count, _Header(cells, columns, delimiter, start + 1, after))
    return best[1] if best else None


def _no_header(
    lines: Lines, head: list[str], meanings: Meanings, required: str
) -> UnusableFileError:
    """Why no line is a header, with what it could be.

    That is the first line which is at least half as wide as the widest of the first lines: a row
    may have cells too many, and titles above a table have few.
    """
    filled = [line for line in head if line.strip().strip("\ufeff")]
    if not filled:
        return UnusableFileError(
            f"{lines.path} is empty; its first line names the columns, like email,first_name"
        )
    rows = [
        (len(cells), mark, cells)
        for line in filled
        for mark in DELIMITERS
        for cells in islice(csv.reader([line], delimiter=mark), 1)
    ]
    widest, mark, _ = max(rows, key=lambda one: one[0])
    header = next(cells for wide, by, cells in rows if by == mark and 2 * wide >= widest)
    said = (
        f"{lines.path}: there is no column '{required}' among {_shown(header)}, and every row"
        " needs an address"
    )
    hint = f'--map "COLUMN={required}" names it. Fields are {", ".join(meanings.fields)}'
    table = list(csv.reader(head, delimiter=mark))
    if any(_AN_ADDRESS.fullmatch(_without_mark(cell)) for cell in table[0]):
        hint = "its first line is a row; write a line above it that names the columns, like email"
    held = (
        name.strip()
        for row in table
        for name, cell in zip(header, row, strict=False)
        if _ONE_ADDRESS.fullmatch(cell.strip()) and "@" not in name
    )
    if (name := next(held, None)) is not None:
        hint = f'--map "{name}={required}" takes one that holds addresses'
    below = table[table.index(header) :] if header in table else []
    return UnusableFileError(f"{said}; {hint}", table=below)


def _shown(header: Sequence[str]) -> str:
    named = [one.strip()[:40] for one in header if one.strip()]
    return ", ".join(f"'{one}'" for one in named[:12]) + (", …" if len(named) > 12 else "")


def _named(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else f"'{delimiter}'"


def _without_mark(cell: str) -> str:
    return cell.strip().lstrip("\ufeff").removeprefix(_BOM_READ_WRONG).strip()
