"""The differences between two versions of a program, in the program's own words.

The comparison walks both programs as JSON, so that every difference has a line. A step is
recognised by its id, a rule by its condition, a reason by its name. So a step that moved is one
line, and an inserted rule changes no line of the rules after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lifecycle.changes.compared_tracks import compare_tracks, written_steps
from lifecycle.changes.compared_values import (
    MISSING,
    Compare,
    Lines,
    Place,
    RuleLists,
    compare_order,
    compare_values,
    in_words,
    listed,
    or_empty,
    without,
)
from models.program.program import Program

Touched = Literal["every lead", "leads in tracks", "leads with sales", "schedules and reports"]
"""Which leads a difference affects; differences are listed in this order."""


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


_DAYS_NAMED = 4
"""So many days of a calendar are named; more are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference of the newer version."""

    touches: Touched
    path: str
    """Its place, like `handoff.accept.within`."""
    words: str
    """The difference as a line, like `accept clock: within 4 h → 2 h`."""


def differences(old: Program, new: Program) -> tuple[Difference, ...]:
    """All differences of `new` from `old`, by the leads that they affect.

    Empty if they are equal.
    """
    before, after = _written(old), _written(new)
    found: list[Difference] = []
    for section in {**before, **after}:
        touches = _SECTIONS[section]
        place = Place(section, section.replace("_", " "))
        compare = _COMPARISONS.get(section, compare_values)
        lines = compare(place, before.get(section, MISSING), after.get(section, MISSING))
        found += [Difference(touches, path, words) for path, words in lines]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.touches)))


def _written(program: Program) -> dict[str, Any]:
    """The program's canonical JSON, its steps under their ids."""
    data: dict[str, Any] = json.loads(program.canonical_json)
    for name, track in program.tracks.items():
        data["tracks"][name]["steps"] = written_steps(track)
    return data


def _when(rule: Mapping[str, Any]) -> str:
    return f"when {rule['when']}" if "when" in rule else "otherwise"


def _engagement_rule(rule: Mapping[str, Any]) -> str:
    asked = f" when {rule['when']}" if "when" in rule else ""
    return f"{rule['on']}{asked}"


def _idle_rule(rule: Mapping[str, Any]) -> str:
    return f"idle in {', '.join(rule['in'])}: {rule['do']} as {rule['reason']}"


def _scoring(place: Place, old: Any, new: Any) -> Lines:
    before, after = or_empty(old), or_empty(new)
    fit = RuleLists(lambda rule: f"fit {_when(rule)}", ("when",))
    yield from fit(place.key("fit"), before.get("fit", ()), after.get("fit", ()))
    one, other = or_empty(before.get("engagement", {})), or_empty(after.get("engagement", {}))
    engagement = place.key("engagement", "engagement")
    yield from compare_values(
        engagement.key("half_life", "half-life of engagement"),
        one.get("half_life", MISSING),
        other.get("half_life", MISSING),
    )
    rules = RuleLists(_engagement_rule, ("on", "when"))
    yield from rules(engagement.key("rules"), one.get("rules", ()), other.get("rules", ()))


def _lifecycle(place: Place, old: Any, new: Any) -> Lines:
    before, after = or_empty(old), or_empty(new)
    lists = {
        "disqualify": RuleLists(lambda rule: f"disqualify {_when(rule)}", ("when",)),
        "idle": RuleLists(_idle_rule, ("in", "do", "reason")),
    }
    for name in {**before, **after}:
        compare = lists.get(name, compare_values)
        here = place.key(name, f"{name.replace('_', ' ')} rule")
        empty = () if name in lists else MISSING
        yield from compare(here, before.get(name, empty), after.get(name, empty))


def _emails(place: Place, old: Any, new: Any) -> Lines:
    for name in {**or_empty(old), **or_empty(new)}:
        here = place.key(name, f"e-mail {name}")
        one, other = or_empty(old).get(name, MISSING), or_empty(new).get(name, MISSING)
        if one is MISSING or other is MISSING:
            gone = "gone" if other is MISSING else "new"
            subject = in_words(or_empty(one if other is MISSING else other).get("subject", ""))
            yield here.path, f"{here.subject}: {gone}, “{subject}”"
            continue
        for part in {**one, **other}:
            if one.get(part, MISSING) == other.get(part, MISSING):
                continue
            spoken = {"mjml": "body", "text": "body", "template": "template file"}.get(part, part)
            if part == "send_window":
                windows = [of.get(part, MISSING) for of in (one, other)]
                yield from _send_window(here.key(part), *windows)
            elif part in ("mjml", "text", "subject", "preheader"):
                yield here.key(part).path, f"{here.subject}: {spoken} changed"
            else:
                yield from compare_values(
                    here.key(part), one.get(part, MISSING), other.get(part, MISSING)
                )
    yield from compare_order(place, or_empty(old), or_empty(new))


def _handoff(place: Place, old: Any, new: Any) -> Lines:
    before, after = or_empty(old), or_empty(new)
    for name in {**before, **after}:
        one, other = before.get(name, MISSING), after.get(name, MISSING)
        if name == "routing":
            routes = RuleLists(lambda rule: f"route {_when(rule)}", ("when",))
            yield from routes(place.key(name, "routing"), one, other)
        elif name in ("accept", "first_touch", "qualify"):
            spoken = f"{name.replace('_', ' ')} clock"
            yield from _clocks(place.key(name, spoken), one, other)
        else:
            yield from compare_values(place.key(name, name.replace("_", " ")), one, other)


def _clocks(place: Place, old: Any, new: Any) -> Lines:
    """A clock, or a list of clocks with `when`."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for part in {**old, **new}:
            one, other = old.get(part, MISSING), new.get(part, MISSING)
            if part == "within" and one != other:
                of = f" of `{new['calendar']}`" if "calendar" in new else ""
                yield (
                    f"{place.path}.within",
                    f"{place.subject}: {in_words(one)} → {in_words(other)}{of}",
                )
            else:
                yield from compare_values(place.key(part), one, other)
        return
    lists = [[one] if isinstance(one, Mapping) else listed(one) for one in (old, new)]
    clocks = RuleLists(lambda rule: f"{place.subject} {_when(rule)}", ("when",))
    yield from clocks(place, *lists)


def _calendars(place: Place, old: Any, new: Any) -> Lines:
    before, after = or_empty(old), or_empty(new)
    for name in {**before, **after}:
        here = place.key(name, f"calendar {name}")
        one, other = before.get(name, MISSING), after.get(name, MISSING)
        if one is MISSING or other is MISSING:
            yield here.path, f"{here.subject}: {'new' if one is MISSING else 'gone'}"
        else:
            yield from _calendar(here, one, other)
    yield from compare_order(place, before, after)


def _sending(place: Place, old: Any, new: Any) -> Lines:
    before, after = or_empty(old), or_empty(new)
    for name in {**before, **after}:
        compare = _send_window if name == "send_window" else compare_values
        here = place.key(name)
        yield from compare(here, before.get(name, MISSING), after.get(name, MISSING))


def _send_window(place: Place, old: Any, new: Any) -> Lines:
    if old is not MISSING and new is not MISSING:
        yield from _calendar(place, old, new)
        return
    shown = [one if one is MISSING else _without_dates(one) for one in (old, new)]
    yield from compare_values(place, *shown)


def _without_dates(window: Mapping[str, Any]) -> dict[str, Any]:
    """The window without the dates of its holidays, which are hundreds."""
    if "holidays" not in window:
        return dict(window)
    return {**window, "holidays": without(window["holidays"], ("dates",))}


def _calendar(place: Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> Lines:
    """A calendar or a send window: its holidays by their days."""
    for part in {**old, **new}:
        one, other = old.get(part, MISSING), new.get(part, MISSING)
        if part != "holidays":
            yield from compare_values(place.key(part), one, other)
            continue
        here = place.key(part, f"{place.subject}: holidays")
        days = [or_empty(value).get("dates") or () for value in (one, other)]
        closed, opened = sorted({*days[1]} - {*days[0]}), sorted({*days[0]} - {*days[1]})
        if closed:
            yield here.path, f"{place.subject}: closed on {_days(closed)}"
        if opened:
            yield here.path, f"{place.subject}: open on {_days(opened)}, a holiday before"
        if not (closed or opened):
            # The days show the change. What else changed is listed if the days are the same.
            rest = [without(or_empty(value), ("dates",)) for value in (one, other)]
            yield from compare_values(here, *rest)
            if list(days[0]) != list(days[1]):
                yield here.path, f"{here.subject}: the same days in another order"


def _days(days: Sequence[str]) -> str:
    more = f" and {len(days) - _DAYS_NAMED} more days" if len(days) > _DAYS_NAMED else ""
    return ", ".join(days[:_DAYS_NAMED]) + more


_COMPARISONS: dict[str, Compare] = {
    "doors": RuleLists(lambda rule: f"door {_when(rule)}", ("when",)),
    "scoring": _scoring,
    "lifecycle": _lifecycle,
    "sending": _sending,
    "emails": _emails,
    "tracks": compare_tracks,
    "handoff": _handoff,
    "calendars": _calendars,
}
