"""Expressions in a program: CEL (https://cel.dev), read once and asked often.

CEL's own rules apply; what ends in an error (a missing value, say) or is not a boolean
does not hold.
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
    """A word of an expression and its offset in the source."""

    kind: str
    text: str
    offset: int


def _literal(token: ExpressionToken) -> str:
    return str(cel.evaluate(token.text))


def did_signature(type_: str, subject: str | None = None) -> str:
    """What `did(type)` or `did(type, subject)` asks for, as one string."""
    return type_ if subject is None else f"{type_}\n{subject}"


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression. Make one with `expression()`."""

    source: str
    program: cel.Program = field(repr=False)
    variables: frozenset[str]
    """Names used as variables, without those that a macro binds or a namespace has."""
    functions: frozenset[str]
    """Names called as functions or methods."""
    tokens: tuple[ExpressionToken, ...] = field(repr=False)
    dids: frozenset[str]
    """The signatures of its `did()` calls."""

    def holds(self, context: cel.Context) -> bool:
        """Whether it is true: an error or another value than true is no."""
        try:
            return self.program.execute(context) is True
        except Exception:  # noqa: BLE001  # CEL errors come as many types, and all mean no
            return False


@lru_cache(maxsize=4096)
def expression(source: str) -> Expression:
    """Compile an expression.

    Raises ValueError where it does not parse and where `did` is not given one or two
    string literals.
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
        dids=frozenset(_dids(tokens)),
    )


def _dids(tokens: tuple[ExpressionToken, ...]) -> list[str]:
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
    """What expressions are asked against: variables, and whether a signature was done."""

    def _did(type_: str, subject: str | None = None) -> bool:
        return did(did_signature(type_, subject))

    return cel.Context(variables=dict(variables), functions={"did": _did})
