"""States that an older release wrote are read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models.state import read_state


@pytest.mark.parametrize("why", ["asked", "out_of_office"])
def test_the_one_pause_of_release_0_1_is_one_of_two_now(why: str) -> None:
    until = "2026-03-12T08:00:00Z"
    old = {"lead": "a", "program": "p", "digest": "d", "paused_until": until, "paused_why": why}
    assert read_state(old).pauses == {why: datetime(2026, 3, 12, 8, tzinfo=UTC)}
