"""The differences between the tracks of two versions: a step is recognised by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.changes.compared_values import (
    MISSING,
    Lines,
    Place,
    compare_order,
    compare_values,
    in_words,
    listed,
    or_empty,
)
from lifecycle.program.step_ids import document_order, step_ids
from models.program.tracks import Track, step_kind


def compare_tracks(place: Place, old: Any, new: Any) -> Lines:
    """Compare the tracks of two programs, with their steps as `written_steps` writes them."""
    before, after = or_empty(old), or_empty(new)
    for name in {**before, **after}:
        here = place.key(name, f"track {name}")
        if name not in after:
            yield here.path, f"{here.subject}: gone"
        elif name not in before:
            steps = ", ".join(one for one in after[name]["steps"] if one != "track")
            yield here.path, f"{here.subject}: new, with the steps {steps}"
        else:
            yield from _track(here, before[name], after[name])
    yield from compare_order(place, before, after)


def _track(place: Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> Lines:
    for name in {**old, **new}:
        if name != "steps":
            yield from compare_values(
                place.key(name), old.get(name, MISSING), new.get(name, MISSING)
            )
    before, after = old["steps"], new["steps"]
    for step in {**before, **after}:
        here = Place(f"{place.path}.steps", f"{place.subject}: step `{step}`")
        if step not in after:
            yield here.path, f"{here.subject} is gone"
        elif step not in before:
            yield here.path, f"{here.subject} is new"
        else:
            yield from _step(here, before[step], after[step], set(before) & set(after))


def _step(
    place: Place, old: Mapping[str, Any], new: Mapping[str, Any], surviving: set[str]
) -> Lines:
    for part in {**old, **new}:
        one, other = old.get(part, MISSING), new.get(part, MISSING)
        if part in ("then", "else"):
            # Added and removed steps have lines of their own; here is what changed its place.
            kept = [[step for step in listed(ids) if step in surviving] for ids in (one, other)]
            if kept[0] != kept[1]:
                order = f"order {in_words(kept[0])} → {in_words(kept[1])}"
                if old["kind"] == "track":
                    yield place.path, f"{place.subject.partition(': step')[0]}: {order}"
                else:
                    yield place.path, f"{place.subject}, {part}: {order}"
        else:
            yield from compare_values(place.key(part), one, other)


def written_steps(track: Track) -> dict[str, dict[str, Any]]:
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
