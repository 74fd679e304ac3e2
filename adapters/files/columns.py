"""What the columns of a list mean: by their own names, by presets of known tools, by synonyms.

A column that means nothing to us is left out and named, with the field that may be meant. It never
refuses a file: exports have hundreds of columns.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from models.near_names import meant

REASON = "reason"
"""The column by which a rejected row of leads says why. Read again, it is left out."""
OPTED_OUT = "opted_out"
"""The role of a column that says a person wants no mail."""
BOUNCED = "bounced"
"""The role of a column that says an address takes no mail."""
COMPLAINED = "complained"
"""The role of a column that says a person reported mail as spam."""
MAIL_STATUS = "mail_status"
"""The role of a column with a word that may say so, such as Active or Unsubscribed."""
OWN_NAME = "its name"
"""How a column was understood that has the name of the field itself."""
_ROLES = (COMPLAINED, OPTED_OUT, BOUNCED, MAIL_STATUS)
_WITH_SPARE = frozenset(("email", "phone"))
"""Fields of which tools have several columns; where the better one is empty, the next is taken."""
_NO = frozenset(
    ("", "0", "false", "no", "f", "n", "-", "nein", "non", "nee", "não", "いいえ", "falsch", "faux")
) | {"allow", "allowed", "never", "null", "none", "n/a", "[]"}
_FEWEST_SIGNS = 2
_CLOSE = 0.85
"""How near a name must be before a field is offered; what is less near is mostly wrong."""
_INVISIBLE = "\u200b\u2060\ufeff\u200e\u200f\xa0"
"""Signs without ink, which people copy from web pages at the ends of a cell."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Preset:
    """The columns of one tool's export."""

    name: str
    source: str
    checked: str
    signs: frozenset[str]
    columns: Mapping[str, str]
    stages: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, and what it means."""

    place: int
    """From 0."""
    header: str
    field: str | None
    """The field or the role; None if it is left out."""
    how: str
    """By what it was understood; or why it is left out."""
    spare: bool = False
    """Whether it counts only where a better column of the field is empty."""


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a file."""

    all: tuple[Column, ...]
    preset: Preset | None = None

    @property
    def taken(self) -> tuple[Column, ...]:
        """Those whose values are used."""
        return tuple(one for one in self.all if one.field is not None)

    @property
    def left_out(self) -> tuple[Column, ...]:
        """Those whose values are not used, without those that have no name."""
        return tuple(one for one in self.all if one.field is None and one.header)

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """A row's values by field. Raises ValueError for two columns that contradict each other."""
        found: dict[str, str] = {}
        seen: dict[str, Column] = {}
        for column in sorted(self.taken, key=lambda one: one.spare):
            name = str(column.field)
            cell = cells[column.place].strip(_INVISIBLE) if column.place < len(cells) else ""
            if name in _ROLES and name in found:
                found[name] = found[name] if unwanted({name: found[name]}) else cell
            elif name not in found or not found[name].strip():
                found[name] = cell
                seen[name] = column
            elif column.spare:
                continue
            elif cell.strip() and cell.strip() != found[name].strip():
                raise ValueError(
                    f"{name} is {found[name].strip()[:60]!r} in column {seen[name].place + 1} and"
                    f" {cell.strip()[:60]!r} in column {column.place + 1}; leave one of them"
                )
        return found


def plain_name(header: str) -> str:
    """A column's name as it is compared: lower case, words without signs between them."""
    return " ".join(_SIGNS.split(_CAMEL.sub(" ", header)[:200].casefold())).strip()


def says_yes(cell: str) -> bool:
    """Whether a cell of a role says yes: a flag, or any text such as an instant."""
    return cell.strip().lower() not in _NO


def unwanted(values: Mapping[str, str]) -> str | None:
    """The role by which a row says that its person wants no mail, or its address takes none."""
    word = plain_name(values.get(MAIL_STATUS, ""))
    if says_yes(values.get(COMPLAINED, "")) or word in _mail_status_words()[COMPLAINED]:
        return COMPLAINED
    if says_yes(values.get(BOUNCED, "")) or word in _mail_status_words()[BOUNCED]:
        return BOUNCED
    if says_yes(values.get(OPTED_OUT, "")) or word in _mail_status_words()[OPTED_OUT]:
        return OPTED_OUT
    return None


class Meanings:
    """The fields that a list may fill, and the names under which they are found."""

    def __init__(
        self,
        fields: Iterable[str],
        mapping: Mapping[str, str] | None = None,
        *,
        aliases: Mapping[str, str] | None = None,
        rejected: str = REASON,
    ) -> None:
        """`mapping` is what somebody said: a column's name, and the field; empty leaves it out.

        `aliases` are further names of fields in this kind of list. `rejected` is the column by
        which a rejected row says why. Raises ValueError for a field that is not known.
        """
        self.fields = tuple(fields)
        self.rejected = rejected
        self._mapping = dict(mapping or {})
        self._known = {*self.fields, *_ROLES}
        self._own = {plain_name(name): name for name in reversed(self.fields)} | dict(aliases or {})
        for header, name in self._mapping.items():
            if name and name not in self.fields:
                raise ValueError(
                    f"--map '{header}={name}': there is no field '{name}';"
                    f" {meant(name, self.fields)}"
                )

    def columns(self, header: Sequence[str]) -> Columns:
        """What the columns of this header mean."""
        names = [plain_name(one) for one in header]
        preset = _preset_of(names)
        found = [self._meaning(one, name, preset) for one, name in zip(header, names, strict=True)]
        best: dict[str, tuple[int, int]] = {}
        for place, (meaning, rank, _) in enumerate(found):
            if meaning is not None and rank < best.get(meaning, (1_000, 0))[0]:
                best[meaning] = (rank, place)
        columns = []
        for place, (one, (meaning, rank, how)) in enumerate(zip(header, found, strict=True)):
            said, taken = how, meaning
            spare = meaning is not None and meaning not in _ROLES and rank > best[meaning][0]
            if spare and meaning is not None:
                better = header[best[meaning][1]].strip()
                taken = meaning if meaning in _WITH_SPARE else None
                said = f"{how}, where '{better}' is empty"
                if taken is None:
                    said = f"'{better}' is taken for {meaning}"
            columns.append(Column(place, one.strip(), taken, said, spare and taken is not None))
        return Columns(tuple(columns), preset)

    def _meaning(
        self, header: str, name: str, preset: Preset | None
    ) -> tuple[str | None, int, str]:
        """The field or role, its rank (less is better), and by what."""
        if header in self._mapping:
            return self._mapping[header] or None, 0, "--map"
        for said, wanted in self._mapping.items():
            if plain_name(said) == name:
                return wanted or None, 0, "--map"
        if not name or name == self.rejected:
            return None, 0, "no name" if not name else "why a row was rejected"
        if preset is not None and (known := preset.columns.get(name)) is not None:
            if known in self._known:
                rank = 2 + list(preset.columns).index(name)
                return known, 1 if self._own.get(name) == known else rank, preset.name
            return None, 0, f"{preset.name}: no field of ours"
        if (own := self._own.get(name)) is not None:
            return own, 1, OWN_NAME
        if (synonym := _synonyms().get(name)) is not None and synonym[0] in self._known:
            return synonym[0], 200 + synonym[1], "a synonym"
        if preset is None and (close := self._close(name)) is not None:
            return None, 0, f"did you mean '{close}'?"
        return None, 0, "not known"

    def _close(self, name: str) -> str | None:
        """The field of which this is probably a name with a slip of the pen."""
        known = {one: target for one, (target, _) in _synonyms().items() if target in self.fields}
        known |= self._own
        found = get_close_matches(name, known, n=1, cutoff=_CLOSE)
        return known[found[0]] if found else None

    def unmatched(self, header: Sequence[str]) -> list[str]:
        """The names in the mapping that are no column of this header."""
        names = {plain_name(one) for one in header}
        return [one for one in self._mapping if plain_name(one) not in names]


@cache
def presets() -> tuple[Preset, ...]:
    """The tools whose exports are known."""
    return tuple(
        Preset(
            name=one["name"],
            source=one["source"],
            checked=str(one["checked"]),
            signs=frozenset(one["signs"]),
            columns=one["columns"],
            stages=one.get("stages", {}),
            prefixes=one.get("prefixes", {}),
        )
        for one in _data()["presets"]
    )


def _preset_of(names: Collection[str]) -> Preset | None:
    """The preset with the most signs among these names; of several, the first."""
    found = max(presets(), key=lambda one: len(one.signs.intersection(names)))
    return found if len(found.signs.intersection(names)) >= _FEWEST_SIGNS else None


@cache
def _mail_status_words() -> dict[str, frozenset[str]]:
    return {role: frozenset(words) for role, words in _data()["mail_status_words"].items()}


@cache
def _synonyms() -> dict[str, tuple[str, int]]:
    """The field of each name, and which of the field's names it is."""
    return {
        name: (target, place)
        for target, names in _data()["synonyms"].items()
        for place, name in enumerate(names)
    }


@cache
def _data() -> dict[str, Any]:
    text = files(__package__).joinpath("column_names.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
