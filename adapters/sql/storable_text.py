"""Text from outside, as every database accepts it.

PostgreSQL refuses NUL, and no database takes half of a surrogate pair. In a JSON column both are
escaped, so only columns of text need this.
"""

from __future__ import annotations


def storable(text: str) -> str:
    """The text without NUL, and with `?` for half of a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode()
