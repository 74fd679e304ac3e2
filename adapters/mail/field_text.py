"""A lead's fields in a mail: text that anybody may have written, so it is text and nothing else.

Who fills in a form as `https://evil.example`, or with a page of text, or with letters that turn
the sentence around, would otherwise write to our readers under our name.
"""

from __future__ import annotations

import re
import unicodedata

from adapters.mail.text import URL
from models.addresses import one_line

JOINER = "\u2060"
"""A word joiner: it can't be seen, and no mail program finds a link across it."""
LONGEST = {"first_name": 60, "last_name": 60, "name": 120, "company": 100, "title": 100}
LONGEST_OTHER = 500
_FIRST_STRONG, _END = "\u2068", "\u2069"
_CONTROLS = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
"""What turns text around, or hides in it."""
_LINK = re.compile(r"(?<=:)(?=//)|(?<=[^\s.][.\u3002\uff0e\uff61])(?=[^\W\d_])")
"""Where mail programs would see a link: between `:` and `//`, and after the dot of a host."""
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_ENCODED_JOINER = re.compile(f"{JOINER}|%E2%81%A0", re.IGNORECASE)


def field_text(name: str, value: str, most: int | None = None) -> str:
    """The value of the field `name` on one line, cut to a length, without links.

    `most`: characters, if fewer than the field's own limit. It is cut before anything is added that
    can't be seen, so that no mark is cut off.

    Text that has letters from right to left is isolated, so that it can't move what is around it.
    """
    if name == "email":  # the reader's own; a page may be told it
        return _cut(one_line(value), most) if most else one_line(value)
    most = most or LONGEST.get(name, LONGEST_OTHER)
    text = one_line(_CONTROLS.sub("", value))
    text = _LINK.sub(JOINER, _cut(text, most))
    if not text.isascii() and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text):
        return f"{_FIRST_STRONG}{text}{_END}"
    return text


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def outside_text(text: str) -> str:
    """A sentence for our own people that quotes a lead: one line, without links.

    E-mail addresses stay as they are, because people copy them.
    """
    words = one_line(_CONTROLS.sub("", text)).split(" ")
    return " ".join(one if "@" in one else _LINK.sub(JOINER, one) for one in words)


def plain_name(text: str) -> str:
    """A name for the header To, which no mail program reads as a link."""
    return _CONTROLS.sub("", text)


def whole_links(text: str) -> str:
    """The text, in which fields that the program put behind the host of a link are as they were."""
    return URL.sub(_whole, text) if JOINER in text or "%E2%81%A0" in text.upper() else text


def _whole(match: re.Match[str]) -> str:
    scheme, mark, rest = match[0].partition(":")
    start = re.search(r"[/?#]", rest.removeprefix("//"))
    if start is None:
        return match[0]
    at = start.start() + (2 if rest.startswith("//") else 0)
    return f"{scheme}{mark}{rest[:at]}{_ENCODED_JOINER.sub('', rest[at:])}"
