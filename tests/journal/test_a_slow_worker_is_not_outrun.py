"""A slow worker is sent no more leads than it takes in, so that acts do not wait behind them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import pytest

from activities import paced
from activities.paced import MOST_UNTAKEN, PacedSending

LEADS = [f"lead-{number:02}" for number in range(75)]


class SlowWorker:
    """Leads that were sent something take their turns one after the other.

    A turn is taken at each look into the journal, so that the worker is always slower than what is
    sent, on any machine.
    """

    def __init__(self, *, stuck: frozenset[str] = frozenset()) -> None:
        self.stuck = stuck
        self.waiting: deque[str] = deque()
        self.taken: dict[str, int] = dict.fromkeys(LEADS, 3)
        self.most = 0
        self.sent: list[str] = []

    async def send(self, lead: str) -> None:
        self.sent.append(lead)
        self.waiting.append(lead)
        self.most = max(self.most, len(self.waiting))

    def turns(self, leads: Sequence[str]) -> Mapping[str, int]:
        free = [lead for lead in self.waiting if lead not in self.stuck]
        if free:
            self.waiting.remove(free[0])
            self.taken[free[0]] = self.taken.get(free[0], 0) + 1
        return {lead: self.taken[lead] for lead in leads if lead in self.taken}


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "_LOOK_SECONDS", 0.0)


async def test_no_more_leads_wait_for_their_turn_than_the_bound() -> None:
    worker = SlowWorker()
    sending = PacedSending(100_000.0, worker.send, worker.turns)
    for page in (LEADS[:40], LEADS[40:]):
        assert await sending.send(page) == {}
    await sending.taken()
    assert worker.sent == LEADS
    assert MOST_UNTAKEN / 2 < worker.most <= MOST_UNTAKEN, "it leaves no worker idle either"
    assert not worker.waiting
    assert set(worker.taken.values()) == {4}


async def test_leads_without_a_turn_are_waited_for_until_their_first_one() -> None:
    worker = SlowWorker()
    worker.taken.clear()
    sending = PacedSending(100_000.0, worker.send, worker.turns)
    await sending.send(LEADS)
    await sending.taken()
    assert worker.most <= MOST_UNTAKEN
    assert len(worker.taken) == len(LEADS)


async def test_leads_that_never_take_their_turn_block_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced, "_GIVEN_UP_SECONDS", 0.0)
    worker = SlowWorker(stuck=frozenset(LEADS[:30]))
    sending = PacedSending(100_000.0, worker.send, worker.turns)
    await sending.send(LEADS)
    await sending.taken()
    assert worker.sent == LEADS
    assert sorted(worker.waiting) == LEADS[:30]


async def test_a_lead_that_is_not_reached_is_not_waited_for() -> None:
    worker = SlowWorker()

    async def lost(lead: str) -> None:
        raise LookupError(f"no workflow of {lead}")

    sending = PacedSending(100_000.0, lost, worker.turns)
    assert set(await sending.send(LEADS)) == set(LEADS)
    await sending.taken()
