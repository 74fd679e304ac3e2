"""The search attributes by which leads are found in Temporal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from models.instants import parse_instant

KEYS: dict[str, SearchAttributeKey[Any]] = {
    "stage": SearchAttributeKey.for_keyword("LeadStage"),
    "owner": SearchAttributeKey.for_keyword("LeadOwner"),
    "program": SearchAttributeKey.for_keyword("LeadProgram"),
    "motion": SearchAttributeKey.for_keyword("LeadMotion"),
    "track": SearchAttributeKey.for_keyword("LeadTrack"),
    "score": SearchAttributeKey.for_float("LeadScore"),
    "due": SearchAttributeKey.for_datetime("LeadDue"),
}
"""By the names under which a turn tells them."""


def updates(values: Mapping[str, Any]) -> list[SearchAttributeUpdate[Any]]:
    """All attributes at once; what a turn does not tell is taken away."""
    return [
        key.value_unset()
        if values.get(name) is None
        else key.value_set(parse_instant(values[name]) if name == "due" else values[name])
        for name, key in KEYS.items()
    ]
