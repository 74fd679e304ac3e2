"""Whether a text that an encoding makes of some bytes may be a word of people.

An encoding that is not the file's makes symbols amid letters, mixed scripts, and rare letters.
"""

from __future__ import annotations

import unicodedata

_COMMON = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "cp949": ("euc_kr", 0xB0, 0xC8),
    "cp932": ("shift_jis", 0x82, 0x98),
    "euc_jis_2004": ("euc_jp", 0xA4, 0xCF),
}
"""By encoding: the standard in which common letters have these first bytes. Each of
these encodings reads another's text too, as rare letters."""
EAST = frozenset(_COMMON)
"""Encodings of East Asia."""
_JAPANESE = ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH", "IDEOGRAPHIC")
"""How the names of letters begin that stand in one word with Chinese ones."""
_REPEATING = "ー々"
"""Letters of Japanese words that stand among the signs of those standards."""
_WITHIN = "’–—·\xa0"
_BEFORE_LETTER = _WITHIN + "‘“„«‹¿¡#@"
_AFTER_LETTER = _WITHIN + "”»›®™©ªº°…"


def is_word(text: str, codec: str) -> bool:
    """Whether this may be a word: of one script, without a symbol or a capital amid letters.

    In an encoding of East Asia its letters are common ones.
    """
    foreign = [one for one in text if not one.isascii()]
    if codec in _COMMON and not all(_is_common(one, codec) for one in foreign):
        return False
    if len(foreign) > 1 and not any(one.isalpha() for one in text):
        return False
    scripts = {_script(letter) for letter in text if letter.isalpha()}
    if len(scripts) > 1:
        return False
    return all(
        letter.isascii() or _fits(letter, text[at - 1 : at], text[at + 1 : at + 2])
        for at, letter in enumerate(text)
    )


def _is_common(letter: str, codec: str) -> bool:
    standard, first, last = _COMMON[codec]
    if letter in _REPEATING:
        return standard in ("shift_jis", "euc_jp")
    try:
        read = letter.encode(standard)
    except UnicodeEncodeError:
        return False
    return (first <= read[0] <= last and len(read) > 1) or not letter.isalpha()


def _fits(letter: str, before: str, after: str) -> bool:
    category = unicodedata.category(letter)
    if letter in _REPEATING:
        return before.isalpha()
    if "\u2500" <= letter <= "\u259f":
        return False  # lines and blocks, which KOI8 draws
    if category in ("Cc", "Co", "Cn", "Lm", "Sk"):
        return False
    if not letter.isalpha():
        return (not before.isalpha() or letter in _AFTER_LETTER) and (
            not after.isalpha() or letter in _BEFORE_LETTER
        )
    if category == "Lu":
        return not before.isalpha() or (before.isupper() and not after.islower())
    return not (category == "Ll" and after.isupper())


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "none").split(" ", 1)[0]
    return "CJK" if name in _JAPANESE else name
