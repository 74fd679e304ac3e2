"""Fairness for random teams: absences, capacities, changed weights, members who join and leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.handoff.roster import Roster
from models.decision import Assign
from models.directory import Directory

NOW = datetime(2026, 3, 9, 14, tzinfo=UTC)
AWAY = [{"from": "2026-03-09", "to": "2026-03-09"}]
WEIGHTS = st.integers(1, 9)

How = Literal["in", "absent", "capacity", "both", "gone"]
"""How a member is at an assignment; `gone` is not in the team."""


@dataclass(frozen=True)
class Instant:
    """How things are for one assignment: the weight of each member, and how each is."""

    weights: tuple[int, ...]
    how: tuple[How, ...]

    @property
    def present(self) -> tuple[int, ...]:
        """The members who are in the team now."""
        return tuple(number for number, how in enumerate(self.how) if how != "gone")


@dataclass(frozen=True)
class TeamLife:
    """A run of assignments in one team; the `steady` members are available all the time."""

    steady: frozenset[int]
    instants: tuple[Instant, ...]


def address(number: int) -> str:
    return f"m{number}@acme.example"


def assign(roster: Roster, now: Instant) -> str | None:
    """The owner of one more lead."""
    members: list[dict[str, Any]] = []
    for number in now.present:
        one: dict[str, Any] = {"email": address(number), "weight": now.weights[number]}
        if now.how[number] in ("absent", "both"):
            one["away"] = AWAY
        if now.how[number] in ("capacity", "both"):
            one["capacity"] = 3
        members.append(one)
    people = Directory.model_validate({"teams": {"sdr": {"members": members}}})
    asked = Assign(key="k", at=NOW, handoff=1, team="sdr", timezone="UTC")
    loads = {address(number): 3 for number, how in enumerate(now.how) if how != "in"}
    return roster.assign(people, asked, lambda _members: loads).owner


@st.composite
def lives(draw: st.DrawFn, weights: st.SearchStrategy[int] = WEIGHTS) -> TeamLife:
    """Phases of up to 25 assignments; from phase to phase weights and members change."""
    size = draw(st.integers(2, 6))
    steady = frozenset(draw(st.sets(st.integers(0, size - 1), min_size=1)))
    some: st.SearchStrategy[How] = st.sampled_from(("in", "absent", "capacity", "both", "gone"))
    always: st.SearchStrategy[How] = st.just("in")
    phase = st.tuples(
        st.tuples(*[weights] * size),
        st.tuples(*(always if number in steady else some for number in range(size))),
        st.integers(1, 25),
    )
    phases = draw(st.lists(phase, min_size=1, max_size=8))
    instants = (Instant(weights, how) for weights, how, times in phases for _ in range(times))
    return TeamLife(steady, tuple(instants))


def spread(roster: Roster, members: Iterable[int]) -> Fraction:
    """How far apart the shares of these members are."""
    shares = [roster.shares("sdr")[address(number)] for number in members]
    return max(shares) - min(shares)


def longest_step(life: TeamLife, members: Iterable[int]) -> Fraction:
    """1 ÷ the lowest weight that one of these members ever had."""
    return Fraction(1, min(now.weights[number] for now in life.instants for number in members))


@given(lives())
def test_shares_differ_by_one_step_at_most_whoever_is_out_joins_or_weighs_more(
    life: TeamLife,
) -> None:
    roster, everybody = Roster(), range(len(life.instants[0].weights))
    for now in life.instants:
        assert assign(roster, now) is not None
        assert spread(roster, life.steady) <= longest_step(life, life.steady)
        assert spread(roster, now.present) <= longest_step(life, everybody)


@given(lives(weights=st.just(1)), st.integers(1, 4))
def test_who_comes_back_gets_one_lead_more_than_a_fair_part_at_most(
    life: TeamLife, rounds: int
) -> None:
    roster = Roster()
    for now in life.instants:
        assign(roster, now)
    size = len(life.instants[0].weights)
    available: How = "in"
    all_in = Instant((1,) * size, (available,) * size)
    owners = Counter(assign(roster, all_in) for _ in range(rounds * size))
    for number in range(size):
        assert rounds - 1 <= owners[address(number)] <= rounds + 1


@given(lives())
def test_a_share_grows_by_one_divided_by_the_weight_of_the_time(life: TeamLife) -> None:
    roster, grown = Roster(), Fraction(0)
    steady = min(life.steady)
    for now in life.instants:
        if assign(roster, now) == address(steady):
            grown += Fraction(1, now.weights[steady])
        assert roster.shares("sdr")[address(steady)] == grown
