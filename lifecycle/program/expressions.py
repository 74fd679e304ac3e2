"""Expressions of a program: CEL (https://cel.dev), compiled once and evaluated often.

CEL's own rules apply. An expression that ends in an error (a missing value, for example) or whose
result is not a boolean does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lifecycle.program.cel_library import cel

_TOKEN = re.compile(
    r"""(?P<string>[rRbB]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"
            |'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"))
      | (?P<name>[A-Za-z_]\w*)
      | (?P<number>\d[\w.]*)
      | (?P<comment>//[^\n]*)
      | (?P<mark>[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ExpressionToken:
    """A token of an expression and its offset in the source."""

    kind: str
    text: str
    offset: int


def _literal(token: ExpressionToken) -> str:
    return str(cel.evaluate(token.text))


def did_signature(type_: str, subject: str | None = None) -> str:
    """What `did(type)` or `did(type, subject)` asks for, as one text."""
    return type_ if subject is None else f"{type_}\n{subject}"


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression. Make one with `expression()`."""

    source: str
    program: cel.Program = field(repr=False)
    variables: frozenset[str]
    """Names used as variables, without names that a macro binds or that belong to a namespace."""
    functions: frozenset[str]
    """Names called as functions or methods."""
    tokens: tuple[ExpressionToken, ...] = field(repr=False)
    did_signatures: frozenset[str]
    """The signatures of its `did()` calls."""

    def holds(self, context: cel.Context) -> bool:
        """Whether its result is true. An error or any other value counts as no."""
        try:
            return self.program.execute(context) is True
        except Exception:  # noqa: BLE001  # CEL errors have many types, and each means no
            return False


@lru_cache(maxsize=4096)
def expression(source: str) -> Expression:
    """Compile an expression.

    Raises ValueError if it does not parse, or if `did` does not have one or two text literals.
    """
    program = cel.compile(source)
    tokens = tuple(
        ExpressionToken(match.lastgroup or "", match[0], match.start())
        for match in _TOKEN.finditer(source)
        if match.lastgroup != "comment"
    )
    names = frozenset(token.text for token in tokens if token.kind == "name")
    return Expression(
        source=source,
        program=program,
        variables=frozenset(program.variables()) & names,
        functions=frozenset(program.functions()) & names,
        tokens=tokens,
        did_signatures=frozenset(_did_signatures(tokens)),
    )


def _did_signatures(tokens: tuple[ExpressionToken, ...]) -> list[str]:
    found = []
    for place, token in enumerate(tokens):
        if token.kind != "name" or token.text != "did":
            continue
        kinds = [one.text if one.kind == "mark" else one.kind for one in tokens[place + 1 :]]
        if kinds[:3] == ["(", "string", ")"]:
            found.append(did_signature(_literal(tokens[place + 2])))
        elif kinds[:5] == ["(", "string", ",", "string", ")"]:
            found.append(did_signature(_literal(tokens[place + 2]), _literal(tokens[place + 4])))
        else:
            raise ValueError(
                "did() takes one or two texts in quotes: did('email.clicked') or"
                " did('email.clicked', 'welcome')"
            )
    return found


def context(variables: Mapping[str, Any], did: Callable[[str], bool]) -> cel.Context:
    """The context in which expressions are evaluated: variables, and the function `did`."""

    def _did(type_: str, subject: str | None = None) -> bool:
        return did(did_signature(type_, subject))

    return cel.Context(variables=dict(variables), functions={"did": _did})
