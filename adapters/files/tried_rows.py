"""The rows of a dry run with what each would do, kept with an uploaded list."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

TriedOutcome = Literal["create", "update", "unchanged", "rejected"]


class TriedRow(NamedTuple):
    """A row, and what a launch would do with it."""

    what: TriedOutcome
    line: int
    """The line of the file in which it begins."""
    lead: str | None
    """The lead that is there already; None for a new one, or for a row that was rejected."""
    name: str
    """The person's, else the address; empty if the row has no usable lead."""
    why: str
    """Why it was rejected."""
    reason: str
    """The same without the values of the row, as reasons are counted."""


def write_tried(rows: Iterable[TriedRow]) -> bytes:
    """The rows by their lines, as compressed JSON Lines."""
    lines = (json.dumps(one) for one in sorted(rows, key=lambda one: one.line))
    return zlib.compress("\n".join(lines).encode())


def page_of_tried(
    body: bytes,
    what: TriedOutcome,
    reason: str | None = None,
    *,
    but_not: Collection[str] = (),
    page: int,
    size: int,
) -> tuple[list[TriedRow], int]:
    """A page of the rows with one outcome, and how many there are in all.

    `reason` narrows them down to those rejected for it, `but_not` leaves out some reasons.
    """
    begins, ends = f'["{what}",', "]" if reason is None else f", {json.dumps(reason)}]"
    other = tuple(f", {json.dumps(one)}]" for one in but_not)
    # Only the lines of the page are parsed: a list may have 100,000.
    found = [
        one
        for one in zlib.decompress(body).decode().splitlines()
        if one.startswith(begins) and one.endswith(ends) and not one.endswith(other)
    ]
    shown = found[(page - 1) * size : page * size]
    return [TriedRow(*json.loads(one)) for one in shown], len(found)
