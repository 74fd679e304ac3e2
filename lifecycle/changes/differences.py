"""What two versions of a program say differently, in the program's own words.

The comparison walks both programs as JSON, so that nothing can differ without a line. What can be
named is found again by its name: a step by its id, a rule by what it asks, a reason by its word.
So a step that moved is one line, and a rule that was inserted does not change those after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lifecycle.program.rulebook import document_order, step_ids
from models.program.program import Program
from models.program.tracks import Track, step_kind

Touched = Literal["every lead", "leads in tracks", "leads with sales", "schedules and reports"]
"""Whom a difference touches; differences are listed in this order."""

_ORDER: tuple[Touched, ...] = (
    "every lead",
    "leads in tracks",
    "leads with sales",
    "schedules and reports",
)
_SECTIONS: dict[str, Touched] = {
    "timezone": "every lead",
    "fields": "every lead",
    "doors": "every lead",
    "scoring": "every lead",
    "lifecycle": "every lead",
    "recycle": "every lead",
    "disqualify": "every lead",
    "lost_reasons": "every lead",
    "tracks": "leads in tracks",
    "emails": "leads in tracks",
    "sending": "leads in tracks",
    "handoff": "leads with sales",
    "calendars": "leads with sales",
    "schedules": "schedules and reports",
    "targets": "schedules and reports",
    "intake": "schedules and reports",
    "program": "schedules and reports",
}
_LONGEST = 60
_DAYS_NAMED = 4
"""So many days of a calendar are named; more are counted."""
_DURATION = re.compile(r"(\d+)([mhdw])")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the newer version says differently."""

    touches: Touched
    path: str
    """Where it stands, like `handoff.accept.within`."""
    words: str
    """The difference as a line, like `accept clock: within 4 h → 2 h`."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: its path, and what it is called in words."""

    path: str
    subject: str

    def key(self, name: str, subject: str | None = None) -> _Place:
        """A part of this place; in words it is `subject`, else this place's words and its name."""
        spoken = name.replace("_", " ")
        words = subject if subject is not None else f"{self.subject}: {spoken}"
        return _Place(f"{self.path}.{name}".removeprefix("."), words)


def differences(old: Program, new: Program) -> tuple[Difference, ...]:
    """All that `new` says differently from `old`, by whom it touches. Empty if they are equal."""
    before, after = _written(old), _written(new)
    found: list[Difference] = []
    for section in {**before, **after}:
        touches = _SECTIONS[section]
        place = _Place(section, section.replace("_", " "))
        compare = _COMPARISONS.get(section, _values)
        lines = compare(place, before.get(section, _MISSING), after.get(section, _MISSING))
        found += [Difference(touches, path, words) for path, words in lines]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.touches)))


_Lines = Iterator[tuple[str, str]]
_Compare = Callable[[_Place, Any, Any], _Lines]


def _written(program: Program) -> dict[str, Any]:
    """The program's canonical JSON, its steps under their ids."""
    data: dict[str, Any] = json.loads(program.canonical_json)
    for name, track in program.tracks.items():
        data["tracks"][name]["steps"] = _steps(track)
    return data


def _steps(track: Track) -> dict[str, dict[str, Any]]:
    """Each step under its id, in document order, with the ids of its branches' steps."""
    ids = step_ids(track)
    written: dict[str, dict[str, Any]] = {}
    for step in document_order(track.steps):
        data = step.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        data.pop("id", None)
        for branch, field in (("then", "then"), ("else", "else_")):
            if branch in data:
                data[branch] = [ids[id(one)] for one in getattr(step, field)]
        written[ids[id(step)]] = {"kind": step_kind(step), **data}
    written["track"] = {"kind": "track", "then": [ids[id(one)] for one in track.steps]}
    return written


# -- one value -------------------------------------------------------------------------


def _values(place: _Place, old: Any, new: Any) -> _Lines:
    """Two values of any kind: mappings by their keys, all else as a whole."""
    if old == new and _same_order(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(place, old, new, _values)
    elif old is _MISSING:
        yield place.path, f"{place.subject}: new, {_said(new)}"
    elif new is _MISSING:
        yield place.path, f"{place.subject}: gone, was {_said(old)}"
    else:
        yield place.path, f"{place.subject}: {_said(old)} → {_said(new)}"


def _mappings(
    place: _Place, old: Mapping[str, Any], new: Mapping[str, Any], compare: _Compare
) -> _Lines:
    for name in {**old, **new}:
        yield from compare(place.key(name), old.get(name, _MISSING), new.get(name, _MISSING))
    yield from _order(place, old, new)


def _order(place: _Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Lines:
    """The order of what both have, where it changed."""
    before = [name for name in old if name in new]
    after = [name for name in new if name in old]
    if before != after:
        yield place.path, f"{place.subject}: order {', '.join(before)} → {', '.join(after)}"


def _same_order(old: Any, new: Any) -> bool:
    return json.dumps(old, default=str) == json.dumps(new, default=str)


def _said(value: Any) -> str:
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
        return ", ".join(f"{name.replace('_', ' ')} {_said(one)}" for name, one in value.items())
    if isinstance(value, Sequence):
        return ", ".join(_said(one) for one in value) or "none"
    return str(value)


# -- lists of rules --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rules:
    """Compares two lists of rules. A rule is known by what it asks, the second of two as second."""

    subject: Callable[[Mapping[str, Any]], str]
    """What a rule is called in words."""
    known_by: tuple[str, ...]
    """The keys that make it this rule and no other."""

    def __call__(self, place: _Place, old: Any, new: Any) -> _Lines:
        before, after = self._named(old), self._named(new)
        for name, rule in {**before, **after}.items():
            here = _Place(place.path, self.subject(rule))
            if name not in before:
                said = _said(_rest(rule, self.known_by)) or "as it says"
                yield here.path, f"{here.subject}: new, {said}"
            elif name not in after:
                yield here.path, f"{here.subject}: gone"
            else:
                one, other = (_rest(of[name], self.known_by) for of in (before, after))
                yield from _rule(here, one, other)
        if [name for name in before if name in after] != [name for name in after if name in before]:
            order = "; ".join(self.subject(rule) for name, rule in after.items() if name in before)
            yield place.path, f"{place.subject}: asked in another order: {order}"

    def _named(self, rules: Any) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for rule in _listed(rules):
            name = key = json.dumps([rule.get(one) for one in self.known_by])
            number = 1
            while key in found:
                number += 1
                key = f"{name} {number}"
            found[key] = rule
        return found


def _rule(place: _Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Lines:
    for name in {**old, **new}:
        one, other = old.get(name, _MISSING), new.get(name, _MISSING)
        if name == "points" and one != other:
            path = f"{place.path}.points"
            yield path, f"{place.subject}: {_said(one)} → {_said(other)} points"
        else:
            yield from _values(place.key(name), one, other)


def _rest(rule: Mapping[str, Any], known_by: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in known_by}


def _when(rule: Mapping[str, Any]) -> str:
    return f"when {rule['when']}" if "when" in rule else "otherwise"


def _engagement_rule(rule: Mapping[str, Any]) -> str:
    asked = f" when {rule['when']}" if "when" in rule else ""
    return f"{rule['on']}{asked}"


def _idle_rule(rule: Mapping[str, Any]) -> str:
    return f"idle in {', '.join(rule['in'])}: {rule['do']} as {rule['reason']}"


# -- sections that need words of their own ---------------------------------------------


def _empty(value: Any) -> Any:
    return {} if value is _MISSING else value


def _scoring(place: _Place, old: Any, new: Any) -> _Lines:
    before, after = _empty(old), _empty(new)
    fit = _Rules(lambda rule: f"fit {_when(rule)}", ("when",))
    yield from fit(place.key("fit"), before.get("fit", ()), after.get("fit", ()))
    one, other = _empty(before.get("engagement", {})), _empty(after.get("engagement", {}))
    engagement = place.key("engagement", "engagement")
    yield from _values(
        engagement.key("half_life", "half-life of engagement"),
        one.get("half_life", _MISSING),
        other.get("half_life", _MISSING),
    )
    rules = _Rules(_engagement_rule, ("on", "when"))
    yield from rules(engagement.key("rules"), one.get("rules", ()), other.get("rules", ()))


def _lifecycle(place: _Place, old: Any, new: Any) -> _Lines:
    before, after = _empty(old), _empty(new)
    lists = {
        "disqualify": _Rules(lambda rule: f"disqualify {_when(rule)}", ("when",)),
        "idle": _Rules(_idle_rule, ("in", "do", "reason")),
    }
    for name in {**before, **after}:
        compare = lists.get(name, _values)
        here = place.key(name, f"{name.replace('_', ' ')} rule")
        empty = () if name in lists else _MISSING
        yield from compare(here, before.get(name, empty), after.get(name, empty))


def _emails(place: _Place, old: Any, new: Any) -> _Lines:
    for name in {**_empty(old), **_empty(new)}:
        here = place.key(name, f"e-mail {name}")
        one, other = _empty(old).get(name, _MISSING), _empty(new).get(name, _MISSING)
        if one is _MISSING or other is _MISSING:
            gone = "gone" if other is _MISSING else "new"
            subject = _said(_empty(one if other is _MISSING else other).get("subject", ""))
            yield here.path, f"{here.subject}: {gone}, “{subject}”"
            continue
        for part in {**one, **other}:
            if one.get(part, _MISSING) == other.get(part, _MISSING):
                continue
            spoken = {"mjml": "body", "text": "body", "template": "template file"}.get(part, part)
            if part == "send_window":
                windows = [of.get(part, _MISSING) for of in (one, other)]
                yield from _send_window(here.key(part), *windows)
            elif part in ("mjml", "text", "subject", "preheader"):
                yield here.key(part).path, f"{here.subject}: {spoken} changed"
            else:
                yield from _values(
                    here.key(part), one.get(part, _MISSING), other.get(part, _MISSING)
                )
    yield from _order(place, _empty(old), _empty(new))


def _tracks(place: _Place, old: Any, new: Any) -> _Lines:
    before, after = _empty(old), _empty(new)
    for name in {**before, **after}:
        here = place.key(name, f"track {name}")
        if name not in after:
            yield here.path, f"{here.subject}: gone"
        elif name not in before:
            steps = ", ".join(one for one in after[name]["steps"] if one != "track")
            yield here.path, f"{here.subject}: new, with the steps {steps}"
        else:
            yield from _track(here, before[name], after[name])
    yield from _order(place, before, after)


def _track(place: _Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Lines:
    for name in {**old, **new}:
        if name != "steps":
            yield from _values(place.key(name), old.get(name, _MISSING), new.get(name, _MISSING))
    before, after = old["steps"], new["steps"]
    for step in {**before, **after}:
        here = _Place(f"{place.path}.steps", f"{place.subject}: step `{step}`")
        if step not in after:
            yield here.path, f"{here.subject} is gone"
        elif step not in before:
            yield here.path, f"{here.subject} is new"
        else:
            yield from _step(here, before[step], after[step], set(before) & set(after))


def _step(
    place: _Place, old: Mapping[str, Any], new: Mapping[str, Any], surviving: set[str]
) -> _Lines:
    for part in {**old, **new}:
        one, other = old.get(part, _MISSING), new.get(part, _MISSING)
        if part in ("then", "else"):
            # Steps that come or go have lines of their own; here is what changed its place.
            kept = [[step for step in _listed(ids) if step in surviving] for ids in (one, other)]
            if kept[0] != kept[1]:
                where = "" if old["kind"] == "track" else f", {part}"
                subject = (
                    place.subject.partition(": step `track`")[0] if not where else place.subject
                )
                yield place.path, f"{subject}{where}: order {_said(kept[0])} → {_said(kept[1])}"
        else:
            yield from _values(place.key(part), one, other)


def _listed(value: Any) -> Sequence[Any]:
    return () if value is _MISSING else value


def _handoff(place: _Place, old: Any, new: Any) -> _Lines:
    before, after = _empty(old), _empty(new)
    for name in {**before, **after}:
        one, other = before.get(name, _MISSING), after.get(name, _MISSING)
        if name == "routing":
            routes = _Rules(lambda rule: f"route {_when(rule)}", ("when",))
            yield from routes(place.key(name, "routing"), one, other)
        elif name in ("accept", "first_touch", "qualify"):
            spoken = f"{name.replace('_', ' ')} clock"
            yield from _clocks(place.key(name, spoken), one, other)
        else:
            yield from _values(place.key(name, name.replace("_", " ")), one, other)


def _clocks(place: _Place, old: Any, new: Any) -> _Lines:
    """A clock, or a list of clocks with `when`."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for part in {**old, **new}:
            one, other = old.get(part, _MISSING), new.get(part, _MISSING)
            if part == "within" and one != other:
                of = f" of `{new['calendar']}`" if "calendar" in new else ""
                yield f"{place.path}.within", f"{place.subject}: {_said(one)} → {_said(other)}{of}"
            else:
                yield from _values(place.key(part), one, other)
        return
    listed = [_listed(one) if not isinstance(one, Mapping) else [one] for one in (old, new)]
    clocks = _Rules(lambda rule: f"{place.subject} {_when(rule)}", ("when",))
    yield from clocks(place, *listed)


def _calendars(place: _Place, old: Any, new: Any) -> _Lines:
    before, after = _empty(old), _empty(new)
    for name in {**before, **after}:
        here = place.key(name, f"calendar {name}")
        one, other = before.get(name, _MISSING), after.get(name, _MISSING)
        if one is _MISSING or other is _MISSING:
            yield here.path, f"{here.subject}: {'new' if one is _MISSING else 'gone'}"
        else:
            yield from _calendar(here, one, other)
    yield from _order(place, before, after)


def _sending(place: _Place, old: Any, new: Any) -> _Lines:
    before, after = _empty(old), _empty(new)
    for name in {**before, **after}:
        compare = _send_window if name == "send_window" else _values
        here = place.key(name)
        yield from compare(here, before.get(name, _MISSING), after.get(name, _MISSING))


def _send_window(place: _Place, old: Any, new: Any) -> _Lines:
    if old is not _MISSING and new is not _MISSING:
        yield from _calendar(place, old, new)
        return
    shown = [one if one is _MISSING else _without_dates(one) for one in (old, new)]
    yield from _values(place, *shown)


def _without_dates(window: Mapping[str, Any]) -> dict[str, Any]:
    """The window without the dates of its holidays, which are hundreds."""
    if "holidays" not in window:
        return dict(window)
    return {**window, "holidays": _rest(window["holidays"], ("dates",))}


def _calendar(place: _Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Lines:
    """A calendar or a send window: its holidays by their days."""
    for part in {**old, **new}:
        one, other = old.get(part, _MISSING), new.get(part, _MISSING)
        if part != "holidays":
            yield from _values(place.key(part), one, other)
            continue
        here = place.key(part, f"{place.subject}: holidays")
        days = [_empty(value).get("dates") or () for value in (one, other)]
        closed, opened = sorted({*days[1]} - {*days[0]}), sorted({*days[0]} - {*days[1]})
        if closed:
            yield here.path, f"{place.subject}: closed on {_days(closed)}"
        if opened:
            yield here.path, f"{place.subject}: open on {_days(opened)}, a holiday before"
        if not (closed or opened):
            # The days say it all; what else changed is told where they are the same.
            rest = [_rest(_empty(value), ("dates",)) for value in (one, other)]
            yield from _values(here, *rest)
            if list(days[0]) != list(days[1]):
                yield here.path, f"{here.subject}: the same days in another order"


def _days(days: Sequence[str]) -> str:
    more = f" and {len(days) - _DAYS_NAMED} more days" if len(days) > _DAYS_NAMED else ""
    return ", ".join(days[:_DAYS_NAMED]) + more


_COMPARISONS: dict[str, _Compare] = {
    "doors": _Rules(lambda rule: f"door {_when(rule)}", ("when",)),
    "scoring": _scoring,
    "lifecycle": _lifecycle,
    "sending": _sending,
    "emails": _emails,
    "tracks": _tracks,
    "handoff": _handoff,
    "calendars": _calendars,
}
