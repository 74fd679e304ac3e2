"""Whether this release knows every field of what a release wrote.

Reading leaves out what is not known, and writing it back would delete it. While old and new workers
run side by side, an old one meets what a newer one wrote. It must leave that to the newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints


class NewerReleaseError(ValueError):
    """A newer leadflow wrote this; a worker of that release can go on with it."""


def check_known(kind: type[Any], data: Mapping[str, Any], what: str, *, older: set[str]) -> None:
    """Raise NewerReleaseError if `data` has a field that `kind`, a dataclass, does not have.

    Dataclasses within it are checked too. `older` are fields that older releases wrote.
    """
    unknown = sorted(_unknown(kind, data, "") - older)
    if unknown:
        raise NewerReleaseError(
            f"a newer leadflow wrote {what}: this one does not know {', '.join(unknown)}."
            " Replace this worker by one of the newer version; until then newer workers go on"
            " with it"
        )


def _unknown(kind: type[Any], data: Mapping[str, Any], path: str) -> set[str]:
    known = _known(kind)  # type: ignore[arg-type]  # a class is hashable
    found = {path + name for name in data if name not in known}
    for name in data.keys() & known.keys():
        field = known[name]
        if field is not None:
            for one in field.values(data[name]):
                found |= _unknown(field.kind, one, f"{path}{name}.")
    return found


@dataclass(frozen=True, slots=True)
class _HeldDataclass:
    """A field that holds one dataclass, a tuple of them, or a mapping to them."""

    kind: type[Any]
    holds: Any

    def values(self, value: Any) -> list[Mapping[str, Any]]:
        if value is None:
            return []
        if self.holds is tuple:
            return list(value)
        return list(value.values()) if self.holds is Mapping else [value]


@cache
def _known(kind: type[Any]) -> dict[str, _HeldDataclass | None]:
    hints = get_type_hints(kind)
    return {one.name: _field(hints[one.name]) for one in fields(kind)}


def _field(hint: Any) -> _HeldDataclass | None:
    if isinstance(hint, type) and is_dataclass(hint):
        return _HeldDataclass(hint, None)
    within = next((found for one in get_args(hint) if (found := _field(one))), None)
    holds = get_origin(hint)
    if within is None or holds not in (tuple, Mapping):
        return within  # of a union: what its member holds
    return _HeldDataclass(within.kind, holds)
