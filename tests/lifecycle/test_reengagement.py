"""Re-engagement: whom a run takes, whom it does not take and why, and what it does to a lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.files.program import read_program
from lifecycle.decide import decide
from lifecycle.nurture.selection import Looked, choose, look
from lifecycle.program.rulebook import rulebook
from lifecycle.program.versions import Versions
from models.decision import Decision, Entry, SendMail
from models.directory import Directory
from models.inputs import Event, Reengage
from models.program.program import Program
from models.state import LatestRun, LeadState, TrackState, dump_state, read_state
from simulation.pure import PureWorld
from simulation.scenario import Newcomer

PROGRAMS = Path(__file__).parent.parent / "scenarios" / "programs"
PROGRAM = read_program(PROGRAMS / "reengaging.yaml")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
RUN = MONDAY + timedelta(days=20)


def created(program: Program = PROGRAM, /, **profile: Any) -> LeadState:
    """A lead that was created on Monday, and of whom nothing was heard since."""
    world = PureWorld(program, Directory())
    world.create(Newcomer(lead="a", at=MONDAY, profile={"email": "a@x.example", **profile}), 0)
    while (due := world.next_due()) is not None and due < RUN:
        world.do_due()
    return world.states["a"]


def versions(
    *programs: Program, paused: bool = False, timeline: tuple[Entry, ...] = ()
) -> Versions:
    known = {one.digest: one for one in (PROGRAM, *programs)}
    return Versions(
        load=known.__getitem__,
        newest=lambda: PROGRAM.digest,
        paused=lambda: paused,
        timeline=lambda: timeline,
    )


def edited(**select: Any) -> Program:
    """The program, its schedule selecting by these keys."""
    written = PROGRAM.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    schedule = written["schedules"]["reengage"]
    track = select.pop("enter", schedule["track"])
    chosen = {**schedule, "track": track, "select": {**schedule["select"], **select}}
    return Program.model_validate({**written, "schedules": {"reengage": chosen}})


def why(state: LeadState, newest: Program = PROGRAM, own: Program = PROGRAM, **known: Any) -> Any:
    asked = rulebook(newest).reengagement
    return look(rulebook(own), state, asked, RUN, versions(newest, own, **known)).why


def run(state: LeadState, name: str = "run-1", newest: Program = PROGRAM) -> Decision:
    given = Reengage(arrived=RUN, run=name, version=newest.digest)
    decision = decide(
        rulebook(PROGRAM), state, [given], RUN, people=Directory(), versions=versions(newest)
    )
    assert read_state(dump_state(decision.state)) == decision.state
    return decision


BIG = {"employees": 500}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"stage": "mql"}, "stage"),
        ({"stage": "recycled"}, "stage"),
        ({"cool_off_until": RUN + timedelta(days=1)}, "cool_off"),
        ({"paused_since": MONDAY}, "paused"),
        ({"pauses": {"asked": RUN + timedelta(hours=1)}}, "paused"),
        ({"pauses": {"asked": RUN}}, None),
        ({"suppressed": ("complained",)}, "complained"),
        ({"suppressed": ("bounced", "unsubscribed")}, "unsubscribed"),
        ({"holdout": True}, "holdout"),
        ({"last_human": RUN - timedelta(days=10)}, None),
        ({"last_human": RUN - timedelta(days=10) + timedelta(seconds=1)}, "idle"),
        ({"cycle_at": RUN - timedelta(days=9)}, "idle"),
        ({"reengaged": RUN - timedelta(days=9)}, "idle"),
        ({"fit": 9.99}, "score"),
        ({"track": TrackState(name="back", entered=MONDAY, step="news")}, "in_track"),
        ({"track": None}, None),
    ],
)
def test_a_lead_is_not_taken_for_the_first_reason_that_applies(
    changes: dict[str, Any], reason: str | None
) -> None:
    state = created(**BIG).changed(**changes)
    assert why(state) == reason
    decision = run(state)
    assert [one.kind == "reengaged" for one in decision.entries][:1] == (
        [True] if not reason else []
    )
    assert decision.state.reengage_run == LatestRun(run="run-1", why=reason)
    assert decision.state.track == state.track or reason is None


def test_reasons_of_the_version_are_found_too() -> None:
    lead = created(**BIG)
    assert why(created(country="DE", **BIG)) == "no_consent"
    assert why(created(country="DE", consent=True, **BIG)) is None
    assert why(lead, paused=True) == "paused"
    assert why(lead, edited(track="back", enter="first")) == "track"
    assert why(lead, edited(track="first")) is None
    own = read_program(PROGRAMS / "reengaging-once.yaml")
    assert why(lead.changed(digest=own.digest), own=own) == "no_track"
    assert look(rulebook(PROGRAM), lead, None, RUN, versions()).why == "no_schedule"


def test_what_the_leads_own_version_does_not_ask_for_is_looked_up_in_its_timeline() -> None:
    asks = edited(score="did('page.viewed', '/pricing')")
    lead = created(**BIG)
    fields = {"type": "page.viewed", "subject": "/pricing", "event": "e"}
    viewed = Entry(seq=9, at=MONDAY, kind="event", fields=fields)
    assert why(lead, asks) == "score"
    assert why(lead, asks, timeline=(viewed,)) is None
    assert why(lead.changed(cycle_at=MONDAY + timedelta(hours=1)), asks, timeline=(viewed,)) == (
        "score"
    )


def test_a_mail_that_was_sent_is_sent_again_under_another_key() -> None:
    before = created(**BIG).changed(sent=frozenset({"hello", "news", "offer"}))
    again = before.changed(times_entered={"first": 1, "back": 1}, left=frozenset({"back"}))
    first, second = (
        [one for one in run(state).commands if isinstance(one, SendMail)]
        for state in (before, again)
    )
    assert [one.email for one in (*first, *second)] == ["news", "news"]
    assert first[0].key != second[0].key
    assert first[0].message != second[0].message
    assert run(before).state.sent == {"hello"}


def test_the_same_run_twice_takes_the_lead_once_and_another_run_does_not_either() -> None:
    taken = run(created(**BIG)).state
    for name in ("run-1", "run-2"):
        again = run(taken, name)
        assert again.entries == ()
        assert again.state.reengaged == taken.reengaged
    stopped = created(**BIG).changed(suppressed=("unsubscribed",))
    refused = run(stopped).state.changed(suppressed=())
    assert run(refused).entries == ()
    assert run(refused, "run-2").state.reengaged == RUN


def test_a_closed_lead_is_left_as_it_is() -> None:
    closed = created(**BIG).changed(closed=True)
    decision = run(closed)
    assert decision.entries == ()
    assert decision.state.reengage_run is None


def test_the_holdout_of_the_program_is_asked() -> None:
    written = PROGRAM.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    sending = {**written["sending"], "holdout": "100%"}
    everybody = Program.model_validate({**written, "sending": sending})
    assert why(created(everybody, **BIG), own=everybody) == "holdout"


_looked = st.lists(
    st.builds(
        lambda lead, days, reason: Looked(
            lead=lead, idle_since=MONDAY + timedelta(days=days), why=reason
        ),
        st.text("abc", min_size=1, max_size=3),
        st.integers(0, 3),
        st.sampled_from([None, None, "idle", "score"]),
    ),
    max_size=12,
    unique_by=lambda one: one.lead,
)


@settings(max_examples=60, derandomize=True)
@given(_looked, st.none() | st.integers(0, 5))
def test_a_run_takes_the_longest_idle_leads_and_accounts_for_all(
    looked: list[Looked], at_most: int | None
) -> None:
    chosen = choose(looked, at_most)
    known = {one.lead: one for one in looked}
    order = [(known[lead].idle_since, lead) for lead in (*chosen.taken, *chosen.left_over)]
    assert order == sorted(order)
    assert all(known[lead].why is None for _, lead in order)
    assert len(order) + sum(chosen.why_not.values()) == len(looked)
    assert at_most is None or len(chosen.taken) == min(at_most, len(order))
    assert choose(reversed(looked), at_most) == chosen


@settings(max_examples=25, derandomize=True)
@given(st.lists(st.sampled_from(["view", "activate", "run", "wait"]), max_size=8))
def test_a_taken_lead_is_in_the_track_or_through_it_and_no_mail_key_comes_twice(
    steps: list[str],
) -> None:
    world = PureWorld(PROGRAM, Directory())
    world.create(Newcomer(lead="a", at=MONDAY, profile={"email": "a@x.example", **BIG}), 0)
    at, keys = MONDAY, list[str]()
    for number, step in enumerate(steps):
        at += timedelta(days=11 if step in ("run", "wait") else 1)
        while (due := world.next_due()) is not None and due < at:
            world.do_due()
        before = world.states["a"]
        if step == "run":
            name = f"run-{number}"
            world.take("a", Reengage(arrived=at, run=name, version=PROGRAM.digest))
            after = world.states["a"]
            assert after.reengage_run is not None
            taken = after.reengaged == at
            assert taken == (after.reengage_run.why is None)
            assert not taken or (after.track is not None and after.track.name == "back")
            assert taken or replace(after, reengage_run=None, at=at, turn=0) == replace(
                before, reengage_run=None, at=at, turn=0
            )
        elif step != "wait":
            kind = {"view": "page.viewed", "activate": "product.activated"}[step]
            world.take("a", Event(id=str(number), type=kind, at=at, arrived=at))
    keys = [one.fields["message"] for one in world.entries["a"] if one.kind == "email_sent"]
    assert len(keys) == len(set(keys))
