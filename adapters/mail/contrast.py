"""The contrast of an e-mail's own colours (WCAG 2.2, 1.4.3), as far as its HTML says them.

Only styles that stand at the elements count, as MJML writes them: a mail program may leave out
others. Text over a picture is not judged.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

LEAST = 4.5
"""Text below this is hard to read."""

_VOID = frozenset(("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
_UNSEEN = frozenset(("head", "style", "script", "title"))
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})\b", re.IGNORECASE)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.IGNORECASE)
_NAMED = {
    "black": "#000000",
    "white": "#ffffff",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "lightgray": "#d3d3d3",
    "lightgrey": "#d3d3d3",
    "darkgray": "#a9a9a9",
    "darkgrey": "#a9a9a9",
    "dimgray": "#696969",
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "navy": "#000080",
    "orange": "#ffa500",
    "yellow": "#ffff00",
}
_SHOWN = 40


def faint_texts(html: str) -> list[tuple[str, str, str, float]]:
    """Texts whose contrast is below `LEAST`: colour, background, the text, and the contrast."""
    reader = _ColourReader()
    reader.feed(html)
    reader.close()
    return list(reader.found.values())


class _ColourReader(HTMLParser):
    """Follows the colours into the elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[tuple[str, str], tuple[str, str, str, float]] = {}
        self._open: list[tuple[str, str | None, str | None]] = [("", "#000000", "#ffffff")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        _, colour, ground = self._open[-1]
        given = {name: value or "" for name, value in attrs}
        style = _declarations(given.get("style", ""))
        hidden = tag in _UNSEEN or style.get("display") == "none"
        painted = style.get("background-color") or style.get("background") or given.get("bgcolor")
        if painted:
            ground = None if "url(" in painted else _colour(painted) or ground
        colour = _colour(style.get("color", given.get("color", ""))) or colour
        self._open.append((tag, None if hidden else colour, ground))

    def handle_endtag(self, tag: str) -> None:
        places = [n for n, (name, _, _) in enumerate(self._open) if name == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        _, colour, ground = self._open[-1]
        text = " ".join(data.split())
        if text and colour is not None and ground is not None:
            ratio = contrast(colour, ground)
            if ratio < LEAST:
                self.found.setdefault((colour, ground), (colour, ground, text[:_SHOWN], ratio))


def _declarations(style: str) -> dict[str, str]:
    pairs = (one.partition(":") for one in style.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _colour(text: str) -> str | None:
    """`#rrggbb`; None for what is no colour, or one that can be seen through."""
    if found := _HEX.search(text):
        digits = found[1].lower()
        return "#" + (digits if len(digits) > 3 else "".join(2 * one for one in digits))
    if found := _RGB.search(text):
        return "#" + "".join(f"{min(int(one), 255):02x}" for one in found.groups())
    return next((_NAMED[word] for word in text.split() if word in _NAMED), None)


def contrast(colour: str, ground: str) -> float:
    """The contrast ratio of two colours like `#0a7ea4`: 1 to 21."""
    light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
