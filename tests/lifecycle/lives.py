"""Lives of leads at random: programs, inputs, and the world that plays them."""

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

_PROGRAMS = Path(__file__).parents[2] / "programs"
ACME = read_program(_PROGRAMS / "acme.yaml")
PEOPLE: Directory = read_directory(_PROGRAMS / "teams.yaml")
START = datetime(2026, 3, 2, 14, tzinfo=UTC)
LEAD = "ana"


@dataclass(frozen=True)
class Life:
    """A lead's program, its profile, and what reaches it, in time order."""

    program: Program
    profile: dict[str, Any]
    inputs: tuple[Input, ...]


class _Written(dict[str, LeadState]):
    """States that pass through JSON between every two turns."""

    def __setitem__(self, lead: str, state: LeadState) -> None:
        super().__setitem__(lead, read_state(json.loads(json.dumps(dump_state(state)))))


def live(life: Life, *, through_json: bool = False, days_after: int = 400) -> list[Entry]:
    """Play a life to its end; returns its timeline."""
    world = PureWorld(life.program, PEOPLE)
    if through_json:
        world.states = _Written()
    world.create(Newcomer(lead=LEAD, at=START, profile=life.profile), 0)
    for given in life.inputs:
        _run(world, given.arrived - timedelta(seconds=1))
        world.take(LEAD, given)
    last = life.inputs[-1].arrived if life.inputs else START
    _run(world, last + timedelta(days=days_after))
    return world.entries[LEAD]


def _run(world: PureWorld, until: datetime) -> None:
    # Two tracks with `again` may take turns for ever: that is what their program says.
    for _ in range(150):
        due = world.next_due()
        if due is None or due > until:
            return
        world.do_due()


# -- programs ---------------------------------------------------------------------------

_ASKS = (
    "true",
    "stage == 'known'",
    "stage == 'engaged'",
    "stage in ['known', 'engaged', 'recycled', 'customer']",
    "motion == 'sales'",
    "motion == 'self_serve'",
    "did('email.clicked')",
    "did('page.viewed', '/pricing')",
    "score.engagement >= 20.0",
    "score.total < 10.0",
    "lead.employees >= 100",
    "lead.competitor",
    "cycle > 1",
    "lead.title == 'CEO' || !did('email.opened')",
)
_asks = st.sampled_from(_ASKS)
_lengths = st.sampled_from(("1m", "30m", "2h", "25h", "1d", "3d", "1w"))
_EMAILS = ("a", "b", "c", "bill")
_TRACKS = ("t1", "t2", "t3", "t4")


def _steps(depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    email = st.sampled_from(_EMAILS)
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [
        st.fixed_dictionaries({"email": email}),
        st.fixed_dictionaries({"email": email}),
        st.fixed_dictionaries(
            {
                "variants": st.fixed_dictionaries({"x": email, "y": email}),
                "weights": st.just({"x": 2}),
            }
        ),
        st.fixed_dictionaries({"wait": _lengths}),
        st.just({"task": {"kind": "call", "note": "ring"}}),
        st.just({"notify": {"channel": "app", "message": "well"}}),
        st.fixed_dictionaries({"move_to": st.sampled_from(_TRACKS)}),
        st.just({"finish": True}),
    ]
    if depth:
        inner = _steps(depth - 1)
        kinds.append(
            st.fixed_dictionaries(
                {"wait_until": _asks, "up_to": _lengths, "then": inner, "else": inner}
            )
        )
        kinds.append(st.fixed_dictionaries({"if": _asks, "then": inner, "else": inner}))
    return st.lists(st.one_of(kinds), min_size=1, max_size=4)


_tracks = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries(
            {"for": _asks, "steps": _steps(2)},
            optional={"exit": _asks, "again": st.booleans()},
        )
        for name in _TRACKS
    }
)
_windows = st.sampled_from(
    (
        None,
        {"days": "mon-fri", "hours": "08:00-18:00"},
        {"days": "sat", "hours": "22:00-06:00"},
        {"days": "mon-sun", "hours": "04:00-04:30"},
    )
)
_caps = st.sampled_from(
    ([], ["1 per 1d"], ["1 per 1d", "3 per 7d"], ["2 per 36h"], ["1 per 1w", "2 per 30d"])
)
_points = st.sampled_from((-20, 1, 10, 15.5, 40))
_at_most = st.sampled_from((0, 5, 20, "20 per 7d", "1 per 2h"))
_rules = st.lists(
    st.fixed_dictionaries(
        {
            "on": st.sampled_from(("page.viewed", "email.clicked", "email.opened", "odd.one")),
            "points": _points,
        },
        optional={"when": _asks, "at_most": _at_most},
    ),
    max_size=5,
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A program that nobody would write, but that is one."""
    maybe = st.none() | _asks
    clock = {"within": draw(st.sampled_from(("30m", "4h", "2d"))), "calendar": "office"}
    lifecycle = {name: draw(maybe) for name in ("engaged", "mql", "mql_self_serve", "hand_raise")}
    return Program.model_validate(
        {
            "program": "nasty",
            "timezone": draw(st.sampled_from(("UTC", "America/New_York", "Pacific/Apia"))),
            "fields": {"competitor": "flag", "budget": "number", "since": "date"},
            "doors": [
                {"when": draw(_asks), "motion": "self_serve"},
                {"when": draw(_asks), "motion": "sales"},
            ],
            "scoring": {
                "fit": [{"when": draw(_asks), "points": 15}],
                "engagement": {
                    "rules": draw(_rules),
                    "half_life": draw(st.sampled_from((None, "1h", "30d"))),
                },
            },
            "lifecycle": {
                **{name: asked for name, asked in lifecycle.items() if asked},
                "disqualify": [{"when": "lead.competitor", "reason": "no_fit"}],
                "idle": [
                    {"after": "5d", "in": ["known", "engaged"], "do": "recycle", "reason": "cold"},
                    {"after": "60d", "in": ["recycled"], "do": "disqualify", "reason": "no_fit"},
                ],
            },
            "sending": {
                "from": "N <n@nasty.example>",
                "postal_address": "1 Main Street",
                "send_window": draw(_windows),
                "caps": draw(_caps),
                "consent_required_in": ["DE"],
                "holdout": draw(st.sampled_from(("0%", "30%"))),
            },
            "emails": {
                name: {"subject": name, "text": name, "operational": name == "bill"}
                for name in _EMAILS
            },
            "tracks": draw(_tracks),
            "calendars": {"office": {"hours": {"mon-fri": ["09:00-12:30", "13:30-18:00"]}}},
            "handoff": {
                "routing": [{"when": draw(_asks), "team": "emea"}, {"otherwise": "sdr"}],
                "accept": {
                    **clock,
                    "remind_at": ["50%", "80%"],
                    "on_breach": ["alert", "reassign"],
                    "attempts": draw(st.integers(1, 3)),
                    "then": draw(st.sampled_from(("keep", "recycle", "disqualify"))),
                    "reason": "cold",
                },
                "first_touch": {"within": "2h", "on_breach": ["alert"]},
                "qualify": {"within": "3d", "calendar": "office", "then_to": "ae"},
            },
            "recycle": {
                "at_most": draw(st.sampled_from((None, 1))),
                "keep_engagement": draw(st.sampled_from(("0%", "50%", "100%"))),
                "reasons": {"cold": {"cool_off": draw(st.sampled_from(("0d", "2h", "7d")))}},
            },
            "disqualify": {
                "reasons": {"no_fit": {"revive": draw(st.booleans())}, "cold": {}},
            },
            "lost_reasons": {"price": {"cool_off": "10d"}},
        }
    )


# -- inputs -----------------------------------------------------------------------------

EVENT_TYPES = (
    "email.delivered",
    "email.opened",
    "email.clicked",
    "email.replied",
    "email.bounced",
    "email.complained",
    "email.unsubscribed",
    "email.resubscribed",
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
    },
)
_data: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    _changes,
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
def lives(
    draw: st.DrawFn,
    of: st.SearchStrategy[Program] | None = None,
    *,
    longest: int = 16,
) -> Life:
    """A life under Acme's program or under a nasty one."""
    program = draw(of if of is not None else st.just(ACME) | programs())
    at = START
    inputs: list[Input] = []
    for number in range(draw(st.integers(0, longest))):
        at += timedelta(minutes=draw(_gaps))
        if draw(st.integers(0, 2)):
            inputs.append(draw(_events(number, at)))
        else:
            inputs.append(draw(_acts(number, at)))
    return Life(program, draw(_profiles), tuple(inputs))


def with_duplicates(life: Life, places: Sequence[tuple[int, int]]) -> Life:
    """The same life with some events sent again, `(which, minutes later)`."""
    events = [given for given in life.inputs if isinstance(given, Event)]
    again = [
        replace(
            events[which % len(events)],
            arrived=events[which % len(events)].arrived + timedelta(minutes=later),
        )
        for which, later in places
        if events
    ]
    merged = sorted([*life.inputs, *again], key=lambda given: given.arrived)
    return replace(life, inputs=tuple(merged))
