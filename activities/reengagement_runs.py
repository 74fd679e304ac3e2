"""The port of runs of re-engagement schedules: where they and their leads are stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from models.reengagement import ReengagementRun
from models.state import LeadState


class Reengagements(Protocol):
    """Runs in the database; `adapters.sql.reengagements.SqlReengagements` is one."""

    def begin(self, run: ReengagementRun) -> ReengagementRun:
        """Add this run, unless it is there already; how it stands."""
        ...

    def page(self, name: str, stage: str | None, after: str, most: int) -> Sequence[LeadState]:
        """The leads in flight of a program in this stage (None: in any) after this id, by id."""
        ...

    def in_other_stages(self, name: str, stages: Collection[str]) -> int:
        """How many leads in flight of a program are in none of these stages."""
        ...

    def selected(self, run: ReengagementRun, eligible: Mapping[str, datetime]) -> None:
        """Store how far the run is, with the leads of a page that it may take."""
        ...

    def choose(self, run: ReengagementRun, at_most: int | None) -> None:
        """Store the run; of the leads that it may take, keep so many, the longest idle first."""
        ...

    def unsent(self, run: str, most: int) -> tuple[str, ...]:
        """Chosen leads that were not sent the run, the longest idle first."""
        ...

    def sent(self, run: ReengagementRun, leads: Sequence[str]) -> None:
        """Store that these leads were sent the run."""
        ...

    def send_again(self, run: ReengagementRun) -> None:
        """Store the run; all chosen leads of which nothing is known are to be sent it again."""
        ...

    def unsettled(self, run: str, after: str, most: int) -> dict[str, LeadState | None]:
        """Chosen leads after this id of which it is not known what became of them."""
        ...

    def left(self, run: str) -> int:
        """Of how many chosen leads it is not known what became of them."""
        ...

    def settle(self, run: ReengagementRun, leads: Sequence[str]) -> None:
        """Store the run, and forget these leads: it is known what became of them."""
        ...

    def end(self, run: ReengagementRun) -> None:
        """Store the run, and forget all its leads."""
        ...
