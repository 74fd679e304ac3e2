"""The search attributes by which leads are found in Temporal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from models.instants import parse_instant, write_instant

KEYS: dict[str, SearchAttributeKey[Any]] = {
    "stage": SearchAttributeKey.for_keyword("LeadStage"),
    "owner": SearchAttributeKey.for_keyword("LeadOwner"),
    "program": SearchAttributeKey.for_keyword("LeadProgram"),
    "motion": SearchAttributeKey.for_keyword("LeadMotion"),
    "track": SearchAttributeKey.for_keyword("LeadTrack"),
    "score": SearchAttributeKey.for_float("LeadScore"),
    "due": SearchAttributeKey.for_datetime("LeadDue"),
}
"""By the names that a turn gives them."""


def shown(attributes: TypedSearchAttributes) -> dict[str, Any]:
    """What Temporal shows now, under a turn's names."""
    found = {name: attributes.get(key) for name, key in KEYS.items()}
    return {
        name: write_instant(value) if isinstance(value, datetime) else value
        for name, value in found.items()
        if value is not None
    }


def updates(values: Mapping[str, Any]) -> list[SearchAttributeUpdate[Any]]:
    """The attributes that a turn gives; one that is None is removed."""
    return [_update(KEYS[name], name, values[name]) for name in sorted(values) if name in KEYS]


def _update(key: SearchAttributeKey[Any], name: str, value: Any) -> SearchAttributeUpdate[Any]:
    if value is None:
        return key.value_unset()
    return key.value_set(parse_instant(value) if name == "due" else value)
