"""Leads at random: a program, a profile and inputs, and the world that plays them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from adapters.files.program import read_program
from adapters.files.teams import read_directory
from models.decision import Entry
from models.directory import Directory
from models.inputs import ACTS, Act, Event, Input
from models.program.program import Program
from models.state import LeadState, dump_state, read_state
from simulation.pure import PureWorld
from simulation.scenario import Newcomer
from tests.lifecycle.random_programs import programs

_PROGRAMS = Path(__file__).parents[2] / "programs"
ACME = read_program(_PROGRAMS / "acme.yaml")
PEOPLE: Directory = read_directory(_PROGRAMS / "teams.yaml")
START = datetime(2026, 3, 2, 14, tzinfo=UTC)
LEAD = "ana"


@dataclass(frozen=True)
class RandomLead:
    """A lead's program, its profile, and its inputs in time order."""

    program: Program
    profile: dict[str, Any]
    inputs: tuple[Input, ...]


class _Written(dict[str, LeadState]):
    """States that pass through JSON between every two turns."""

    def __setitem__(self, lead: str, state: LeadState) -> None:
        super().__setitem__(lead, read_state(json.loads(json.dumps(dump_state(state)))))


def play(lead: RandomLead, *, through_json: bool = False, days_after: int = 400) -> list[Entry]:
    """Play a lead to its end; returns its timeline."""
    world = PureWorld(lead.program, PEOPLE)
    if through_json:
        world.states = _Written()
    world.create(Newcomer(lead=LEAD, at=START, profile=lead.profile), 0)
    for given in lead.inputs:
        _run(world, given.arrived - timedelta(seconds=1))
        world.take(LEAD, given)
    last = lead.inputs[-1].arrived if lead.inputs else START
    _run(world, last + timedelta(days=days_after))
    return world.entries[LEAD]


def _run(world: PureWorld, until: datetime) -> None:
    # Two tracks with `again` may take turns for ever: that is what their program says.
    for _ in range(150):
        due = world.next_due()
        if due is None or due > until:
            return
        world.do_due()


EVENT_TYPES = (
    "email.delivered",
    "email.opened",
    "email.clicked",
    "email.replied",
    "email.bounced",
    "email.complained",
    "email.unsubscribed",
    "email.resubscribed",
    "email.paused",
    "profile.updated",
    "page.viewed",
    "form.submitted",
    "meeting.booked",
    "product.activated",
    "odd.one",
)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "employees": st.sampled_from((50, 100, 900, "", "many")),
        "title": st.sampled_from(("CEO", "Head", "")),
        "competitor": st.booleans(),
        "consent": st.booleans(),
        "country": st.sampled_from(("DE", "US")),
        "email": st.sampled_from(("a@x.example", "b@x.example", "nobody")),
        "source": st.sampled_from(("outbound", "")),
        "since": st.sampled_from(("2026-03-04", "2026-03-20", "2026-05-01", "")),
    },
)
_data: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    _changes,
    st.sampled_from(({"days": 3}, {"days": 0}, {"returns": "2026-03-09"})),
    st.sampled_from(({"kind": "hard"}, {"kind": "soft"}, {"kind": "hard", "status": "5.7.1"})),
)
_subjects = st.sampled_from(("", "welcome", "problem-guide", "/pricing", "demo", "a"))
_gaps = st.sampled_from((0, 0, 1, 10, 60, 300, 24 * 60, 26 * 60, 4 * 24 * 60, 20 * 24 * 60))
_ages = st.sampled_from((0, 0, 0, 30, 24 * 60, 72 * 60, 72 * 60 + 1, 10 * 24 * 60))
_people = st.sampled_from(
    ("morgan@acme.example", "riley@acme.example", "sam@acme.example", "alex@acme.example")
)
_reasons = st.sampled_from(
    ("not_now", "cold", "no_fit", "competitor", "price", "no_response", None)
)


@st.composite
def _events(draw: st.DrawFn, number: int, at: datetime) -> Event:
    data = draw(_data)
    type_ = draw(st.sampled_from(EVENT_TYPES))
    if type_ == "meeting.booked":
        starts = at + timedelta(hours=draw(st.sampled_from((-1, 3, 50))))
        data = {**data, "starts_at": starts.isoformat()}
    return Event(
        id=f"event-{number}",
        type=type_,
        at=at - timedelta(minutes=draw(_ages)),
        arrived=at,
        subject=draw(_subjects),
        data=data,
        machine=draw(st.sampled_from((False, False, False, True))),
    )


@st.composite
def _acts(draw: st.DrawFn, number: int, at: datetime) -> Act:
    return Act(
        arrived=at,
        do=draw(st.sampled_from(ACTS)),
        by=draw(_people),
        id=draw(st.sampled_from((f"act-{number}", "act", None))),
        reason=draw(_reasons),
        until=draw(st.sampled_from((None, at + timedelta(hours=5), at + timedelta(days=9)))),
        why="because",
        to=draw(_people),
        channel="call",
        note="well",
        amount=draw(st.sampled_from((None, -1.0, 0.0, 20.5))),
        currency=draw(st.sampled_from((None, "EUR", "euro"))),
        task="task-1",
    )


_profiles = st.fixed_dictionaries(
    {"email": st.just("ana@x.example")},
    optional={
        "employees": st.sampled_from((50, 300)),
        "title": st.sampled_from(("CEO", "Intern")),
        "country": st.sampled_from(("US", "DE")),
        "timezone": st.sampled_from(("Asia/Tokyo", "Europe/Berlin", "Mars/Base")),
        "consent": st.booleans(),
        "source": st.just("outbound"),
    },
)


@st.composite
def random_leads(
    draw: st.DrawFn,
    of: st.SearchStrategy[Program] | None = None,
    *,
    longest: int = 16,
) -> RandomLead:
    """A lead under Acme's program or under a random one."""
    program = draw(of if of is not None else st.just(ACME) | programs())
    at = START
    inputs: list[Input] = []
    for number in range(draw(st.integers(0, longest))):
        at += timedelta(minutes=draw(_gaps))
        if draw(st.integers(0, 2)):
            inputs.append(draw(_events(number, at)))
        else:
            inputs.append(draw(_acts(number, at)))
    return RandomLead(program, draw(_profiles), tuple(inputs))


def with_duplicates(lead: RandomLead, places: Sequence[tuple[int, int]]) -> RandomLead:
    """The same lead with some events sent again, `(which, minutes later)`."""
    events = [given for given in lead.inputs if isinstance(given, Event)]
    again = [
        replace(
            events[which % len(events)],
            arrived=events[which % len(events)].arrived + timedelta(minutes=later),
        )
        for which, later in places
        if events
    ]
    merged = sorted([*lead.inputs, *again], key=lambda given: given.arrived)
    return replace(lead, inputs=tuple(merged))
