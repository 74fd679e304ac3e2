"""What changed between two JSON objects, as a third: every turn's outcome stands in a history.

An object within an object is patched likewise; a list is written whole. None means "gone",
so there may be no null in what is compared: `models.state.dump_state` writes none.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def patch(before: Json, after: Json) -> Json:
    """What makes `after` of `before`: the keys that differ, None for those that are gone."""
    changes: Json = dict.fromkeys(sorted(before.keys() - after.keys()))
    for key, value in after.items():
        old = before.get(key)
        if old != value:
            both = isinstance(old, dict) and isinstance(value, dict)
            changes[key] = patch(before[key], value) if both else value
    return changes


def patched(before: Json, changes: Json) -> Json:
    """`before` with the changes made; it stays as it is itself."""
    after = dict(before)
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        else:
            both = isinstance(before.get(key), dict) and isinstance(value, dict)
            after[key] = patched(before[key], value) if both else value
    return after
