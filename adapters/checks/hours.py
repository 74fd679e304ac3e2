"""A block of time that ends at 23:59 leaves out the last minute of the day."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.documents.marked import Node


def warn_of_the_last_minute(root: Node) -> None:
    """Warn of each block that ends at 23:59."""
    for block in _blocks(root):
        start, _, end = (block.text or "").replace(" ", "").partition("-")
        if end == "23:59":
            block.warn(
                f"'{block.text}' ends a minute before midnight, and the day has a gap there;"
                f" write '{start}-24:00'"
            )


def _blocks(root: Node) -> Iterator[Node]:
    for calendar in root.get("calendars").values():
        for blocks in calendar.get("hours").values():
            yield from blocks.each() if isinstance(blocks.value, list) else (blocks,)
    yield root.get("sending", "send_window", "hours")
    for email in root.get("emails").values():
        yield email.get("send_window", "hours")
