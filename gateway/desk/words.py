"""Words of a queue's buttons."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_WORDS = {
    "accept": "Accept",
    "touch": "Touch",
    "hold": "Hold",
    "resume": "Resume",
    "reassign": "Give to …",
}


@dataclass(frozen=True, slots=True)
class Labels:
    """What a queue's template writes beside the leads."""

    words: Mapping[str, str]
    fresh: Callable[[], str]
    """A new id for a form."""


def labels() -> Labels:
    """The words, and new ids."""
    return Labels(_WORDS, lambda: uuid.uuid4().hex)
