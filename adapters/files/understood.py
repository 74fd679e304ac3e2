"""What was understood of a list, before anything is done with it: columns, fill and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.files.columns import Column, Columns, Meanings
from adapters.files.rows import Rows, open_rows
from adapters.files.table import CsvRows
from adapters.files.translation import Translation
from lifecycle.program.creation import OWNER, STAGE

SAMPLES = 3
"""Values that are shown of a column."""
_LONGEST_SAMPLE = 40
_MOST_WORDS = 50


@dataclass(slots=True)
class ColumnUse:
    """One column, with how often it is filled."""

    column: Column
    filled: int
    samples: list[str]
    words: dict[str, str | None]
    """Of a stage or an owner: each word of the tool, and ours; None where there is none."""


@dataclass(slots=True)
class Understood:
    """What was understood of a file."""

    rows: Rows
    count: int
    columns: list[ColumnUse]


def understand(
    path: Path,
    meanings: Meanings,
    *,
    encoding: str | None = None,
    people: Mapping[str, str] | None = None,
) -> Understood:
    """Read a file once and say what each column means. Raises UnusableFileError and OSError."""
    with open_rows(path, meanings, encoding) as rows:
        columns = rows.columns.all if isinstance(rows, CsvRows) else ()
        translation = Translation(rows.columns, people or {})
        uses = [ColumnUse(one, 0, [], {}) for one in columns]
        seen: list[Counter[str]] = [Counter() for _ in columns]
        count = 0
        for row in rows:
            count += 1
            if not isinstance(row.written, list):
                continue
            for use, cell, words in zip(uses, row.written, seen, strict=False):
                text = cell.strip()
                if not text:
                    continue
                use.filled += 1
                if len(words) < _MOST_WORDS or text in words:
                    words[text] += 1
        for use, words in zip(uses, seen, strict=True):
            use.samples = [one[:_LONGEST_SAMPLE] for one in list(words)[:SAMPLES]]
            if use.column.field in (STAGE, OWNER):
                use.words = {
                    word: translation.word(use.column.field, word)
                    for word, _ in words.most_common()
                }
        # A column that has neither a name nor a value is a spreadsheet's phantom.
        return Understood(rows, count, [one for one in uses if one.column.header or one.filled])


def named_and_left_out(columns: Columns) -> list[str]:
    """The names of the columns that are left out, each with the field that may be meant."""
    return [
        f"{one.header} ({one.how})" if one.how.startswith("did you mean") else one.header
        for one in columns.left_out
    ]
