"""The stage and the owner that a lead may be given at its creation, and at no other time.

They are for people who were with us before. They stand beside the profile's fields, under names
that a program can't give to fields of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.program.profile import read_address
from lifecycle.stages import CREATION_STAGES
from models.near_names import meant
from models.program.values import Stage

STAGE = "stage"
OWNER = "owner"
CREATION_FIELDS = (STAGE, OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """How a lead begins, and a sentence for each value that can't be used."""

    stage: Stage = "known"
    owner: str | None = None
    problems: tuple[str, ...] = ()


def read_creation(values: Mapping[str, Any]) -> Creation:
    """Read `stage` and `owner` of these values. What can't be used is a problem and is left out."""
    problems: list[str] = []
    stage: Stage = "known"
    given = _text(values.get(STAGE))
    if given:
        found = next((one for one in CREATION_STAGES if one == given.lower()), None)
        if found is None:
            remedy = meant(given, CREATION_STAGES)
            problems.append(f"stage '{given[:60]}' is none that a lead can be created in; {remedy}")
        else:
            stage = found
    owner = None
    if (person := _text(values.get(OWNER))) is not None:
        try:
            owner = read_address(person).lower()
        except ValueError as error:
            problems.append(str(error).replace("email", "owner", 1))
    return Creation(stage=stage, owner=owner, problems=tuple(problems))


def _text(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text or None
