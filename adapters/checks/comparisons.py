"""Expressions that can never hold, because the types of their parts do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from adapters.checks.operands import (
    NUMBERS,
    Comparison,
    ExpressionReader,
    Operand,
    OperandType,
    Sum,
    Use,
)
from adapters.checks.parsed_expressions import parsed_expressions
from adapters.documents.marked import Node
from models.program.values import BUILT_IN_FIELDS

_KINDS: dict[OperandType, str] = {
    "text": "a text",
    "date": "a date",
    "flag": "a flag (true or false)",
    "number": "a number",
    "whole": "a whole number",
    "decimal": "a number with decimals",
    "list": "a list",
    "parts": "no single value",
    "null": "null",
}
_FAMILIES: dict[OperandType, str] = {
    **{kind: kind for kind in _KINDS},
    "date": "text",
    "whole": "number",
    "decimal": "number",
}
_PARTS = {"lead": "lead.company", "score": "score.total", "event": "event.type"}
_SCORES = ("score.total", "score.engagement")
_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")

_Wrong = tuple[str, int]
"""What is wrong, and where."""


def check_comparisons(root: Node) -> None:
    """Report each part of an expression whose type makes the expression false for every lead."""
    fields: dict[str, str] = {**BUILT_IN_FIELDS}
    fields |= {name: kind.text for name, kind in root.get("fields").items() if kind.text}
    for node, tokens in parsed_expressions(root):
        reader = ExpressionReader(str(node.value), tokens, fields)
        for message, offset in _all_wrong(reader):
            node.report(message, offset=offset)
        for one in reader.comparisons:
            _warn(node, one)


def _all_wrong(reader: ExpressionReader) -> Iterator[_Wrong]:
    for comparison in reader.comparisons:
        if wrong := _wrong_comparison(comparison):
            yield wrong
    for sum_ in reader.sums:
        if wrong := _wrong_sum(sum_):
            yield wrong
    for use in reader.uses:
        if wrong := _wrong_use(use):
            yield wrong


def _wrong_comparison(one: Comparison) -> _Wrong | None:
    left, right = one.left, one.right
    if left.literal and not right.literal:
        left, right = right, left
    if left.literal:
        return None  # two literals: odd, but not of different types by mistake
    for side in (left, right):
        if side.type == "parts":
            return f"'{side.text}' has parts; name one, like {_PARTS[side.text]}", side.offset
    if right.type == "null":
        return _null(left, one.sign, right)
    if "any" in (left.type, right.type):
        return None
    if _FAMILIES[left.type] != _FAMILIES[right.type]:
        return f"{_compared(left, right)}, which never fits; {_remedy(left, right)}", right.offset
    if left.type == "date" and right.value is not None and not _is_date(right.value):
        message = f"'{left.text}' is a date, and {right.text} is none; write one like '2026-03-02'"
        return message, right.offset
    if right.value == "" and one.sign == "==" and left.text.startswith("lead."):
        message = f"an empty field counts as absent, so this never holds; write !has({left.text})"
        return message, right.offset
    return None


def _null(left: Operand, sign: str, null: Operand) -> _Wrong | None:
    """`lead.x != null` is false for an absent field, as it is meant; `== null` never holds."""
    if sign == "!=":
        return None
    has = f"write !has({left.text})" if left.text.startswith("lead.") else "remove it"
    return f"an absent field is absent, not null, so this never holds; {has}", null.offset


def _compared(left: Operand, right: Operand) -> str:
    return f"{_named(left)} is {_KINDS[left.type]} and {_named(right)} is {_KINDS[right.type]}"


def _named(one: Operand) -> str:
    return one.text if one.literal else f"'{one.text}'"


def _remedy(left: Operand, right: Operand) -> str:
    if left.compares or right.compares:
        return "join two comparisons with &&"
    if left.type == "list" and right.type == "text":
        return f"write {right.text} in {left.text}"
    if not right.literal:
        return "compare it with a value of the same type"
    if left.type in NUMBERS:
        if right.value is not None and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", right.value):
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


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _wrong_sum(one: Sum) -> _Wrong | None:
    """CEL adds no whole numbers to numbers with decimals, and no numbers to texts."""
    types = {one.left.type, one.right.type}
    if types == {"whole", "decimal"}:
        whole, other = (one.left, one.right) if one.left.type == "whole" else (one.right, one.left)
        remedy = f"{whole.text}.0" if whole.text.isdigit() else f"double({whole.text})"
        message = (
            f"{_named(other)} is a number with decimals and {_named(whole)} is a whole number;"
            f" CEL does not reckon with both: write {remedy}"
        )
        return message, whole.offset
    for side in (one.left, one.right):
        if side.type in ("flag", "parts", "null"):
            return f"{_named(side)} is {_KINDS[side.type]}; '{one.sign}' needs numbers", side.offset
    if "text" in types and types & set(NUMBERS):
        text = one.left if one.left.type == "text" else one.right
        return f"{_named(text)} is a text; '{one.sign}' needs numbers on both sides", text.offset
    return None


def _wrong_use(use: Use) -> _Wrong | None:
    one, how = use.operand, use.how
    if one.type == "any":
        return None
    if how == "in":
        return _wrong_in(use)
    if how == "timestamp":
        if one.type not in ("date", *NUMBERS, "flag"):
            return None
        remedy = "compare it with a text like '2026-03-02'"
        return f"'{one.text}' is {_KINDS[one.type]}, not an instant; {remedy}", one.offset
    if how in ("condition", "&&", "||", "!", "?"):
        return None if one.type == "flag" else _no_condition(one, how)
    if one.type in ("text", "date"):
        return None
    if one.type == "list":
        found = use.left.text if use.left is not None else "'TEXT'"
        return f"'{one.text}' is a list; write {found} in {one.text}", one.offset
    return f"{_named(one)} is {_KINDS[one.type]}, and '{how}' is for texts", one.offset


def _wrong_in(use: Use) -> _Wrong | None:
    one, left = use.operand, use.left
    if one.type == "list" or left is None:
        return None
    if one.type == "text" and one.literal:
        return f"'in' needs a list; write {left.text} == {one.text}, or [{one.text}]", one.offset
    if one.type == "text" and left.literal:
        same = f"{one.text} == {left.text}"
        return f"'in' needs a list, and '{one.text}' is a text; write {same}", one.offset
    return f"'in' needs a list like ['US', 'CA'], and {_named(one)} is none", one.offset


def _no_condition(one: Operand, how: str) -> _Wrong:
    if one.type == "parts":
        return f"'{one.text}' has parts; compare one, like {_PARTS[one.text]}", one.offset
    where = "a condition is" if how == "condition" else f"'{how}' needs what is"
    if one.literal:
        remedy = "write a comparison on each side, like lead.country == 'US'"
    elif one.type in NUMBERS:
        remedy = f"compare it, like {one.text} >= {'10.0' if one.type == 'decimal' else '10'}"
    elif one.type == "list":
        remedy = f"ask for one, like 'customer' in {one.text}"
    else:
        remedy = f"compare it, like {one.text} == 'VALUE'"
        if one.text.startswith("lead."):
            remedy += f", or ask whether there is one: has({one.text})"
    return f"{_named(one)} is {_KINDS[one.type]}, and {where} true or false; {remedy}", one.offset


def _warn(node: Node, one: Comparison) -> None:
    """Warn of comparisons that fit, but hardly mean what they say."""
    for left, right in ((one.left, one.right), (one.right, one.left)):
        if left.text in _SCORES and one.sign == "==" and right.literal and right.text != "0":
            node.warn(
                f"'{left.text}' changes all the time and is hardly ever exactly {right.text};"
                f" write {left.text} >= {right.text}",
                offset=right.offset,
            )
        if left.type in NUMBERS and right.literal and _THOUSANDS.fullmatch(right.text):
            whole, digits = right.text.split(".")
            if not digits.strip("0"):
                node.warn(
                    f"{right.text} is {whole}; for {whole} thousand write {whole}{digits}",
                    offset=right.offset,
                )
