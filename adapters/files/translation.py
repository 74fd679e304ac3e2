"""Words of other tools in a list, as ours: stages, owners, countries, time zones.

What a tool says and we can't say is left out of the row, and said: it costs no row. A column under
our own name is not translated leniently: what stands there is meant as it is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from adapters.files.columns import OWN_NAME, Column, Columns, plain_name
from lifecycle.calendars.local_time import zone_written
from lifecycle.program.countries import country_code, country_codes
from lifecycle.program.creation import OWNER, STAGE
from lifecycle.stages import CREATION_STAGES
from models.directory import Directory

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "ja")
"""The languages in which countries are known by name."""
_ADDRESS = re.compile(r"[^\s<>()\",;]+@[^\s<>()\",;]+")
_MOST_WORDS = 200
"""Words of one column that are counted one by one."""
_NO_VALUE = frozenset(
    (
        *("NULL", "null", "(null)", "nan", "NaN", "undefined", "n/a", "N/A", "-", "--", "(none)"),
        *("#N/A", "#NV", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"),
        *("[not provided]", "(not set)", "[null]"),
    )
)
"""What tools and spreadsheets write where there is no value. "Null" and "None" are names."""
_TRANSLATED = (STAGE, OWNER, "country", "timezone", "phone")


def people_by_name(directory: Directory | None) -> dict[str, str]:
    """The address of each person whose name nobody else has."""
    found: dict[str, set[str]] = {}
    for team in directory.teams.values() if directory is not None else ():
        for one in team.members:
            if one.name:
                found.setdefault(one.name.casefold(), set()).add(one.email)
    return {name: next(iter(some)) for name, some in found.items() if len(some) == 1}


class Translation:
    """Translates the values of rows, and counts what it left out."""

    def __init__(self, columns: Columns, people: Mapping[str, str]) -> None:
        taken = sorted(columns.taken, key=lambda one: not one.spare)  # the better one names a field
        self._all = {str(one.field): one for one in taken}
        self._columns = {name: one for name, one in self._all.items() if name in _TRANSLATED}
        self._preset = columns.preset
        self._people = people
        self.left_out: dict[str, Counter[str]] = {}
        """By column: the words that have no translation, and in how many rows."""

    def row(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values of a row in our words."""
        found = dict(values)
        for name, column in self._all.items():
            if name != "email" and (word := found.get(name, "").strip()) in _NO_VALUE and word:
                del found[name]
                self._count(column, word)
        for name, column in self._columns.items():
            word = found.get(name, "").strip()
            if not word:
                continue
            ours = self.word(name, word)
            if ours is not None:
                found[name] = ours
            elif column.how != OWN_NAME and name != "country":
                del found[name]
                self._count(column, word)
        return found

    def word(self, name: str, word: str) -> str | None:
        """Our word for a tool's word; None if there is none."""
        if name == STAGE:
            return self._stage(word)
        if name == OWNER:
            return self._owner(word)
        if name == "country":
            return _country(word)
        if name == "timezone":
            return zone_written(word)
        prefix = self._preset.prefixes.get(name, "") if self._preset is not None else ""
        return word.removeprefix(prefix)

    def _stage(self, word: str) -> str | None:
        plain = plain_name(word)
        if self._preset is not None and plain in self._preset.stages:
            return self._preset.stages[plain]
        return plain if plain in CREATION_STAGES else None

    def _owner(self, word: str) -> str | None:
        if address := _ADDRESS.search(word):
            return address.group()
        return self._people.get(word.casefold())

    def _count(self, column: Column, word: str) -> None:
        words = self.left_out.setdefault(column.header, Counter())
        words[word[:60] if word[:60] in words or len(words) < _MOST_WORDS else "(other words)"] += 1


def said(words: Iterable[tuple[str, int]], most: int = 5) -> str:
    """Words that were left out, for a sentence: the most frequent first."""
    listed = list(words)
    shown = ", ".join(f"'{word}' ({count})" for word, count in listed[:most])
    return shown + (", …" if len(listed) > most else "")


def _country(word: str) -> str | None:
    return country_code(word) or _countries().get(word.casefold())


@cache
def _countries() -> dict[str, str]:
    """The code of each name of a country, without names that are those of two."""
    from babel import Locale  # noqa: PLC0415  # read only where a list names countries

    found: dict[str, set[str]] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in country_codes() and (len(name) > 3 or not name.isascii()):
                found.setdefault(name.casefold(), set()).add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}
