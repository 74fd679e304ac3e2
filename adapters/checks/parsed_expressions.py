"""The expressions of a program that parse, with their tokens."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.documents.marked import Node
from lifecycle.program.expressions import ExpressionToken, expression
from models.program.expression_places import expression_places
from models.program.program import Program
from models.program.values import MAX_EXPRESSION_LENGTH


def parsed_expressions(root: Node) -> Iterator[tuple[Node, tuple[ExpressionToken, ...]]]:
    """Each expression of the program: its place and its tokens.

    One that is too long or does not parse is left out: others report it.
    """
    for place in expression_places(root.value, Program):
        if not 0 < len(place.source) <= MAX_EXPRESSION_LENGTH:
            continue
        try:
            tokens = expression(place.source).tokens
        except ValueError:
            continue
        yield root.get(*place.path), tokens
