"""Texts that expressions compare with `lead.country`, `lead.timezone` or an e-mail's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.checks.operands import ExpressionReader
from adapters.checks.parsed_expressions import parsed_expressions
from adapters.documents.marked import Node
from adapters.documents.problems import meant
from lifecycle.calendars.local_time import zone
from lifecycle.program.cel_library import cel
from lifecycle.program.countries import country_code, country_codes
from lifecycle.program.expressions import ExpressionToken

_FIELD = ("lead", ".", "country")
_COMPARISONS = (("=", "="), ("!", "="))


def check_countries(root: Node) -> None:
    """Report each text compared with `lead.country` that no lead's country can be."""
    for node, tokens in parsed_expressions(root):
        for token in _compared(tokens):
            code = str(cel.evaluate(token.text))
            if code and code not in country_codes():
                node.report(
                    f"no lead has the country '{code}'; {_remedy(code)}", offset=token.offset
                )
        for use in ExpressionReader(str(node.value), tokens, {}).uses:
            asked = None if use.left is None else use.left.value
            if use.operand.text == "lead.country" and asked and not _in_a_code(use.how, asked):
                node.report(
                    f"no lead has a country for which {use.how}('{asked}') holds; {_remedy(asked)}",
                    offset=use.left.offset if use.left is not None else None,
                )


def check_zones_and_emails(root: Node) -> None:
    """Report each text that no lead's time zone, or no e-mail that is asked about, can be."""
    emails = root.get("emails").names()
    for node, tokens in parsed_expressions(root):
        found = ExpressionReader(str(node.value), tokens, {}).comparisons
        pairs = [(a, b) for one in found for a, b in ((one.left, one.right), (one.right, one.left))]
        types = [b.value for a, b in pairs if a.text == "event.type" and b.value is not None]
        if node.path[:3] == ("scoring", "engagement", "rules"):
            types = [root.get(*node.path[:-1], "on").text or ""]
        about_mail = bool(types) and all(one.startswith("email.") for one in types)
        for side, literal in pairs:
            if literal.value and side.text == "lead.timezone":
                try:
                    zone(literal.value)
                except ValueError as error:
                    node.report(str(error), offset=literal.offset)
            elif (
                side.text == "event.subject" and about_mail and literal.value not in (None, *emails)
            ):
                said = f"unknown e-mail '{literal.value}'; {meant(str(literal.value), emails)}"
                node.report(said, offset=literal.offset)


def _compared(tokens: tuple[ExpressionToken, ...]) -> Iterator[ExpressionToken]:
    texts = tuple(token.text for token in tokens)
    for place in range(len(texts) - 2):
        if texts[place : place + 3] != _FIELD:
            continue
        before, after = place - 3, place + 5
        if texts[place + 3 : after] in _COMPARISONS:
            yield from (token for token in tokens[after : after + 1] if token.kind == "string")
        if before >= 0 and texts[before + 1 : place] in _COMPARISONS:
            yield from (token for token in tokens[before : before + 1] if token.kind == "string")
        if texts[place + 3 : after] == ("in", "["):
            for token in tokens[after:]:
                if token.text == "]":
                    break
                if token.kind == "string":
                    yield token


def _in_a_code(how: str, asked: str) -> bool:
    """Whether a method of texts may hold for a country's code."""
    if how == "matches":
        try:
            return any(re.search(asked, code) for code in country_codes())
        except re.error:
            return True  # it is reported elsewhere
    tests = {"startsWith": str.startswith, "endsWith": str.endswith, "contains": str.__contains__}
    return how not in tests or any(tests[how](code, asked) for code in country_codes())


def _remedy(code: str) -> str:
    if assigned := country_code(code):
        return f"write '{assigned}'"
    return "write a code of ISO 3166 like 'US' or 'DE'"
