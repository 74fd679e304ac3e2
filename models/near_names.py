"""The remedy for a name that is not known: the nearest one that is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 100
"""Characters of an unknown name that are compared; comparing takes time with each of them."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that was probably meant, if any is close."""
    by_folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    found = difflib.get_close_matches(word[:_LONGEST].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def meant(word: str, names: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest known one, else what there is."""
    known = sorted(set(names))
    if close := nearest(word, known):
        return f"did you mean '{close}'?"
    if not known:
        return "there is none yet"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"known: {shown}"
