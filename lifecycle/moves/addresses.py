"""Whose an address is: a lead does not get the address of another lead (language.md section 1).

The rules know nothing of other leads. Whoever runs them says beforehand whose the addresses of a
turn's inputs are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lifecycle.moment import Moment
from lifecycle.program.profile import read_address
from models.addresses import address_key
from models.inputs import Created, Event, Input

_EMAIL = "email"


def addresses_of(inputs: Iterable[Input]) -> set[str]:
    """The keys of all addresses that these inputs would give to the lead."""
    found = set()
    for one in inputs:
        if isinstance(one, Created):
            found.add(_key(one.profile.get(_EMAIL)))
        elif isinstance(one, Event) and one.type == "profile.updated":
            found.add(_key(one.data.get(_EMAIL)))
    return found - {""}


def without_taken(m: Moment, values: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Values of a profile without the address of another lead, and the note that says whose it is.

    A lead keeps its own address as it is written: another spelling of it is no change.
    """
    key = _key(values.get(_EMAIL))
    owner = m.taken.get(key)
    same = key != "" and key == _key(m.state.profile.get(_EMAIL))
    if owner is None and not same:
        return values, None
    rest = {name: value for name, value in values.items() if name != _EMAIL}
    note = None if same else f"email is left out: the address is that of lead '{owner}'"
    return rest, note


def _key(value: object) -> str:
    """The key of an address; empty for what is none."""
    try:
        return address_key(read_address(value))
    except ValueError:
        return ""
