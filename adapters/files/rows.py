"""Rows of a file as people and programs export them: CSV or JSON Lines, streamed.

What is wrong with one row is told with the row; what is wrong with the file as a whole (it has no
header, say) raises UnusableFileError, with the line and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from adapters.files.columns import Columns, Meanings
from adapters.files.encodings import (
    UnsureEncodingError,
    detect_encoding,
    marked_encoding,
    named_encoding,
)
from adapters.files.json_lines import JsonRows
from adapters.files.lines import Lines, UnusableFileError
from adapters.files.rejected_form import RejectedForm
from adapters.files.table import CsvRows, Row

__all__ = ["Row", "Rows", "UnusableFileError", "open_rows"]

_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")
_NO_TABLES = (
    (b"PK\x03\x04", "an Excel workbook or an archive; save it as 'CSV UTF-8' in a spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook; save it as 'CSV UTF-8' in a spreadsheet"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"%PDF", "a PDF; export the list as CSV"),
    (b"{\\rtf", "a text document; export the list as CSV"),
    *((one, "a web page or XML; export the list as CSV") for one in _MARKUP),
    (b"BEGIN:VCARD", "a vCard; export the contacts as CSV"),
)
"""How files begin that are no lists, whatever their names say, and what would be right."""
_FEWEST_LETTERS = 10
"""For each character 0, so many others; else it is no text. One such character costs its row."""
_ARRAY = re.compile(r"\[\s*[{\[]")


class Rows(Protocol):
    """The rows of one file, and how invalid ones are written for their author to correct."""

    lines: Lines
    columns: Columns
    delimiter: str
    header_line: int
    footer: list[int]
    """Lines that stand under the table, known when all rows were read."""
    form: RejectedForm
    """How its rejected rows are written."""

    def __iter__(self) -> Iterator[Row]:
        """The rows that are not blank."""
        ...


@contextmanager
def open_rows(path: Path, meanings: Meanings, encoding: str | None = None) -> Iterator[Rows]:
    """Open a file. `encoding` is its encoding, if it was named; else the file is asked.

    Raises UnusableFileError and OSError.
    """
    if path.is_dir() or not path.exists():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UnusableFileError(f"{path} {what}; name a CSV or JSON Lines file")
    _refuse_what_is_no_table(path)
    try:
        found = (
            detect_encoding(path)
            if encoding is None
            else marked_encoding(path, named_encoding(encoding))
        )
    except UnsureEncodingError as error:
        raise UnusableFileError(str(error), error.readings) from None
    except ValueError as error:
        raise UnusableFileError(str(error)) from None
    with path.open("rb") as file:
        head = file.read(4096)[found.marks :].decode(found.codec, "replace").lstrip("\ufeff \t\r\n")
        file.seek(0)
        if _ARRAY.match(head):
            raise UnusableFileError(
                f"{path} is a JSON array; write JSON Lines, one object a line, without [ ] and"
                " commas between them"
            )
        if head.count("\0") * _FEWEST_LETTERS > len(head):
            raise UnusableFileError(f"{path} is not text; export the list as CSV")
        lines = Lines(path, file, found)
        is_json = path.suffix.lower() in (".jsonl", ".ndjson") or head[:1] == "{"
        yield JsonRows(lines) if is_json else CsvRows(lines, meanings)


def _refuse_what_is_no_table(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(64)
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for mark, what in _NO_TABLES:
        if start.startswith(mark) or start.lower().startswith(mark):
            raise UnusableFileError(f"{path} is {what}")
