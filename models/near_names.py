"""The remedy for a name that is not known: the nearest one that is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 100
"""Characters of an unknown name that are compared; comparing takes time with each of them."""
_SURE = 0.8
"""From this likeness on, names that begin with different letters are taken for the same."""

_OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "body": ("text",),
    "bool": ("flag",),
    "boolean": ("flag",),
    "condition": ("when",),
    "content": ("text",),
    "default": ("otherwise",),
    "delay": ("wait",),
    "else": ("otherwise",),
    "event": ("on",),
    "float": ("number",),
    "goal": ("exit",),
    "html": ("template",),
    "if": ("when",),
    "int": ("number",),
    "integer": ("number",),
    "limit": ("at_most",),
    "mail": ("email",),
    "max": ("at_most",),
    "name": ("program",),
    "no": ("else",),
    "pause": ("wait",),
    "region": ("subdivision",),
    "send": ("email",),
    "sequences": ("tracks",),
    "state": ("subdivision",),
    "string": ("text",),
    "title": ("subject",),
    "to": ("team",),
    "trigger": ("on", "start_on"),
    "workflows": ("tracks",),
    "yes": ("then",),
}
"""Words of other tools, and what programs call the same."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that was probably meant, if any is close or another word for it."""
    by_folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    folded = word[:_LONGEST].casefold()
    for same in _OTHER_WORDS.get(folded, ()):
        if same in by_folded and folded not in by_folded:
            return by_folded[same]
    for found in difflib.get_close_matches(folded, by_folded, n=3, cutoff=0.6):
        likeness = difflib.SequenceMatcher(None, folded, found).ratio()
        contained = folded in found or found in folded
        if found[:1] == folded[:1] or contained or likeness >= _SURE:
            return by_folded[found]
    return None


def meant(word: str, names: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest known one, else what there is."""
    known = sorted(set(names))
    if close := nearest(word, known):
        return f"did you mean '{close}'?"
    if not known:
        return "there is none yet"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"known: {shown}"
