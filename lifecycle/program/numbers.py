"""Numbers as people and spreadsheets write them, as far as they have one reading."""

from __future__ import annotations

import re
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_TWO_READINGS = re.compile(r"([+-]?\d+)[.,](\d{3})")
_GROUPED = re.compile(
    r"([+-]?\d{1,3})((?:,\d{3})+|(?:\.\d{3})+|(?:['’]\d{3})+|(?:[ \xa0\u202f]\d{3})+)"
)
_COMMA = re.compile(r"([+-]?\d+),(\d+)")
_MIXED = re.compile(r"([+-]?\d{1,3}(?:([.,'’ \xa0\u202f])\d{3})+)([.,])(\d+)")
_SHORTENED = re.compile(r"([+-]?\d)(?:[.,](\d+))?E\+?(\d+)", re.IGNORECASE)


def plain_number(text: str) -> str:
    """The digits of the one number that a text means, with a point before a fraction.

    Raises ValueError: the readings of a text that has two, or that it is no number.
    """
    text = text.strip()
    if two := _TWO_READINGS.fullmatch(text):
        whole, digits = two.groups()
        first = int(whole + digits)
        raise ValueError(
            f"can mean {first} or {whole}.{digits.rstrip('0') or '0'}; write {first} for the first"
        )
    if _PLAIN.fullmatch(text):
        return text
    if (range_ := shortened(text)) is not None:
        raise ValueError(f"can mean any number from {range_[0]} to {range_[1]}; write all digits")
    if grouped := _GROUPED.fullmatch(text):
        return grouped[1] + re.sub(r"\D", "", grouped[2])
    if (mixed := _MIXED.fullmatch(text)) and mixed[2] != mixed[3]:
        sign = "-" if text.startswith("-") else ""
        return f"{sign}{re.sub(r'[^0-9]', '', mixed[1])}.{mixed[4]}"
    if comma := _COMMA.fullmatch(text):
        return f"{comma[1]}.{comma[2]}"
    raise ValueError("is not a number; write digits like 250")


def shortened(text: str) -> tuple[int, int] | None:
    """The first and the last number that `4.91512E+11` can have been; None for other text.

    Spreadsheets write long numbers so, and the digits that are not shown are gone.
    """
    found = _SHORTENED.fullmatch(text.strip())
    if found is None or int(found[3]) > 30:
        return None
    shown = Decimal(f"{found[1]}.{found[2] or '0'}")
    half = Decimal(5).scaleb(-len(found[2] or "") - 1)
    scale = int(found[3])
    return int((shown - half).scaleb(scale)), int((shown + half).scaleb(scale)) - 1
