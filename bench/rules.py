"""How fast the rules are: turns a second of `decide`, and whole lives a second in the simulator.

    .venv/bin/python bench/rules.py [--seconds 3]

One core (seconds are of its own time), no Temporal, no database. `decide` is measured on
leads that have lived a while under the shipped program, with what typically reaches them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from adapters.files.program import read_program  # noqa: E402  # the path comes first
from adapters.files.teams import read_directory  # noqa: E402
from lifecycle.decide import decide  # noqa: E402
from lifecycle.program.rulebook import rulebook  # noqa: E402
from models.inputs import Act, Event, Input  # noqa: E402
from models.state import LeadState  # noqa: E402
from simulation.pure import PureWorld  # noqa: E402
from simulation.scenario import Newcomer  # noqa: E402

PROGRAM = read_program(ROOT / "programs" / "acme.yaml")
PEOPLE = read_directory(ROOT / "programs" / "teams.yaml")
START = datetime(2026, 3, 2, 14, tzinfo=UTC)
RILEY, ALEX = "riley@acme.example", "alex@acme.example"


def _event(number: int, type_: str, subject: str = "", **data: Any) -> Callable[[datetime], Event]:
    def at(arrived: datetime) -> Event:
        return Event(
            id=f"e{number}", type=type_, at=arrived, arrived=arrived, subject=subject, data=data
        )

    return at


def _act(do: str, by: str, **fields: Any) -> Callable[[datetime], Act]:
    return lambda arrived: Act(do=do, by=by, arrived=arrived, id=f"{do}-{arrived}", **fields)


EVENTS = (
    _event(1, "email.delivered", "welcome"),
    _event(2, "email.opened", "welcome"),
    _event(3, "page.viewed", "/blog"),
    _event(4, "page.viewed", "/docs"),
    _event(5, "email.delivered", "problem-guide"),
    _event(6, "page.viewed", "/"),
)
"""What most turns are about: an event that changes scores at most."""

LIFE: tuple[tuple[float, Callable[[datetime], Input]], ...] = (
    (0.1, _event(1, "email.delivered", "welcome")),
    (2, _event(2, "email.opened", "welcome")),
    (3.2, _event(3, "email.clicked", "problem-guide")),
    (4, _event(4, "page.viewed", "/blog")),
    (5, _event(5, "page.viewed", "/pricing/teams")),
    (9, _event(6, "content.downloaded", "handbook")),
    (10, _event(7, "form.submitted", "demo")),
    (10.15, _act("accept", RILEY)),
    (10.2, _act("touch", RILEY, channel="call")),
    (12, _act("qualify", RILEY)),
    (12.1, _act("accept", ALEX)),
    (14, _act("open_opportunity", ALEX, amount=24_000.0, currency="USD")),
    (40, _act("win", ALEX)),
)
"""Days after creation and what happens: the reference life, five mails among it."""


def _profile(number: int) -> dict[str, Any]:
    return {
        "email": f"lead{number}@bench.example",
        "first_name": "Ana",
        "employees": 900,
        "title": "VP Sales",
        "country": "US",
    }


def _lived(days: float) -> LeadState:
    """A lead after the first days of the reference life."""
    world = PureWorld(PROGRAM, PEOPLE)
    world.create(Newcomer(lead="ana", at=START, profile=_profile(0)), 0)
    for after, make in LIFE:
        if after < days:
            at = START + timedelta(days=after)
            while (due := world.next_due()) is not None and due < at:
                world.do_due()
            world.take("ana", make(at.replace(microsecond=0)))
    return world.states["ana"]


def _repeated(seconds: float, once: Callable[[], None], batch: int = 200) -> float:
    """How often a second of the processor's `once` runs; the clock is asked once a batch."""
    begun = time.process_time()
    for done in count(batch, batch):
        for _ in range(batch):
            once()
        if (took := time.process_time() - begun) >= seconds:
            return done / took
    raise AssertionError("counting has no end")


def turns(seconds: float, state: LeadState, makes: Iterator[Callable[[datetime], Input]]) -> float:
    """Turns a second of `decide` on one state, an input each."""
    book = rulebook(PROGRAM)
    at = (state.at or START) + timedelta(minutes=1)

    def once() -> None:
        decide(book, state, (next(makes)(at),), at, people=PEOPLE)

    return _repeated(seconds, once)


def simulated(seconds: float) -> float:
    """Whole reference lives a second through the simulator, by hundreds."""
    numbers = count()

    def hundred() -> None:
        world = PureWorld(PROGRAM, PEOPLE)
        leads = [f"lead{next(numbers)}" for _ in range(100)]
        for place, lead in enumerate(leads):
            world.create(Newcomer(lead=lead, at=START, profile=_profile(place)), place)
        for after, make in LIFE:
            at = (START + timedelta(days=after)).replace(microsecond=0)
            while (due := world.next_due()) is not None and due < at:
                world.do_due()
            for lead in leads:
                world.take(lead, make(at))

    return 100 * _repeated(seconds, hundred, batch=1)


def rows(seconds: float) -> Iterator[tuple[str, float]]:
    """What is measured and how often it runs a second; so many seconds for each."""
    nurtured, in_sales = _lived(5.5), _lived(10.16)
    pricing = cycle([_event(9, "page.viewed", "/pricing/a")])
    demo = cycle([_event(9, "form.submitted", "demo")])
    yield "turns: an ordinary event, lead in nurture", turns(seconds, nurtured, cycle(EVENTS))
    yield "turns: an ordinary event, lead with sales", turns(seconds, in_sales, cycle(EVENTS))
    yield "turns: a click on a pricing page (scores, stages)", turns(seconds, nurtured, pricing)
    yield "turns: a demo request (MQL, handoff)", turns(seconds, nurtured, demo)
    yield "turns: a touch by the owner", turns(seconds, in_sales, cycle([LIFE[8][1]]))
    yield "simulated reference lives", simulated(seconds)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each line of the table")
    table = Table(title="The rules on one core")
    table.add_column("what")
    table.add_column("a second", justify="right")
    for what, rate in rows(parser.parse_args().seconds):
        table.add_row(what, f"{rate:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
