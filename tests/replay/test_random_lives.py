"""A few dozen random lives in the gate; `make determinism LIVES=2000` is the long form."""

from __future__ import annotations

import random

from tests.replay.random_lives import trial


async def test_every_history_of_random_lives_replays_and_no_timeline_is_wrong() -> None:
    seed = random.SystemRandom().randrange(1_000)
    assert await trial(24, seed, steps=3) == [], f"seed {seed}"
