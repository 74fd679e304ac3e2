"""Hours that are not what they look like: a gap before midnight, a day that is named twice."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.documents.marked import Node
from models.hours import parse_days


def warn_of_the_last_minute(root: Node) -> None:
    """Warn of each block that ends at 23:59."""
    for block in _blocks(root):
        start, _, end = (block.text or "").replace(" ", "").partition("-")
        if end == "23:59":
            block.warn(
                f"'{block.text}' ends a minute before midnight, and the day has a gap there;"
                f" write '{start}-24:00'"
            )


def warn_of_days_named_twice(root: Node) -> None:
    """Warn of days that a calendar names in two keys: their hours are joined."""
    for calendar in root.get("calendars").values():
        seen: dict[int, str] = {}
        for key, blocks in calendar.get("hours").items():
            twice = [day for day in sorted(parse_days(key)) if day in seen]
            if twice:
                names = " and ".join(dict.fromkeys(seen[day] for day in twice))
                blocks.warn(
                    f"'{key}' is in '{names}' too, and the hours of both are joined; name each day"
                    " once, like mon-tue, wed and thu-fri",
                    key=True,
                )
            elif isinstance(blocks.value, list) and not blocks.value:
                blocks.warn("no hours; a day that is closed is left out", key=True)
            seen |= dict.fromkeys(parse_days(key), key)


def _blocks(root: Node) -> Iterator[Node]:
    for calendar in root.get("calendars").values():
        for blocks in calendar.get("hours").values():
            yield from blocks.each() if isinstance(blocks.value, list) else (blocks,)
    yield root.get("sending", "send_window", "hours")
    for email in root.get("emails").values():
        yield email.get("send_window", "hours")
