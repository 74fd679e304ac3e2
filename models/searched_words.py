"""Text in the form in which the search compares it: one form for all scripts and capitals."""

from __future__ import annotations

import unicodedata


def compared(text: str) -> str:
    """Without capitals, and each letter in one spelling (NFKC).

    An umlaut is one character, whether it was typed as one or as a letter with a mark; wide and
    narrow Japanese characters are the same.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
