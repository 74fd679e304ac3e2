"""What outsiders may send as JSON: how deep, how large, and only what can be written down.

A value that no later stage can store or send on must not get in, because it would make the good
items beside it fail too. So it is checked once, where it arrives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MOST_DEPTH = 32
"""Levels of nesting. Temporal's and pydantic's writers give up between 200 and 300."""
MOST_KEYS = 1_000
"""Keys of all mappings together."""
_WRITTEN_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The character 0 as JSON writes it. A backslash before it makes the same letters plain text."""


def check_plain(raw: Mapping[Any, Any], *, allow_nan: bool = False) -> None:
    """Raise ValueError for what can't be stored: too deep, too many keys, half characters, NaN.

    The character 0 is refused as well, because PostgreSQL stores none.
    """
    check_values(raw)
    try:
        text = json.dumps(raw, ensure_ascii=False, default=str, skipkeys=True, allow_nan=allow_nan)
        text.encode()
    except (ValueError, RecursionError):
        text = "\\u0000"
    if _WRITTEN_NUL.search(text):
        raise ValueError("it holds characters or numbers that can't be written down")


def check_values(raw: Mapping[Any, Any]) -> None:
    """Check how many values an item has, and the shape of each.

    Every stage judges an item by this one measure, so that none refuses what a door accepted.
    """
    if len(raw) > MOST_KEYS:
        raise ValueError(f"it has more than {MOST_KEYS:,} keys")
    for value in raw.values():
        check_shape(value)


def check_shape(raw: object) -> None:
    """Raise ValueError for what is nested too deep or has too many keys.

    It walks level by level, so that no depth is too deep for the walk itself.
    """
    level: list[object] = [raw]
    keys = 0
    for _ in range(MOST_DEPTH + 1):
        below: list[object] = []
        for one in level:
            if isinstance(one, Mapping):
                keys += len(one)
                below.extend(one.values())
            elif isinstance(one, list | tuple):
                below.extend(one)
        if keys > MOST_KEYS:
            raise ValueError(f"it has more than {MOST_KEYS:,} keys")
        if not below:
            return
        level = below
    raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels")
