from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.patches import patch, patched

_leaves = st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=3)
_names = st.sampled_from(["a", "b", "c", ""])
_objects: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(_names, _leaves, max_size=3),
    lambda inner: st.dictionaries(_names, _leaves | inner, max_size=3),
    max_leaves=12,
)


@given(_objects, _objects)
def test_a_patch_turns_the_old_state_into_the_new_one(before: Any, after: Any) -> None:
    kept = repr(before)
    assert patched(before, patch(before, after)) == after
    assert repr(before) == kept


@given(_objects)
def test_what_stays_the_same_costs_nothing(state: Any) -> None:
    assert patch(state, state) == {}


def test_an_object_within_an_object_is_patched_too() -> None:
    before = {"handoff": {"team": "sdr", "asking": "k1", "touches": 1}, "stage": "sal"}
    after = {"handoff": {"team": "sdr", "touches": 2}, "stage": "sal"}
    assert patch(before, after) == {"handoff": {"asking": None, "touches": 2}}
