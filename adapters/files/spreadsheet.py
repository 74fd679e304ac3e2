"""Cells of the CSV files that we write: none is run as a formula by a spreadsheet.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, also after a tab or a line break
(https://owasp.org/www-community/attacks/CSV_Injection). Such a cell is written with an apostrophe
before it. It is taken away when a list is read, so that a list which we wrote is read as it was.
"""

from __future__ import annotations

import re

_RUN = re.compile(r"'*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")


def safe_cell(value: object) -> str:
    """The value as a cell that a spreadsheet takes for text."""
    text = "" if value is None else str(value)
    return f"'{text}" if _RUN.match(text) else text


def stored_cell(text: str) -> str:
    """The value of a cell that may have been written by `safe_cell`."""
    return text[1:] if _GUARDED.match(text) else text
