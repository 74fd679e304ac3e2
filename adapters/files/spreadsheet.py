"""Cells of the CSV files that we write: none is run as a formula by a spreadsheet.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, also after a tab or a line break
(https://owasp.org/www-community/attacks/CSV_Injection). Such a cell is written with an apostrophe
before it. It is taken away when a list is read, so that a list which we wrote is read as it was.
Every CSV file that we write is written by this module.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

BEGINNING = "\ufeff"
"""What a file begins with, so that spreadsheets read it as UTF-8."""

_RUN = re.compile(r"'*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")


def safe_cell(value: object) -> str:
    """The value as a cell that no spreadsheet runs: a number as it is, all else as text."""
    if isinstance(value, int | float):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if _RUN.match(text) else text


def csv_line(cells: Iterable[object], delimiter: str = ",") -> str:
    """A row of a CSV file, with its line end. No cell of it is run by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue()


def stored_cell(text: str) -> str:
    """The value of a cell that may have been written by `safe_cell`."""
    return text[1:] if _GUARDED.match(text) else text
