from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.handoff.assignment import Choice, look
from lifecycle.handoff.assignment import choose as choose_from
from lifecycle.handoff.roster import Roster
from models.decision import Assign, CountAssignment
from models.directory import Directory, Team

NOW = datetime(2026, 3, 9, 14, tzinfo=UTC)
RILEY, SAM, TESS = (f"{name}@acme.example" for name in ("riley", "sam", "tess"))
WEEK_OFF = [{"from": "2026-03-09", "to": "2026-03-13"}]


def team(*members: dict[str, Any]) -> Team:
    return Team.model_validate({"members": list(members)})


def people(*members: dict[str, Any]) -> Directory:
    return Directory(teams={"sdr": team(*members)})


def assign_command(**changes: Any) -> Assign:
    values: dict[str, Any] = {"key": "k", "at": NOW, "handoff": 1, "team": "sdr", "timezone": "UTC"}
    return Assign(**values | changes)


def nobody_owns(_members: Sequence[str]) -> dict[str, int]:
    """Loads of members who own no other lead."""
    return {}


def choose(
    found: Team, asked: Assign, loads: dict[str, int], shares: dict[str, Fraction]
) -> Choice:
    """Whom the directory gives the lead to, from these shares on."""
    return Roster({"sdr": shares}).assign(
        Directory(teams={"sdr": found}), asked, lambda _members: loads
    )


def raised(
    found: Team,
    asked: Assign | CountAssignment,
    loads: dict[str, int],
    shares: dict[str, Fraction],
) -> dict[str, Fraction]:
    """The shares by which the next lead is assigned."""
    return look(found, asked, lambda _members: loads, shares).shares


def by_hand(owner: str, tried: tuple[str, ...] = ()) -> CountAssignment:
    return CountAssignment(
        key="c", at=NOW, handoff=1, team="sdr", owner=owner, tried=tried, timezone="UTC"
    )


def assign_repeatedly(roster: Roster, directory: Directory, times: int) -> list[str | None]:
    return [roster.assign(directory, assign_command(), nobody_owns).owner for _ in range(times)]


def test_equal_members_take_turns_in_file_order() -> None:
    directory = people({"email": SAM}, {"email": RILEY})
    assert assign_repeatedly(Roster(), directory, 4) == [SAM, RILEY, SAM, RILEY]


def test_a_double_weight_gets_two_of_three() -> None:
    directory = people({"email": RILEY}, {"email": SAM, "weight": 2})
    assert assign_repeatedly(Roster(), directory, 6) == [RILEY, SAM, SAM, RILEY, SAM, SAM]


def test_a_member_at_capacity_is_left_out_and_no_capacity_means_no_limit() -> None:
    full = team({"email": RILEY, "capacity": 2}, {"email": SAM})
    loads = {RILEY: 2, SAM: 4_000}
    assert choose(full, assign_command(), loads, {}) == Choice(owner=SAM)
    assert choose(full, assign_command(), {RILEY: 1}, {SAM: Fraction(0)}) == Choice(owner=RILEY)


@pytest.mark.parametrize(
    ("zone", "at", "owner"),
    [
        ("America/New_York", datetime(2026, 3, 9, 3, 59, tzinfo=UTC), RILEY),
        ("America/New_York", datetime(2026, 3, 9, 4, 0, tzinfo=UTC), SAM),
        ("America/New_York", datetime(2026, 3, 14, 3, 59, tzinfo=UTC), SAM),
        ("America/New_York", datetime(2026, 3, 14, 4, 0, tzinfo=UTC), RILEY),
        ("Asia/Tokyo", datetime(2026, 3, 8, 15, 0, tzinfo=UTC), SAM),
    ],
)
def test_days_away_are_whole_days_in_the_members_own_zone(
    zone: str, at: datetime, owner: str
) -> None:
    found = team({"email": RILEY, "timezone": zone, "away": WEEK_OFF}, {"email": SAM})
    assert choose(found, assign_command(at=at, timezone="Europe/Berlin"), {}, {}) == Choice(
        owner=owner
    )


@pytest.mark.parametrize("zone", [None, "Mars/Base"])
def test_a_member_without_a_known_zone_counts_days_in_the_accept_calendars(
    zone: str | None,
) -> None:
    found = team({"email": RILEY, "timezone": zone, "away": WEEK_OFF})
    late = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)
    assert choose(found, assign_command(at=late), {}, {}).owner == RILEY
    assert choose(found, assign_command(at=late, timezone="Europe/Berlin"), {}, {}).why == "absent"


def test_the_preferred_owner_is_chosen_first_if_available() -> None:
    found = team({"email": RILEY}, {"email": SAM, "capacity": 1})
    shares = {RILEY: Fraction(0), SAM: Fraction(9)}
    wish = assign_command(prefer=SAM)
    assert choose(found, wish, {}, shares) == Choice(owner=SAM)
    assert choose(found, wish, {SAM: 1}, shares) == Choice(owner=RILEY)
    assert choose(found, assign_command(prefer=SAM, tried=(SAM,)), {}, shares) == Choice(
        owner=RILEY
    )
    assert choose(found, assign_command(prefer="gone@acme.example"), {}, shares) == Choice(
        owner=RILEY
    )


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (
            [{"email": RILEY, "capacity": 0}, {"email": SAM, "away": WEEK_OFF}, {"email": TESS}],
            "capacity",
        ),
        ([{"email": RILEY, "capacity": 0, "away": WEEK_OFF}], "capacity"),
        ([{"email": SAM, "away": WEEK_OFF}, {"email": TESS}], "absent"),
        ([{"email": TESS}], "tried"),
        ([], "empty"),
    ],
)
def test_the_first_reason_that_keeps_a_member_out_is_returned(
    members: list[dict[str, Any]], why: str
) -> None:
    assert choose(team(*members), assign_command(tried=(TESS,)), {}, {}) == Choice(why=why)  # type: ignore[arg-type]  # the parameters are these words


def test_an_unknown_team_is_empty() -> None:
    assert Roster().assign(Directory(), assign_command(), nobody_owns) == Choice(why="empty")
    assert Roster().assign(Directory(), assign_command(team=None), nobody_owns) == Choice(
        why="empty"
    )


def test_a_newcomer_starts_at_the_teams_lowest_share_exactly() -> None:
    grown = team({"email": RILEY, "weight": 3}, {"email": SAM}, {"email": TESS, "weight": 2})
    shares = raised(grown, assign_command(), {}, {RILEY: Fraction(7, 3), SAM: Fraction(4)})
    assert shares == {RILEY: Fraction(7, 3), SAM: 4, TESS: Fraction(7, 3)}


def test_a_newcomer_is_new_only_once() -> None:
    roster = Roster()
    assign_repeatedly(roster, people({"email": RILEY}), 5)
    both = people({"email": RILEY}, {"email": SAM})
    assert assign_repeatedly(roster, both, 4) == [RILEY, SAM, RILEY, SAM]


def test_an_absent_member_is_no_newcomer_on_return() -> None:
    roster = Roster()
    away = people({"email": RILEY}, {"email": SAM, "away": WEEK_OFF})
    assert assign_repeatedly(roster, away, 2) == [RILEY, RILEY]
    back = people({"email": RILEY}, {"email": SAM})
    assert roster.shares("sdr") == {RILEY: 2, SAM: 1}
    assert assign_repeatedly(roster, back, 3) == [SAM, RILEY, SAM]


def test_a_member_who_left_the_team_returns_as_a_newcomer() -> None:
    roster = Roster()
    both, alone = people({"email": RILEY}, {"email": SAM}), people({"email": RILEY})
    assign_repeatedly(roster, both, 2)
    assign_repeatedly(roster, alone, 10)
    assert assign_repeatedly(roster, both, 2) == [RILEY, SAM]


def test_an_assignment_by_hand_counts_for_a_member_only() -> None:
    roster, directory = Roster(), people({"email": RILEY}, {"email": SAM})
    for owner in (RILEY, RILEY, "stranger@acme.example"):
        roster.count(directory, by_hand(owner), nobody_owns)
    assert roster.shares("sdr") == {RILEY: 2, SAM: 0}
    assert assign_repeatedly(roster, directory, 3) == [SAM, SAM, RILEY]


def test_who_is_at_capacity_or_away_saves_nothing_up() -> None:
    found = team({"email": RILEY}, {"email": SAM, "capacity": 2}, {"email": TESS, "away": WEEK_OFF})
    shares = {RILEY: Fraction(9), SAM: Fraction(2), TESS: Fraction(11)}
    assert raised(found, assign_command(), {SAM: 2}, shares) == {RILEY: 9, SAM: 9, TESS: 11}
    assert raised(found, assign_command(), {SAM: 1}, shares) == shares
    assert raised(found, by_hand(RILEY), {SAM: 2}, shares) == {RILEY: 9, SAM: 9, TESS: 11}


def test_who_had_this_handoff_is_not_raised() -> None:
    found = team({"email": RILEY}, {"email": SAM}, {"email": TESS, "capacity": 0})
    shares = {RILEY: Fraction(9), SAM: Fraction(2), TESS: Fraction(1)}
    assert raised(found, assign_command(tried=(SAM, TESS)), {}, shares) == shares
    assert raised(found, by_hand(RILEY, tried=(SAM, TESS)), {}, shares) == shares


def test_nobody_is_raised_while_nobody_is_available() -> None:
    found = team({"email": RILEY, "capacity": 0}, {"email": SAM, "away": WEEK_OFF})
    shares = {RILEY: Fraction(9), SAM: Fraction(2)}
    assert raised(found, assign_command(), {}, shares) == shares


def test_whose_weight_changes_is_in_line_and_not_owed() -> None:
    roster = Roster()
    assign_repeatedly(roster, people({"email": RILEY}, {"email": SAM}), 20)
    heavier = people({"email": RILEY}, {"email": SAM, "weight": 3})
    assert assign_repeatedly(roster, heavier, 8) == [RILEY, SAM, SAM, SAM, RILEY, SAM, SAM, SAM]


def test_each_team_has_its_own_shares() -> None:
    one = team({"email": RILEY}, {"email": SAM})
    directory, roster = Directory(teams={"sdr": one, "ae": one}), Roster()
    assign_repeatedly(roster, directory, 1)
    assert roster.assign(directory, assign_command(team="ae"), nobody_owns).owner == RILEY


@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=6), times=st.integers(0, 120))
def test_shares_follow_the_weights_within_one_round(weights: list[int], times: int) -> None:
    emails = [f"m{n}@acme.example" for n in range(len(weights))]
    directory = people(
        *({"email": email, "weight": weight} for email, weight in zip(emails, weights, strict=True))
    )
    owners = Counter(assign_repeatedly(Roster(), directory, times))
    ratios = [
        Fraction(owners[email], weight) for email, weight in zip(emails, weights, strict=True)
    ]
    assert max(ratios) - min(ratios) <= 1


@given(
    members=st.lists(
        st.tuples(
            st.sampled_from([None, 0, 1, 2]),  # capacity
            st.booleans(),  # away
            st.booleans(),  # had this handoff
            st.integers(0, 2),  # leads
            st.one_of(st.none(), st.fractions(0, 3, max_denominator=2)),  # share
        ),
        max_size=12,
    ),
    preferred=st.integers(0, 12),
)
@settings(max_examples=60)
def test_looking_at_some_members_gives_what_looking_at_all_gives(
    members: list[tuple[int | None, bool, bool, int, Fraction | None]], preferred: int
) -> None:
    names = [f"m{number}@acme.example" for number in range(len(members))]
    found = team(
        *(
            {"email": name, "capacity": one[0], "away": WEEK_OFF if one[1] else []}
            for name, one in zip(names, members, strict=True)
        )
    )
    tried = tuple(name for name, one in zip(names, members, strict=True) if one[2])
    asked = assign_command(tried=tried, prefer=f"m{preferred}@acme.example")
    shares = {name: one[4] for name, one in zip(names, members, strict=True) if one[4] is not None}
    start = min(shares.values(), default=Fraction(0))
    whole = {name: shares.get(name, start) for name in names}
    full = {
        name: one[0] is not None and one[3] >= one[0]
        for name, one in zip(names, members, strict=True)
    }
    out = {name: full[name] or one[1] or one[2] for name, one in zip(names, members, strict=True)}
    free = [name for name in names if not out[name]]
    lowest = min((whole[name] for name in free), default=None)
    owner = next((name for name in free if whole[name] == lowest), None)
    raised_to = {
        name: lowest
        for name in names
        if lowest is not None and out[name] and name not in tried and whole[name] < lowest
    }
    loads = {name: one[3] for name, one in zip(names, members, strict=True)}
    looked = look(found, asked, lambda some: {one: loads[one] for one in some}, shares)
    assert looked.shares == whole | raised_to
    assert looked.next == owner
    chosen = choose_from(asked, looked).owner
    assert chosen == (asked.prefer if asked.prefer in free else owner)
