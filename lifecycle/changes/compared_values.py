"""The differences between two JSON values, each as a line with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MISSING = object()


_LONGEST = 60


_DURATION = re.compile(r"(\d+)([mhdw])")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is: its path, and its name in words."""

    path: str
    subject: str

    def key(self, name: str, subject: str | None = None) -> Place:
        """A part of this place; in words it is `subject`, else this place's words and its name."""
        spoken = name.replace("_", " ")
        words = subject if subject is not None else f"{self.subject}: {spoken}"
        return Place(f"{self.path}.{name}".removeprefix("."), words)


Lines = Iterator[tuple[str, str]]


Compare = Callable[[Place, Any, Any], Lines]


def compare_values(place: Place, old: Any, new: Any) -> Lines:
    """Two values of any kind: mappings by their keys, all else as a whole."""
    if old == new and _same_order(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from compare_mappings(place, old, new, compare_values)
    elif old is MISSING:
        yield place.path, f"{place.subject}: new, {in_words(new)}"
    elif new is MISSING:
        yield place.path, f"{place.subject}: gone, was {in_words(old)}"
    else:
        yield place.path, f"{place.subject}: {in_words(old)} → {in_words(new)}"


def compare_mappings(
    place: Place, old: Mapping[str, Any], new: Mapping[str, Any], compare: Compare
) -> Lines:
    """Compare two mappings key by key, and the order of the keys that both have."""
    for name in {**old, **new}:
        yield from compare(place.key(name), old.get(name, MISSING), new.get(name, MISSING))
    yield from compare_order(place, old, new)


def compare_order(place: Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> Lines:
    """The order of what both have, where it changed."""
    before = [name for name in old if name in new]
    after = [name for name in new if name in old]
    if before != after:
        yield place.path, f"{place.subject}: order {', '.join(before)} → {', '.join(after)}"


def _same_order(old: Any, new: Any) -> bool:
    return json.dumps(old, default=str) == json.dumps(new, default=str)


def in_words(value: Any) -> str:
    """A value in words."""
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, str):
        spoken = _DURATION.sub(r"\1 \2", value) if _DURATION.fullmatch(value) else value
        short = " ".join(spoken.split())
        return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {in_words(one)}" for name, one in value.items())
    if isinstance(value, Sequence):
        return ", ".join(in_words(one) for one in value) or "none"
    return str(value)


def listed(value: Any) -> Sequence[Any]:
    """The list; an empty one if it is missing."""
    return () if value is MISSING else value


def or_empty(value: Any) -> Any:
    """The mapping; an empty one if it is missing."""
    return {} if value is MISSING else value


def without(rule: Mapping[str, Any], known_by: tuple[str, ...]) -> dict[str, Any]:
    """The rule without the keys by which it is recognised."""
    return {name: value for name, value in rule.items() if name not in known_by}


@dataclass(frozen=True, slots=True)
class RuleLists:
    """Compares two lists of rules.

    A rule is recognised by its condition; the second of two equal ones as second.
    """

    subject: Callable[[Mapping[str, Any]], str]
    """The name of a rule in words."""
    known_by: tuple[str, ...]
    """The keys that make it this rule and no other."""

    def __call__(self, place: Place, old: Any, new: Any) -> Lines:
        """Compare the two lists."""
        before, after = self._named(old), self._named(new)
        for name, rule in {**before, **after}.items():
            here = Place(place.path, self.subject(rule))
            if name not in before:
                said = in_words(without(rule, self.known_by)) or "as it says"
                yield here.path, f"{here.subject}: new, {said}"
            elif name not in after:
                yield here.path, f"{here.subject}: gone"
            else:
                one, other = (without(of[name], self.known_by) for of in (before, after))
                yield from _rule(here, one, other)
        if [name for name in before if name in after] != [name for name in after if name in before]:
            order = "; ".join(self.subject(rule) for name, rule in after.items() if name in before)
            yield place.path, f"{place.subject}: asked in another order: {order}"

    def _named(self, rules: Any) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for rule in listed(rules):
            name = key = json.dumps([rule.get(one) for one in self.known_by])
            number = 1
            while key in found:
                number += 1
                key = f"{name} {number}"
            found[key] = rule
        return found


def _rule(place: Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> Lines:
    for name in {**old, **new}:
        one, other = old.get(name, MISSING), new.get(name, MISSING)
        if name == "points" and one != other:
            path = f"{place.path}.points"
            yield path, f"{place.subject}: {in_words(one)} → {in_words(other)} points"
        else:
            yield from compare_values(place.key(name), one, other)
