"""A new lead, read from its raw values: what every door accepts, and why it rejects the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lifecycle.calendars.local_time import zone
from lifecycle.program.creation import CREATION_FIELDS, OWNER, STAGE, Creation, read_creation
from lifecycle.program.numbers import shortened
from lifecycle.program.profile import field_types, read_profile
from lifecycle.stable_hash import lead_id
from models.near_names import meant
from models.plain_json import check_plain, check_values
from models.program.program import Program

ID = "id"
"""The name beside the fields of the profile by which a lead gets an id of its own; optional."""
LONGEST_CONSENT = 1_000
"""Characters of a consent's source, and of its wording."""
_LEAD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,99}")
_LONGEST_SHOWN = 60
_MOST_SHOWN = 10
"""Unknown names of one lead that are named; an answer does not grow with what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead that can be created: its values are coerced."""

    id: str
    """The given id, else the one made from the address."""
    named: bool = False
    """Whether the id was given."""
    profile: dict[str, Any]
    """Empty fields are left out."""
    cleared: frozenset[str] = frozenset()
    """Fields that were given as null or empty: an existing lead loses them."""
    creation: dict[str, str] = field(default_factory=dict)
    """`stage` and `owner`, as far as they were given; an existing lead does not change by them."""
    consent: dict[str, str] | None = None
    """Where a consent was given and to which words, if that was given: `{source, wording}`."""

    @property
    def update(self) -> dict[str, Any]:
        """The profile as an update of a lead that exists: a cleared field is None."""
        return {**self.profile, **dict.fromkeys(sorted(self.cleared))}


def read_lead_id(given: object) -> str:
    """An id from outside. Raises ValueError for what can't name a lead."""
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not _LEAD_ID.fullmatch(text.strip()):
        raise ValueError(
            f"id {_shown(given)} can't be used; write up to 100 letters, digits and any of"
            " . _ @ + -, the first a letter or a digit"
        )
    if shortened(text) is not None:
        raise ValueError(f"id {_shown(given)} was shortened by a spreadsheet; export it as text")
    return text.strip()


def read_new_lead(values: Mapping[str, Any], program: Program) -> NewLead:
    """One lead from its raw values by field, perhaps with an `id`.

    `consent` is a flag, or `{source, wording}`. An unknown time zone is an error here, where
    somebody can mend it; one that a lead gets later is replaced by the program's.
    Raises ValueError with everything that is wrong, in one line.
    """
    check_values(values)
    types = field_types(program)
    consent = values.get("consent")
    worded = isinstance(consent, Mapping)
    told = {ID, *CREATION_FIELDS, "consent"} if worded else {ID, *CREATION_FIELDS}
    unknown = [name for name in values if name not in types and name not in told]
    problems = [
        f"{_shown(name)} is not a field of this program; {meant(name, types)}"
        for name in unknown[:_MOST_SHOWN]
    ]
    if len(unknown) > _MOST_SHOWN:
        problems.append(f"{len(unknown) - _MOST_SHOWN} more names are no fields either")
    known = {name: value for name, value in values.items() if name in types and name not in told}
    read = read_profile(known, program)
    problems += read.problems.values()
    begins = read_creation(values)
    problems += begins.problems
    if "email" not in known:
        problems.append("email is missing")
    if (problem := _zone_problem(read.values.get("timezone"))) is not None:
        problems.append(problem)
    given = values.get(ID)
    named = given is not None and str(given).strip() != ""
    if named:
        try:
            given = read_lead_id(given)
        except ValueError as error:
            problems.append(str(error))
    if isinstance(consent, Mapping) and (problem := _consent_problem(consent)) is not None:
        problems.append(problem)
    if problems:
        raise ValueError("; ".join(problems))
    return NewLead(
        id=str(given) if named else lead_id(read.values["email"]),
        named=named,
        profile=read.values,
        cleared=read.cleared,
        creation=_given(begins),
        consent=dict(consent) if isinstance(consent, Mapping) else None,
    )


def _given(begins: Creation) -> dict[str, str]:
    stage = {STAGE: str(begins.stage)} if begins.stage != "known" else {}
    return stage if begins.owner is None else {**stage, OWNER: begins.owner}


def _consent_problem(given: Mapping[str, object]) -> str | None:
    """A consent is stored with its source and words, because it may have to be proved later."""
    try:
        check_plain(given)
    except ValueError as error:
        return f"consent: {error}"
    texts = [one for one in given.values() if isinstance(one, str) and one.strip()]
    if set(given) != {"source", "wording"} or len(texts) != len(given):
        return "consent: write {source, wording}, both texts; or true or false"
    if max(map(len, texts)) > LONGEST_CONSENT:
        return f"consent: a text is longer than {LONGEST_CONSENT:,} characters"
    return None


@lru_cache(maxsize=1_000)
def _zone_problem(name: str | None) -> str | None:
    """Cached, because the nearest names take long to find, and files repeat the same names."""
    if name is None:
        return None
    try:
        zone(name)
    except ValueError as error:
        return f"timezone: {error}"
    return None


def _shown(value: object) -> str:
    """A value from outside for a sentence: quoted, escaped, and not too long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
