"""A journal of leads that live at random: played by the rules, stored as turns are."""

from __future__ import annotations

import heapq
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from activities.ports import Fence
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from models.decision import Decision
from models.inputs import Act, Event
from models.program.program import Program
from models.state import LeadState
from simulation.pure import PureWorld
from simulation.scenario import Newcomer
from simulation.timeline import TimelineLine, line_of

PROGRAMS = Path(__file__).parents[2] / "programs"
START = datetime(2025, 1, 6, 9, tzinfo=UTC)
"""So long ago that no report about it is asked as of the future."""
NOW = START + timedelta(days=320)
_CREATED_WITHIN = 280
_IN_ONE_WORLD = 250
"""Leads that share sales people, as a bigger world would only be slower."""


@dataclass(frozen=True)
class PlayedJournal:
    """The database with what is in it, and the same as raw lines."""

    url: str
    database: Database
    programs: SqlPrograms
    program: Program
    states: dict[str, LeadState]
    lines: dict[str, list[TimelineLine]]
    """Each lead's timeline, as `simulate --json` prints it."""


def program_with_holdout(folder: Path) -> Program:
    """Acme's program with a holdout and an e-mail in two variants."""
    shutil.copytree(PROGRAMS, folder / "programs", dirs_exist_ok=True)
    file = folder / "programs" / "acme.yaml"
    text = file.read_text("utf-8").replace("holdout: 0%", "holdout: 25%")
    text = text.replace("      - email: welcome\n", "      - variants: {a: welcome, b: ebook}\n", 1)
    file.write_text(text, "utf-8")
    return read_program(file)


@contextmanager
def random_journal(folder: Path, leads: int, seed: int = 7) -> Iterator[PlayedJournal]:
    """Play so many leads and store them."""
    program = program_with_holdout(folder)
    url = f"sqlite:///{folder / 'leadflow.db'}"
    migrate(url)
    database = open_database(url)
    programs, journal = SqlPrograms(database), SqlJournal(database)
    programs.publish(program)
    states: dict[str, LeadState] = {}
    lines: dict[str, list[TimelineLine]] = {}
    try:
        for first in range(0, leads, _IN_ONE_WORLD):
            names = [f"l{n:05}" for n in range(first, min(leads, first + _IN_ONE_WORLD))]
            world = _JournalPlayer(program, random.Random(seed + first)).play(names)  # noqa: S311 - a play
            for lead, entries in world.entries.items():
                decision = Decision(state=world.states[lead], entries=tuple(entries))
                journal.record(decision, Fence(run=1, length=1), NOW)
                states[lead] = world.states[lead]
                lines[lead] = [line_of(lead, entry) for entry in entries]
        yield PlayedJournal(url, database, programs, program, states, lines)
    finally:
        database.close()


class _JournalPlayer:
    """Does to leads what people do, at random."""

    def __init__(self, program: Program, chance: random.Random) -> None:
        self._chance = chance
        self._world = PureWorld(program, read_directory(PROGRAMS / "teams.yaml"))
        self._number = 0

    def play(self, leads: list[str]) -> PureWorld:
        chance, waiting = self._chance, list[tuple[datetime, str]]()
        for lead in leads:
            at = START + timedelta(seconds=chance.randrange(_CREATED_WITHIN * 86_400))
            waiting.append((at, lead))
        waiting.sort()
        while waiting:
            at, lead = heapq.heappop(waiting)
            self._run(at)
            if lead in self._world.states:
                self._step(lead, at)
            else:
                newcomer = Newcomer(lead=lead, at=at, profile=self._profile(lead))
                self._world.create(newcomer, leads.index(lead))
            later = at + timedelta(minutes=round(60 * chance.expovariate(1 / self._pace(lead))) + 1)
            if later < NOW:
                heapq.heappush(waiting, (later, lead))
        self._run(NOW)
        return self._world

    def _run(self, until: datetime) -> None:
        while (due := self._world.next_due()) is not None and due < until:
            self._world.do_due()

    def _profile(self, lead: str) -> dict[str, Any]:
        chance = self._chance
        stage = chance.choices(
            (None, "engaged", "recycled", "customer", "disqualified"), (20, 1, 1, 1, 1)
        )
        profile = {
            "email": f"{lead}@northwind.example",
            "employees": chance.choice((30, 300, 900)),
            "title": chance.choice(("VP Sales", "Engineer")),
            "country": chance.choice(("US", "US", "DE")),
            "source": chance.choice(("webinar", "ads", "outbound", None)),
            "door": chance.choice(("demo", "content", None)),
            "consent": chance.random() < 0.7,
            "stage": stage[0],
        }
        return {name: value for name, value in profile.items() if value is not None}

    def _pace(self, lead: str) -> float:
        """About how many hours pass until somebody does something next."""
        stage = self._world.states[lead].stage
        return {"mql": 3.0, "sal": 20.0, "sql": 30.0, "opportunity": 200.0}.get(stage, 300.0)

    def _step(self, lead: str, at: datetime) -> None:
        state, chance = self._world.states[lead], self._chance
        self._number += 1
        if state.stage in ("known", "engaged", "recycled", "lost", "disqualified", "customer"):
            if state.stage == "customer" and chance.random() < 0.3:
                self._act(lead, at, chance.choice(("churn", "open_opportunity")))
            elif chance.random() < 0.5:
                self._event(lead, at, *self._happening(state))
            return
        acts = {
            "mql": (
                "accept",
                "accept",
                "accept",
                "accept",
                "hold",
                "touch",
                "recycle",
                "disqualify",
            ),
            "sal": (
                "touch",
                "touch",
                "qualify",
                "qualify",
                "recycle",
                "disqualify",
                "hold",
                "resume",
            ),
            "sql": ("accept", "accept", "open_opportunity", "open_opportunity", "touch", "recycle"),
            "opportunity": ("touch", "win", "lose", "win"),
        }[state.stage]
        draw = chance.random()
        if draw < 0.12:
            starts = (at + timedelta(hours=chance.choice((5, 60)))).isoformat()
            data = {"starts_at": starts, "id": f"m{chance.randrange(2)}"}
            self._event(lead, at, chance.choice(("meeting.booked", "meeting.cancelled")), "", data)
        elif draw < 0.2 and state.stage in ("mql", "sal"):
            self._act(lead, at, "reassign")
        elif draw < 0.85:
            self._act(lead, at, chance.choice(acts))

    def _happening(self, state: LeadState) -> tuple[str, str, dict[str, Any]]:
        chance = self._chance
        mail = chance.choice(sorted(state.sent) or ["welcome"])
        kind, subject = chance.choices(
            (
                ("email.clicked", mail),
                ("email.opened", mail),
                ("email.replied", mail),
                ("page.viewed", "/pricing"),
                ("content.downloaded", "handbook"),
                ("form.submitted", "demo"),
                ("product.activated", ""),
                ("email.unsubscribed", mail),
                ("email.bounced", mail),
            ),
            (14, 6, 4, 12, 5, 5, 3, 1, 1),
        )[0]
        return kind, subject, {"kind": "soft"} if kind == "email.bounced" else {}

    def _event(
        self, lead: str, at: datetime, kind: str, subject: str, data: dict[str, Any]
    ) -> None:
        age = timedelta(minutes=self._chance.choice((0, 0, 0, 30, 5_000)))
        event = Event(
            id=f"e{self._number}",
            type=kind,
            at=at - age,
            arrived=at,
            subject=subject,
            data=data,
            machine=self._chance.random() < 0.06,
        )
        self._world.take(lead, event)

    def _act(self, lead: str, at: datetime, do: str) -> None:
        chance, owner = self._chance, self._world.states[lead].owner
        boss = "morgan@acme.example"
        reasons = {
            "recycle": ("not_now", "no_budget", "not_worked"),
            "disqualify": ("no_fit", "bad_data"),
            "lose": ("price", "competitor"),
            "churn": ("cancelled",),
        }
        won = do == "win" and chance.random() < 0.5
        priced = do == "open_opportunity" or won
        act = Act(
            arrived=at,
            do=do,
            by=boss if owner is None or do == "reassign" else owner,
            id=f"a{self._number}",
            reason=chance.choice(reasons[do]) if do in reasons else None,
            until=at + timedelta(hours=chance.choice((7, 80))) if do == "hold" else None,
            why="because" if do == "hold" else "",
            to=chance.choice(("riley@acme.example", "sam@acme.example")),
            channel="call",
            amount=float(chance.choice((4_000, 9_000, 25_000))) if priced else None,
            currency=chance.choice(("USD", "USD", "EUR")) if do == "open_opportunity" else None,
        )
        self._world.take(lead, act)
