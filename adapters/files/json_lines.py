"""Rows of JSON Lines: one object a line, with the fields' own names."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from adapters.files.columns import REASON, Columns
from adapters.files.lines import Lines
from adapters.files.rejected_form import RejectedForm
from adapters.files.table import Row
from models.plain_json import check_values


class JsonRows:
    """The rows of a file of JSON Lines."""

    form = RejectedForm(suffix=".rejected.jsonl", reason=REASON)
    columns = Columns(())
    delimiter = ""
    header_line = 0

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.footer: list[int] = []

    def __iter__(self) -> Iterator[Row]:
        for line in self.lines:
            text = line.strip().lstrip("\ufeff")
            if text:
                yield self._row(text)

    def _row(self, line: str) -> Row:
        number = self.lines.number
        try:
            found = json.loads(
                line, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_number
            )
        except (ValueError, RecursionError) as error:
            return Row(number, {}, {"line": line}, f"this is not JSON: {error}")
        if not isinstance(found, dict):
            return Row(number, {}, {"line": line}, "this is not a JSON object")
        try:
            check_values(found)
        except ValueError as error:  # deep enough, it could not even be written as a rejected row
            return Row(number, {}, {"line": line}, str(error))
        return Row(number, {k: v for k, v in found.items() if k != REASON}, found)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if [one for one, _ in pairs].count(name) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return found


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:60]} is too large a number")
    return number


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
