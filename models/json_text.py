"""JSON text as values: whatever JSON allows is read, so that a bad item is refused alone.

Python's reader gives up at some hundred levels of nesting and at integers of more than 4,300
digits. Then the whole request would fail, with the good items beside the bad one. So what is nested
deeper than any item may be is cut off, and such a number becomes an infinite one; both are refused
where the item is judged (models/plain_json.py). The gateway and the leads' workflows read with it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from models.plain_json import MOST_DEPTH

_CUT = 3 * MOST_DEPTH
"""Levels that are kept; three times as many as an item may have."""
_PART = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[{]+|[\]}]+', re.DOTALL)
"""A text, or brackets. A text that does not end goes to the end: nothing is read twice."""


def read_json(body: bytes) -> Any:
    """The document. Raises ValueError if it is not JSON."""
    try:
        return json.loads(body, parse_int=_whole)
    except RecursionError:
        return json.loads(_flattened(body), parse_int=_whole)


def _whole(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _flattened(body: bytes) -> bytes:
    """The body with an empty list in place of what is nested too deep."""
    kept: list[bytes] = []
    depth = begin = 0
    for part in _PART.finditer(body):
        run = len(part[0])
        if body[part.start()] in b"[{":
            if depth <= _CUT < depth + run:
                kept.append(body[begin : part.start() + _CUT - depth])
            depth += run
        elif body[part.start()] in b"]}":
            if depth - run <= _CUT < depth:
                kept.append(b"[]")
                begin = part.start() + depth - _CUT
            depth -= run
    if depth <= _CUT:
        kept.append(body[begin:])
    return b"".join(kept)
