"""The types of an expression and of its parts, as far as they are known before a lead runs.

CEL has no types until an expression is evaluated, and an error then counts as false. So a rule
that compares a text with a number would silently do nothing. This reader knows the types of the
program's fields and follows the grammar of CEL. What it can't know is of type `any`.

The file is long because the rules of the grammar call each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lifecycle.program.cel_library import cel
from lifecycle.program.expressions import ExpressionToken

OperandType = Literal[
    "text", "date", "flag", "number", "whole", "decimal", "list", "parts", "null", "any"
]
"""`whole` and `decimal` are numbers that are always one or the other; `number` may be either.
`parts` is a variable that is no value itself, like `lead`."""

NUMBERS = ("number", "whole", "decimal")
_SIGNS = ("==", "!=", "<=", ">=", "<", ">")
_VARIABLES: Mapping[str, OperandType] = {
    "lead": "parts",
    "score": "parts",
    "event": "parts",
    "stage": "text",
    "motion": "text",
    "cycle": "whole",
    "reached": "list",
    "score.fit": "decimal",
    "score.engagement": "decimal",
    "score.total": "decimal",
    "event.type": "text",
    "event.subject": "text",
    "true": "flag",
    "false": "flag",
    "null": "null",
}
_CALLS: Mapping[str, OperandType] = {
    "did": "flag",
    "has": "flag",
    "size": "whole",
    "int": "whole",
    "uint": "whole",
    "double": "decimal",
    "string": "text",
}
_TEXT_METHODS = ("contains", "startsWith", "endsWith", "matches")
_METHODS: Mapping[str, OperandType] = {
    **dict.fromkeys(_TEXT_METHODS, "flag"),
    **dict.fromkeys(("all", "exists", "exists_one"), "flag"),
    **dict.fromkeys(("map", "filter"), "list"),
    "size": "whole",
}


@dataclass(frozen=True, slots=True)
class Operand:
    """A part of an expression that has a value."""

    text: str
    """As it is written: `lead.employees`, `'250'`."""
    type: OperandType
    offset: int
    value: str | None = None
    """The text of a text literal; None for everything else."""
    literal: bool = False
    items: tuple[Operand, ...] = ()
    """The items of a list that is written in the expression."""
    compares: bool = False
    """Whether it is a comparison."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left sign right`; for `in [...]` there is one for each item, with the sign `==`."""

    left: Operand
    sign: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Use:
    """A part where only some types make sense: `how` says where it stands.

    `condition`: the whole expression. `&&`, `||`, `!`, `?`: an operand of this. `in`: what is right
    of it. A method of texts: what it is called on. `timestamp`: what it gets.
    """

    operand: Operand
    how: str
    left: Operand | None = None
    """What is left of `in`; the argument of a method."""


@dataclass(frozen=True, slots=True)
class Sum:
    """`left sign right`, where the sign is one of + - * / %."""

    left: Operand
    sign: str
    right: Operand


class _UnknownSyntaxError(Exception):
    """The expression has a part that this reader does not know."""


class ExpressionReader:
    """Reads one expression: its comparisons, its sums, and the uses of its parts.

    `fields`: the type of each field of a lead, as programs write it.
    """

    def __init__(
        self, source: str, tokens: tuple[ExpressionToken, ...], fields: Mapping[str, str]
    ) -> None:
        self._source = source
        self._tokens = tokens
        self._fields = fields
        self._at = 0
        self.comparisons: list[Comparison] = []
        self.sums: list[Sum] = []
        self.uses: list[Use] = []
        try:
            self.uses.append(Use(self._whole(), "condition"))
        except _UnknownSyntaxError:
            return

    def _whole(self) -> Operand:
        found = self._condition()
        if self._at < len(self._tokens):
            raise _UnknownSyntaxError
        return found

    def _text(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place].text if place < len(self._tokens) else ""

    def _take(self, *texts: str) -> bool:
        """Go over these tokens if they are next."""
        if any(self._text(ahead) != text for ahead, text in enumerate(texts)):
            return False
        self._at += len(texts)
        return True

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise _UnknownSyntaxError

    def _made(self, begin: int, kind: OperandType, *, compares: bool = False) -> Operand:
        """The operand from the token at `begin` to the present one."""
        first, last = self._tokens[begin], self._tokens[self._at - 1]
        text = self._source[first.offset : last.offset + len(last.text)]
        return Operand(text, kind, first.offset, compares=compares)

    def _condition(self) -> Operand:
        begin, asked = self._at, self._joined("|")
        if not self._take("?"):
            return asked
        self.uses.append(Use(asked, "?"))
        then = self._condition()
        self._need(":")
        other = self._condition()
        return self._made(begin, then.type if then.type == other.type else "any")

    def _joined(self, mark: str) -> Operand:
        """Operands joined by `||` or, below that, by `&&`."""
        begin, found = self._at, self._joined("&") if mark == "|" else self._relation()
        while self._take(mark, mark):
            right = self._joined("&") if mark == "|" else self._relation()
            self.uses += [Use(found, mark * 2), Use(right, mark * 2)]
            found = self._made(begin, "flag")
        return found

    def _sign(self) -> str | None:
        for sign in _SIGNS:
            if self._take(*sign):
                return sign
        return "in" if self._take("in") else None

    def _relation(self) -> Operand:
        begin, left = self._at, self._sum()
        while (sign := self._sign()) is not None:
            right = self._sum()
            if sign != "in":
                self.comparisons.append(Comparison(left, sign, right))
            else:
                self.comparisons += [Comparison(left, "==", item) for item in right.items]
                self.uses.append(Use(right, "in", left))
            left = self._made(begin, "flag", compares=True)
        return left

    def _sum(self, signs: str = "+-") -> Operand:
        begin, left = self._at, self._sum("*/%") if signs == "+-" else self._signed()
        while self._text() and self._text() in signs:
            sign = self._text()
            self._at += 1
            right = self._sum("*/%") if signs == "+-" else self._signed()
            self.sums.append(Sum(left, sign, right))
            left = self._made(begin, left.type if left.type == right.type else "any")
        return left

    def _signed(self) -> Operand:
        begin = self._at
        if self._take("!"):
            self.uses.append(Use(self._signed(), "!"))
            return self._made(begin, "flag")
        if self._take("-"):
            value = self._signed()
            made = self._made(begin, value.type)
            return Operand(made.text, made.type, made.offset, literal=value.literal)
        return self._member()

    def _member(self) -> Operand:
        begin, found = self._at, self._primary()
        while True:
            if self._take("."):
                name = self._text()
                self._at += 1
                found = self._method(begin, found, name) if self._take("(") else self._part(begin)
            elif self._take("["):
                self._condition()
                self._need("]")
                found = self._part(begin)
            else:
                return found

    def _part(self, begin: int) -> Operand:
        """`lead.name` or `lead['name']`, or a part of something else."""
        tokens = [token.text for token in self._tokens[begin : self._at]]
        if len(tokens) == 4 and tokens[1] == "[" and tokens[2][:1] in "'\"":
            tokens = [tokens[0], ".", str(cel.evaluate(tokens[2]))]
        name = "".join(tokens)
        kind = _VARIABLES.get(name, "any")
        if name == "lead.employees":
            kind = "whole"
        elif len(tokens) == 3 and tokens[0] == "lead":
            known: Mapping[str | None, OperandType] = {
                "text": "text",
                "date": "date",
                "flag": "flag",
                "number": "number",
            }
            kind = known.get(self._fields.get(tokens[2]), "any")
        return self._made(begin, kind)

    def _method(self, begin: int, of: Operand, name: str) -> Operand:
        given = self._arguments()
        if name in _TEXT_METHODS:
            self.uses.append(Use(of, name, given[0] if given else None))
        return self._made(begin, _METHODS.get(name, "any"))

    def _arguments(self) -> list[Operand]:
        given: list[Operand] = []
        while not self._take(")"):
            given.append(self._condition())
            if self._text() != ")":
                self._need(",")
        return given

    def _primary(self) -> Operand:
        if self._at >= len(self._tokens):
            raise _UnknownSyntaxError
        begin, token = self._at, self._tokens[self._at]
        self._at += 1
        if token.text == "(":
            inner = self._condition()
            self._need(")")
            return Operand(inner.text, inner.type, inner.offset, compares=inner.compares)
        if token.text == "[":
            return self._list(begin)
        if token.kind == "string":
            value = str(cel.evaluate(token.text))
            return Operand(token.text, "text", token.offset, value, literal=True)
        if token.kind == "number":
            exponent = token.text[-1] in "eE" and "x" not in token.text.lower()
            if exponent:  # the sign and the digits of 1e-3 are tokens of their own
                self._at += 2
            kind: OperandType = "decimal" if exponent or "." in token.text else "whole"
            return Operand(token.text, kind, token.offset, literal=True)
        if token.kind != "name":
            raise _UnknownSyntaxError
        if self._take("("):
            given = self._arguments()
            if token.text == "timestamp" and given:
                self.uses.append(Use(given[0], "timestamp"))
            return self._made(begin, _CALLS.get(token.text, "any"))
        found = self._made(begin, _VARIABLES.get(token.text, "any"))
        literal = token.text in ("true", "false")
        return Operand(found.text, found.type, found.offset, literal=literal)

    def _list(self, begin: int) -> Operand:
        items: list[Operand] = []
        while not self._take("]"):
            items.append(self._condition())
            if self._text() != "]":
                self._need(",")
        made = self._made(begin, "list")
        return Operand(made.text, "list", made.offset, items=tuple(items))
