"""Expressions of a program: they must parse, and all that they name must exist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from adapters.checks.expression_syntax import syntax_error_text
from adapters.documents.marked import Node
from adapters.documents.problems import meant, nearest
from lifecycle.program.cel_library import cel
from lifecycle.program.expressions import Expression, ExpressionToken, expression
from models.program.expression_places import ExpressionPlace, context_keys, expression_places
from models.program.program import Program
from models.program.values import BUILT_IN_FIELDS, MAX_EXPRESSION_LENGTH, Motion, Stage

_WORDS = frozenset({"true", "false", "null", "in"})
_TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "string", "uint"})
_FUNCTIONS = frozenset(
    {"did", "has", "size", "int", "uint", "double", "string", "bytes", "timestamp", "duration"}
    | {"type", "dyn"}
)
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_METHODS = _MACROS | frozenset(
    {"contains", "startsWith", "endsWith", "matches", "size"}
    | {"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"}
    | {"getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
_SCORES = ("fit", "engagement", "total")
_EVENT = ("type", "subject", "data")
_PLAIN = ("stage", "motion", "cycle", "reached")
_VALUES = {"stage": get_args(Stage), "motion": get_args(Motion)}
_CLOCKS = frozenset({"now", "today", "date", "current_date", "time"})
_CASE_METHODS = frozenset(
    {"lower", "upper", "toLowerCase", "toUpperCase", "lowerAscii", "upperAscii"}
)
_EVENT_TYPE = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+")


_NO_CLOCK = (
    "expressions know no clock: wait with wait, wait_until or wait_for, or use lifecycle.idle"
)
_ANY_CASE = "write TEXT.matches('(?i)vp'), which takes no notice of upper and lower case"


@dataclass(frozen=True, slots=True)
class _KnownNames:
    """Names in the program that expressions may use."""

    fields: frozenset[str]
    emails: frozenset[str]


def check_expressions(root: Node) -> None:
    """Report every expression that could fail while a lead runs."""
    known = _KnownNames(
        fields=frozenset(BUILT_IN_FIELDS) | frozenset(root.get("fields").names()),
        emails=frozenset(root.get("emails").names()),
    )
    for place in expression_places(root.value, Program):
        if 0 < len(place.source) <= MAX_EXPRESSION_LENGTH:
            _check(root.get(*place.path), place, known)
    for rule in root.get("scoring", "engagement", "rules").each():
        if (type_ := rule.get("on")).text and not _EVENT_TYPE.fullmatch(type_.text or ""):
            type_.report(f"'{type_.text}' is no event type; write two words like email.clicked")


def _check(node: Node, place: ExpressionPlace, known: _KnownNames) -> None:
    try:
        compiled = expression(place.source)
    except ValueError as error:
        message, offset = syntax_error_text(place.source, str(error))
        node.report(message, offset=offset)
        return
    reader = _ExpressionReader(node, compiled, known, in_event=place.context == "event")
    for number in range(len(compiled.tokens)):
        reader.check(number)


class _ExpressionReader:
    """Checks the tokens of one expression, one after the other."""

    def __init__(
        self, node: Node, compiled: Expression, known: _KnownNames, *, in_event: bool
    ) -> None:
        self._node = node
        self._tokens = compiled.tokens
        self._known = known
        self._in_event = in_event
        self._bound = self._bound_names()

    def check(self, place: int) -> None:
        token = self._tokens[place]
        if token.kind != "name":
            self._check_reversed_comparison(place)
        elif self._is(place - 1, "."):
            if self._is(place + 1, "("):
                self._check_method(place)
        elif self._is(place + 1, "("):
            self._check_function(place)
        elif token.text not in self._bound:
            self._check_variable(place)

    def _is(self, place: int, mark: str) -> bool:
        return 0 <= place < len(self._tokens) and self._tokens[place].text == mark

    def _at(self, place: int) -> ExpressionToken | None:
        return self._tokens[place] if 0 <= place < len(self._tokens) else None

    def _bound_names(self) -> frozenset[str]:
        """Names that a macro binds: `x` in `list.exists(x, x > 1)`."""
        return frozenset(
            self._tokens[place + 2].text
            for place, token in enumerate(self._tokens)
            if token.text in _MACROS
            and self._is(place - 1, ".")
            and self._is(place + 1, "(")
            and self._is(place + 3, ",")
            and self._tokens[place + 2].kind == "name"
        )

    def _report(self, token: ExpressionToken, message: str) -> None:
        self._node.report(message, offset=token.offset)

    def _check_function(self, place: int) -> None:
        token = self._tokens[place]
        if token.text not in _FUNCTIONS and token.text not in _WORDS:
            method = f"write it as TEXT.{token.text}(…)" if token.text in _METHODS else None
            remedy = method or (
                _NO_CLOCK if token.text in _CLOCKS else meant(token.text, _FUNCTIONS)
            )
            self._report(token, f"unknown function '{token.text}'; {remedy}")
        if token.text == "did":
            self._check_did(place)

    def _check_method(self, place: int) -> None:
        token = self._tokens[place]
        if token.text not in _METHODS:
            remedy = _ANY_CASE if token.text in _CASE_METHODS else meant(token.text, _METHODS)
            self._report(token, f"unknown function '{token.text}'; {remedy}")
        pattern = self._at(place + 2)
        if token.text == "matches" and pattern and pattern.kind == "string":
            self._check_pattern(pattern)

    def _check_pattern(self, token: ExpressionToken) -> None:
        try:
            cel.evaluate(f"''.matches({token.text})")
        except Exception as error:  # noqa: BLE001  # CEL errors come as many types
            reason = str(error).rpartition("error: ")[2].partition(". Check function")[0]
            said = " ".join(reason.split())
            self._report(token, f"{token.text[:60]} is not a regular expression: {said}")

    def _check_did(self, place: int) -> None:
        type_, subject = self._at(place + 2), self._at(place + 4)
        if type_ is None or type_.kind != "string":
            return
        name = _literal(type_)
        if not _EVENT_TYPE.fullmatch(name):
            message = f"'{name}' is no event type; write two words like 'email.clicked'"
            self._report(type_, message)
        elif name.startswith("email.") and self._is(place + 3, ",") and subject:
            self._check_value(subject, "e-mail", self._known.emails)

    def _check_variable(self, place: int) -> None:
        token = self._tokens[place]
        name = token.text
        if name in _WORDS or (name in _TYPES and self._asks_type()):
            return
        if name == "event" and not self._in_event:
            places = " and ".join(context_keys("event", Program))
            message = f"'event' is known only in {places}"
            self._report(token, f"{message}; use did('TYPE') or did('TYPE', 'SUBJECT') here")
        elif name == "lead":
            self._check_member(place, "lead", self._known.fields)
        elif name == "score":
            self._check_member(place, "score", _SCORES)
        elif name == "event":
            self._check_member(place, "event", _EVENT)
        elif name in _PLAIN:
            self._check_plain(place)
        else:
            known = {"lead", "score", *_PLAIN} | ({"event"} if self._in_event else set())
            self._report(token, f"unknown variable '{name}'; {self._remedy(place, known)}")

    def _remedy(self, place: int, known: set[str]) -> str:
        name = self._tokens[place].text
        if name in self._known.fields and nearest(name, known) is None:
            return f"did you mean 'lead.{name}'?"
        if name in _SCORES:
            return f"did you mean 'score.{name}'?"
        if name in _VALUES["stage"]:
            return f"did you mean stage == '{name}'?"
        if nearest(name, known) is not None:
            return meant(name, known)
        part = self._at(place + 2)
        type_ = f"{name}.{part.text}" if part and self._is(place + 1, ".") else ""
        if type_ and not self._is(place + 3, "("):
            asked = f"event.type == '{type_}'" if self._in_event else f"did('{type_}')"
            return f"for an event write {asked}"
        return (
            _NO_CLOCK if name in _CLOCKS else f"{meant(name, known)}; a text needs quotes: '{name}'"
        )

    def _asks_type(self) -> bool:
        return any(token.text == "type" for token in self._tokens)

    def _check_member(
        self, place: int, owner: str, known: frozenset[str] | tuple[str, ...]
    ) -> None:
        """Check `owner.name` or `owner['name']`: it must be known and must not have fields."""
        if self._is(place + 1, ".") and not self._is(place + 3, "("):
            member, end = self._at(place + 2), place + 3
            name = member.text if member else ""
        elif self._is(place + 1, "[") and self._is(place + 3, "]"):
            member, end = self._at(place + 2), place + 4
            if member is None or member.kind != "string":
                return
            name = _literal(member)
        else:
            return
        if member is not None and name not in known:
            close = nearest(name, known)
            remedy = f"did you mean '{owner}.{close}'?" if close else meant(name, known)
            if name in _PLAIN:
                remedy = f"did you mean '{name}'?"
            elif owner == "lead" and name in ("score", *_SCORES):
                remedy = f"did you mean 'score.{name if name in _SCORES else 'total'}'?"
            self._report(member, f"unknown field '{owner}.{name}'; {remedy}")
        elif name != "data" and self._is(end, ".") and not self._is(end + 2, "("):
            part = self._at(end + 1)
            if part is not None:
                self._report(part, f"'{owner}.{name}' has no fields; remove '.{part.text}'")

    def _check_plain(self, place: int) -> None:
        name = self._tokens[place].text
        part = self._at(place + 2)
        if part and self._is(place + 1, ".") and not self._is(place + 3, "("):
            self._report(part, f"'{name}' has no fields; remove '.{part.text}'")
        if name not in _VALUES:
            return
        compares = self._at(place + 1), self._at(place + 2)
        texts = tuple(token.text if token else "" for token in compares)
        if texts in (("=", "="), ("!", "=")):
            self._check_stage_word(place + 3, name)
        elif texts == ("in", "["):
            listed = place + 3
            while (token := self._at(listed)) is not None and token.text != "]":
                self._check_stage_word(listed, name)
                listed += 1

    def _check_reversed_comparison(self, place: int) -> None:
        """Check `'known' == stage` and `'mql' in reached`, with the text on the left."""
        signs = tuple(self._tokens[n].text for n in (place + 1, place + 2) if self._at(n))
        variable = self._at(place + 3)
        if signs in (("=", "="), ("!", "=")) and variable and variable.text in _VALUES:
            self._check_stage_word(place, variable.text)
        collection = self._at(place + 2)
        if signs[:1] == ("in",) and collection and collection.text == "reached":
            self._check_stage_word(place, "stage")

    def _check_stage_word(self, place: int, variable: str) -> None:
        token = self._at(place)
        if token is not None and token.kind == "string":
            self._check_value(token, variable, _VALUES[variable])

    def _check_value(
        self, token: ExpressionToken, what: str, known: frozenset[str] | tuple[str, ...]
    ) -> None:
        value = _literal(token)
        if value not in known:
            self._report(token, f"unknown {what} '{value}'; {meant(value, known)}")


def _literal(token: ExpressionToken) -> str:
    return str(cel.evaluate(token.text))
