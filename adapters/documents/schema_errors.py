"""What pydantic finds wrong with a document, reported at its place and in plain words."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from adapters.documents.marked import Document
from adapters.documents.problems import Path, meant, nearest, written_path
from adapters.documents.schema import file_schema
from models.program.handoff import CLOCK_NAMES
from models.program.tracks import STEP_KINDS

_STEP_LISTS = ("steps", "then", "else")


def report_schema_errors(
    document: Document, model: type[BaseModel], error: ValidationError
) -> None:
    """Report each error of reading `document` as `model`, except what was reported before."""
    reporter = _SchemaErrorReporter(document, _schema_of(model))
    for one in error.errors(include_url=False):
        reporter.report(one["type"], one["loc"], one["msg"], one.get("ctx") or {}, one["input"])


@functools.cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema that a reporter looks into; making one takes longer than the rest of a check."""
    return file_schema(model)


class _SchemaErrorReporter:
    def __init__(self, document: Document, schema: dict[str, Any]) -> None:
        self._document = document
        self._schema = schema

    def report(
        self, kind: str, loc: Path, said: str, context: Mapping[str, Any], value: Any
    ) -> None:
        path = _document_path(loc)
        if kind not in ("extra_forbidden", "missing") and self._reported(path):
            return
        if kind == "too_short" and value:
            return  # it lacks only the wrong items, which are reported themselves
        if loc and loc[-1] == "[key]":
            self._document.report(path, self._key_message(kind, path, said, context), key=True)
        elif kind == "extra_forbidden":
            self._document.report(path, self._unknown_key(path), key=True)
        elif kind == "missing":
            message = f"'{path[-1]}' is missing{self._example(path)}"
            self._document.report(path, message)
        elif kind == "step_kind":
            self._document.report(path, _no_step(value))
        else:
            self._document.report(path, _message(kind, said, context, value))

    def _reported(self, path: Path) -> bool:
        """Whether a check has reported more exactly what is wrong here, or in the hours below."""
        here = written_path(path)
        inside = f"{here}." if path[:1] == ("calendars",) and path[-1] == "hours" else None
        return any(
            problem.path == here or (inside and problem.path.startswith(inside))
            for problem in self._document.errors
        )

    def _key_message(self, kind: str, path: Path, said: str, context: Mapping[str, Any]) -> str:
        if kind == "literal_error":
            known = _quoted(str(context.get("expected", "")))
            return f"unknown key '{path[-1]}'; {meant(str(path[-1]), known)}"
        return said.removeprefix("Value error, ")

    def _unknown_key(self, path: Path) -> str:
        key = str(path[-1])
        parent = self._value(path[:-1])
        kinds = [kind for kind in STEP_KINDS if isinstance(parent, dict) and kind in parent]
        if _is_step(path[:-1]) and len(kinds) > 1 and key in kinds:
            listed = " and ".join(f"'{kind}'" for kind in kinds)
            return f"a step does one thing, and this one has {listed}; write one step for each"
        known = self._schema_at(path[:-1]).get("properties", {})
        elsewhere = [] if nearest(key, known) else list(_sections_of(key, self._schema))
        if len(elsewhere) == 1:
            return f"unknown key '{key}' here; it belongs under {elsewhere[0]}"
        return f"unknown key '{key}'; {meant(key, known)}"

    def _example(self, path: Path) -> str:
        found = self._schema_at(path)
        if examples := found.get("examples"):
            return f"; write one like '{path[-1]}: {examples[0]}'"
        described = found.get("description", "")
        return f" ({described.split('.')[0].split(', http')[0]})" if described else "; add it"

    def _value(self, path: Path) -> Any:
        return self._document.root.get(*path).value

    def _schema_at(self, path: Path) -> dict[str, Any]:
        """The part of the schema for the value at `path`; empty where it has none."""
        part = self._schema
        for place, step in enumerate(path):
            part = self._resolved(part, self._value(path[:place]))
            if isinstance(step, int):
                part = part.get("items", {})
            else:
                rest = part.get("additionalProperties")
                part = part.get("properties", {}).get(step) or (
                    rest if isinstance(rest, dict) else {}
                )
        return self._resolved(part, self._value(path))

    def _resolved(self, part: dict[str, Any], value: Any) -> dict[str, Any]:
        while "$ref" in part:
            described = {k: v for k, v in part.items() if k != "$ref"}
            part = self._schema["$defs"][part["$ref"].rpartition("/")[2]] | described
        branches = part.get("oneOf") or part.get("anyOf")
        if not branches:
            return part
        written = set(value) if isinstance(value, dict) else set()
        kinds = written & set(STEP_KINDS)
        options = [self._resolved(branch, value) for branch in branches]
        return max(
            options,
            key=lambda one: (
                ("items" in one) == isinstance(value, list),
                bool(kinds & set(one.get("properties", ()))),
                len(written & set(one.get("properties", ()))),
            ),
        )


def _sections_of(key: str, schema: dict[str, Any]) -> Iterator[str]:
    """The sections of the file that have this key, as paths."""

    def search(part: dict[str, Any], path: str) -> Iterator[str]:
        ref = str(part.get("$ref", "")).rpartition("/")[2]
        properties = schema["$defs"].get(ref, part).get("properties", {})
        if path and key in properties:
            yield path
        for name, below in properties.items():
            yield from search(below, f"{path}.{name}".removeprefix("."))

    yield from search(schema, "")


def _document_path(loc: Path) -> Path:
    """Pydantic's place without the tags of steps and of alternatives."""
    path: list[str | int] = []
    tag_follows = False
    for part in loc:
        if tag_follows:
            tag_follows = False
        elif part != "[key]":
            path.append(part)
            tag_follows = _is_step(tuple(path)) or _is_clock(tuple(path))
    return tuple(path)


def _is_step(path: Path) -> bool:
    return (
        len(path) > 3
        and path[0] == "tracks"
        and isinstance(path[-1], int)
        and path[-2] in _STEP_LISTS
    )


def _is_clock(path: Path) -> bool:
    return len(path) == 2 and path[0] == "handoff" and path[1] in CLOCK_NAMES


def _no_step(value: Any) -> str:
    kinds = ", ".join(STEP_KINDS)
    if not isinstance(value, dict):
        return f"{_shown(value)} is not a step; write one like 'email: NAME' or 'wait: 3d'"
    for key in value:
        remedy = meant(str(key), STEP_KINDS)
        if remedy.startswith("did"):
            return f"a step of unknown kind '{key}'; {remedy}"
    return f"a step that does nothing; give it one of the keys {kinds}"


def _quoted(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:60]
    text = str(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


_EXPECTED: dict[str, str] = {
    "string_type": "text is expected; put it in quotes",
    "int_type": "a whole number is expected, without quotes",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected, without quotes",
    "finite_number": "a finite number is expected",
    "bool_type": "true or false is expected, without quotes",
    "dict_type": "a mapping is expected: lines of 'key: value'",
    "model_type": "a mapping is expected: lines of 'key: value'",
    "model_attributes_type": "a mapping is expected: lines of 'key: value'",
    "tuple_type": "a list is expected: [one, another], or lines that begin with '- '",
}


def _message(kind: str, said: str, context: Mapping[str, Any], value: Any) -> str:
    if kind == "string_type" and isinstance(value, list):
        return f"{_shown(value)} stands here, but one text is expected; write one, without [ ]"
    if kind == "string_type" and (value is None or isinstance(value, dict)):
        return f"{_shown(value)} stands here, but text is expected"
    if kind in _EXPECTED:
        return f"{_shown(value)} stands here, but {_EXPECTED[kind]}"
    if kind == "literal_error":
        known = _quoted(str(context.get("expected", "")))
        if not known:
            return f"{_shown(value)} can't stand here; write {_true(context)}"
        stands = "stands here" if value is None else "is not known here"
        return f"{_shown(value)} {stands}; {meant(str(value), known)}"
    limits: dict[str, Callable[[], str]] = {
        "string_too_short": lambda: "empty; write something or leave the key out",
        "string_too_long": lambda: (
            f"longer than {context.get('max_length')} characters; shorten it"
        ),
        "too_short": lambda: f"empty; give it at least {context.get('min_length')}",
        "greater_than_equal": lambda: (
            f"{_shown(value)} is too small; write at least {context.get('ge')}"
        ),
        "int_parsing_size": lambda: "a number too large; write a smaller one",
        "value_error": lambda: said.removeprefix("Value error, ").replace(
            f"'{value}'", _shown(value), 1
        ),
        "string_pattern_mismatch": lambda: f"{_shown(value)} is not an e-mail address",
    }
    return limits[kind]() if kind in limits else said


def _true(context: Mapping[str, Any]) -> str:
    return str(context.get("expected", "another value")).lower()
