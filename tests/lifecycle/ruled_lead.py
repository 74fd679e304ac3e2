"""A small sales desk for tests: the scenarios' program, its people, and a world to act in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.files.program import read_program
from adapters.files.teams import read_directory
from models.inputs import Act, Event
from models.messages import read_act
from simulation.pure import PureWorld
from simulation.scenario import Newcomer

_PROGRAMS = Path(__file__).parent.parent / "scenarios" / "programs"
PEOPLE = read_directory(_PROGRAMS / "desk-teams.yaml")
DESK = read_program(_PROGRAMS / "desk.yaml")
RELAY = read_program(_PROGRAMS / "desk-relay.yaml")

INA, OMAR, ANA = "ina@desk.example", "omar@desk.example", "ana@desk.example"
BOSS, CHIEF = "boss@desk.example", "chief@desk.example"
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""The office opens at 09:00 and closes at 17:00."""


def raised_hand(at: datetime) -> Event:
    """The event that makes a lead an MQL."""
    return Event(id=f"demo-{at}", type="form.submitted", subject="demo", at=at, arrived=at)


def act(do: str, by: str, at: datetime, **fields: Any) -> Act:
    """An act as it is read from a message."""
    return read_act(do, {"by": by, **fields}, at)


class Desk:
    """One lead at the desk, some seconds between what happens to it."""

    def __init__(self, world: PureWorld) -> None:
        self.world = world
        self.at = MONDAY
        world.create(Newcomer(lead="a", at=self.at, profile={"email": "a@lead.example"}), 0)

    def raise_hand(self) -> None:
        """The lead asks for a demo."""
        self._tick()
        self.world.take("a", raised_hand(self.at))

    def act(self, do: str, by: str, **fields: Any) -> str | None:
        """Somebody acts. Why it was refused, None if it was not."""
        self._tick()
        before = len(self.world.entries["a"])
        self.world.take("a", act(do, by, self.at, **fields))
        new = self.world.entries["a"][before:]
        return next((str(one.fields["why"]) for one in new if one.kind == "refused"), None)

    def _tick(self) -> None:
        self.at += timedelta(seconds=1)
