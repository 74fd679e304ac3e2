"""The name of a lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def person_name(profile: Mapping[str, Any]) -> str:
    """First and last name, as far as they are known; empty if neither is known."""
    words = (profile.get("first_name"), profile.get("last_name"))
    return " ".join(str(word).strip() for word in words if word)
