"""Countries: the assigned two-letter codes of ISO 3166-1."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from models.program.values import COUNTRY_ALIASES


@cache
def country_codes() -> frozenset[str]:
    """All assigned codes, from the tzdata package."""
    table = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and line[0] != "#")


def country_code(text: str) -> str | None:
    """The code that a text means, in any case; None if it is none. UK is GB, EL is GR."""
    code = text.strip().upper()
    code = COUNTRY_ALIASES.get(code, code)
    return code if code in country_codes() else None
