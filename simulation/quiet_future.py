"""What will happen to leads by themselves, if nobody does anything: their quiet future.

The pure engine takes the leads over as they are stored, and does what is due on a virtual clock.
Mail just arrives, and nobody answers it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from simulation.pure import PureWorld


def quiet_steps(world: PureWorld, at: datetime, until: datetime) -> Iterator[None]:
    """Do what is due from `at` until then, one due item a step. What is overdue is done at `at`.

    Who has seen enough stops; the rest is not played.
    """
    world.catch_up(at)
    world.settle(at)
    yield
    while (due := world.next_due()) is not None and due <= until:
        world.do_due(not_before=at)
        yield


def play_quietly(world: PureWorld, at: datetime, until: datetime) -> None:
    """Play all of it."""
    for _ in quiet_steps(world, at, until):
        pass
