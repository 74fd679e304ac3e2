"""What expressions compare: the two sides of each comparison, with their types.

A side counts if it is a single value: a literal, or a variable like `lead.employees`. What is
computed (`size(lead.title)`, `score.fit + 5.0`) has no type here and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lifecycle.program.cel_library import cel
from lifecycle.program.expressions import ExpressionToken

OperandType = Literal["text", "date", "flag", "number", "whole", "decimal"]
"""`whole` and `decimal` are numbers that are always one or the other; `number` may be either."""

_SIGNS = ("==", "!=", "<=", ">=", "<", ">")
_CONTINUES = frozenset(".[(+-*/%")
_VARIABLES: Mapping[str, OperandType] = {
    "stage": "text",
    "motion": "text",
    "cycle": "whole",
    "score.fit": "decimal",
    "score.engagement": "decimal",
    "score.total": "decimal",
    "event.type": "text",
    "event.subject": "text",
}


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison."""

    text: str
    """As it is written: `lead.employees`, `'250'`."""
    type: OperandType
    value: str | None
    """The text of a text literal; None for variables and other literals."""
    literal: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left sign right`; for `in [...]` there is one for each item, with the sign `==`."""

    left: Operand
    sign: str
    right: Operand


def comparisons(
    tokens: tuple[ExpressionToken, ...], fields: Mapping[str, str]
) -> Iterator[Comparison]:
    """All comparisons of an expression whose sides both have a type.

    `fields`: the type of each field of a lead, as programs write it.
    """
    reader = _OperandReader(tokens, fields)
    place = 0
    while place < len(tokens):
        sign, width = reader.sign(place)
        if sign is not None:
            left, right = reader.ending(place - 1), reader.beginning(place + width)
            if left and right:
                yield Comparison(left, sign, right)
        elif tokens[place].text == "in" and reader.text(place + 1) == "[":
            yield from reader.listed(place)
        place += width


class _OperandReader:
    def __init__(self, tokens: tuple[ExpressionToken, ...], fields: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._fields = fields

    def text(self, place: int) -> str:
        return self._tokens[place].text if 0 <= place < len(self._tokens) else ""

    def sign(self, place: int) -> tuple[str | None, int]:
        """The comparison sign at a place and its tokens: None and 1 if there is none."""
        first, second = self.text(place), self.text(place + 1)
        if first + second in _SIGNS:
            return first + second, 2
        return (first, 1) if first in _SIGNS else (None, 1)

    def listed(self, place: int) -> Iterator[Comparison]:
        """The comparisons of `left in [one, two]`."""
        left = self.ending(place - 1)
        at = place + 2
        while left and at < len(self._tokens) and self.text(at) != "]":
            item = self.beginning(at)
            if item and self.text(at - 1) in ("[", ","):
                yield Comparison(left, "==", item)
            at += 1

    def beginning(self, place: int) -> Operand | None:
        """The operand that begins at a place, if it is a single value."""
        if self.text(place) == "-" and self._kind(place + 1) == "number":
            return self._single(place + 1, place + 2, offset=self._tokens[place].offset)
        for length in (3, 1):
            if found := self._single(place, place + length):
                return found if self.text(place + length) not in _CONTINUES - {"("} else None
        return None

    def ending(self, place: int) -> Operand | None:
        """The operand that ends at a place, if it is a single value."""
        for length in (3, 1):
            begin = place - length + 1
            before = self.text(begin - 1)
            if found := self._single(begin, place + 1):
                return found if before == "" or before not in ".+-*/%!" else None
        return None

    def _kind(self, place: int) -> str:
        return self._tokens[place].kind if 0 <= place < len(self._tokens) else ""

    def _single(self, begin: int, end: int, offset: int | None = None) -> Operand | None:
        if begin < 0 or end > len(self._tokens):
            return None
        tokens = self._tokens[begin:end]
        written = "".join(token.text for token in tokens)
        at = tokens[0].offset if offset is None else offset
        if len(tokens) == 1 and tokens[0].kind == "string":
            value = str(cel.evaluate(written))
            return Operand(written, "text", value, literal=True, offset=at)
        if len(tokens) == 1 and tokens[0].kind == "number":
            kind: OperandType = "decimal" if "." in written or "e" in written.lower() else "whole"
            return Operand(written, kind, None, literal=True, offset=at)
        if written in ("true", "false"):
            return Operand(written, "flag", None, literal=True, offset=at)
        type_ = self._variable(written)
        return Operand(written, type_, None, literal=False, offset=at) if type_ else None

    def _variable(self, written: str) -> OperandType | None:
        if written == "lead.employees":
            return "whole"
        if written.startswith("lead."):
            kind = self._fields.get(written.removeprefix("lead."))
            known: dict[str | None, OperandType] = {
                "text": "text",
                "date": "date",
                "flag": "flag",
                "number": "number",
            }
            return known.get(kind)
        return _VARIABLES.get(written)
