"""Comparisons of different types: CEL finds them unequal or fails, so a rule never holds."""

from __future__ import annotations

import re
from datetime import date

from adapters.checks.operands import Comparison, Operand, OperandType, comparisons
from adapters.checks.parsed_expressions import parsed_expressions
from adapters.documents.marked import Node
from lifecycle.program.expressions import ExpressionToken
from models.program.values import BUILT_IN_FIELDS

_KINDS: dict[OperandType, str] = {
    "text": "a text",
    "date": "a date",
    "flag": "a flag (true or false)",
    "number": "a number",
    "whole": "a whole number",
    "decimal": "a number with decimals",
}
_NUMBERS = ("number", "whole", "decimal")
_FAMILIES: dict[OperandType, str] = {
    "text": "text",
    "date": "text",
    "flag": "flag",
    "number": "number",
    "whole": "number",
    "decimal": "number",
}


def check_comparisons(root: Node) -> None:
    """Report each comparison of values that can never be equal or ordered."""
    fields: dict[str, str] = {**BUILT_IN_FIELDS}
    fields |= {name: kind.text for name, kind in root.get("fields").items() if kind.text}
    for node, tokens in parsed_expressions(root):
        for one in comparisons(tokens, fields):
            if wrong := _wrong(one):
                message, offset = wrong
                node.report(message, offset=offset)
        _check_sums(node, tokens)


def _wrong(one: Comparison) -> tuple[str, int] | None:
    """What is wrong with a comparison, and where."""
    left, right = one.left, one.right
    if left.literal and not right.literal:
        left, right = right, left
    if left.literal:
        return None  # two literals: odd, but not of different types by mistake
    if _FAMILIES[left.type] != _FAMILIES[right.type]:
        return f"{_compared(left, right)}, which never fits; {_remedy(left, right)}", right.offset
    if left.type == "date" and right.value is not None and not _is_date(right.value):
        message = f"'{left.text}' is a date, and {right.text} is none; write one like '2026-03-02'"
        return message, right.offset
    if one.sign in ("==", "!=") and {left.type, right.type} == {"whole", "decimal"}:
        message = f"{_compared(left, right)}, which CEL never finds equal; {_number(left, right)}"
        return message, right.offset
    return None


def _compared(left: Operand, right: Operand) -> str:
    return f"'{left.text}' is {_KINDS[left.type]} and {right.text} is {_KINDS[right.type]}"


def _remedy(left: Operand, right: Operand) -> str:
    if not right.literal:
        return "compare it with a value of the same type"
    if left.type in _NUMBERS and right.value is not None:
        if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", right.value):
            return f"write {_as_number(left, right.value.strip())} without quotes"
        return "write a number like 250"
    if left.type == "flag":
        no = right.text in ("0", "'no'", "'false'", '"no"', '"false"')
        return f"write {'!' if no else ''}{left.text}"
    if left.type == "date":
        return "write one like '2026-03-02'"
    return f"write '{right.text}' in quotes"


def _as_number(left: Operand, digits: str) -> str:
    return f"{digits}.0" if left.type == "decimal" and "." not in digits else digits


def _number(left: Operand, right: Operand) -> str:
    if not right.literal:
        return f"write double({(left if left.type == 'whole' else right).text})"
    if right.type == "whole":
        return f"write {right.text}.0"
    return f"write {right.text.partition('.')[0]}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_sums(node: Node, tokens: tuple[ExpressionToken, ...]) -> None:
    """Report `score.fit + 10`: CEL adds no whole numbers to numbers with decimals."""
    for place in range(len(tokens) - 4):
        texts = [token.text for token in tokens[place : place + 5]]
        if texts[:2] == ["score", "."] and texts[3] in "+-*/" and tokens[place + 4].text.isdigit():
            number = tokens[place + 4]
            node.report(
                f"'score.{texts[2]}' is a number with decimals and {number.text} is a whole"
                f" number; CEL does not reckon with both: write {number.text}.0",
                offset=number.offset,
            )
