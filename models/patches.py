"""The difference between two JSON objects, as a third object, which histories keep.

An object within an object is compared in the same way. A list is written whole. None means that a
key is gone, so the objects must not contain null; `models.state.dump_state` writes none.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def patch(before: Json, after: Json) -> Json:
    """The keys of `after` that differ from `before`; None for keys that are gone."""
    changes: Json = dict.fromkeys(sorted(before.keys() - after.keys()))
    for key, value in after.items():
        old = before.get(key)
        if old != value:
            both = isinstance(old, dict) and isinstance(value, dict)
            changes[key] = patch(before[key], value) if both else value
    return changes


def patched(before: Json, changes: Json) -> Json:
    """A copy of `before` with the changes made."""
    after = dict(before)
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        else:
            both = isinstance(before.get(key), dict) and isinstance(value, dict)
            after[key] = patched(before[key], value) if both else value
    return after
