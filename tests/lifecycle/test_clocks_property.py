"""A clock's due instant, whatever the holds, equals a walk minute by minute over open time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.directory import Directory
from models.inputs import Act, Event
from models.instants import parse_instant
from models.program.program import Program
from simulation.pure import PureWorld
from simulation.scenario import Newcomer

MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("America/New_York")
FIRST = datetime(2026, 2, 27, tzinfo=UTC)
"""Clocks go forward on Sunday the 8th of March; a hold across it loses an hour of night."""
MINUTES = 120 * 1_440
BLOCKS = ((9 * 60, 12 * 60 + 30), (13 * 60 + 30, 18 * 60))
HOLIDAY = date(2026, 3, 12)
BOSS = "boss@desk.example"
PEOPLE = Directory.model_validate(
    {"teams": {"desk": {"manager": BOSS, "members": [{"email": "ina@desk.example"}]}}}
)


@cache
def open_minutes() -> tuple[bool, ...]:
    """Of each minute since FIRST, whether it is open."""

    def is_open(at: datetime) -> bool:
        local = at.astimezone(ZONE)
        minute = local.hour * 60 + local.minute
        working = local.weekday() < 5 and local.date() != HOLIDAY
        return working and any(start <= minute < end for start, end in BLOCKS)

    return tuple(is_open(FIRST + n * MINUTE) for n in range(MINUTES))


def program(within: str, remind: str) -> Program:
    return Program.model_validate(
        {
            "program": "desk",
            "timezone": "UTC",
            "lifecycle": {"hand_raise": "event.type == 'form.submitted'"},
            "sending": {"from": "desk@desk.example", "postal_address": "1 High Street"},
            "calendars": {
                "office": {
                    "timezone": "America/New_York",
                    "hours": {"mon-fri": ["09:00-12:30", "13:30-18:00"]},
                    "holidays": {"also": [HOLIDAY.isoformat()]},
                }
            },
            "handoff": {
                "routing": [{"otherwise": "desk"}],
                "accept": {"within": within, "calendar": "office", "remind_at": [remind]},
            },
        }
    )


Hold = tuple[int, int | None]
"""The minute at which something is done: a hold until the second minute, or a resume."""


def count_open_minutes(start: int, total: int, holds: list[Hold]) -> int:
    """The first minute by which `total` open minutes from `start` are counted."""
    held_until, counted, minute = start, 0, start
    waiting = list(holds)
    while counted < total:
        while waiting and waiting[0][0] == minute:
            until = waiting.pop(0)[1]
            # Held twice is held once, until the later instant; without one it is a resume.
            held_until = minute if until is None else max(held_until, until)
        counted += open_minutes()[minute] and held_until <= minute
        minute += 1
    return minute


def play_clock(within: str, remind: str, start: int, holds: list[Hold]) -> dict[str, int]:
    """The minutes at which the rules remind and say that the clock is breached."""
    world = PureWorld(program(within, remind), PEOPLE)
    at = FIRST + start * MINUTE
    world.create(Newcomer(lead="a", at=at, profile={"email": "a@lead.example"}), 0)
    world.take("a", Event(id="e", type="form.submitted", at=at, arrived=at))
    for n, (minute, until) in enumerate(holds):
        at = FIRST + minute * MINUTE
        run_until(world, at)
        if until is None:
            given = Act(do="resume", by=BOSS, id=f"a{n}", arrived=at)
        else:
            end = FIRST + until * MINUTE
            given = Act(do="hold", by=BOSS, id=f"a{n}", arrived=at, until=end, why="busy")
        world.take("a", given)
    run_until(world, FIRST + MINUTES * MINUTE)
    found = {}
    for entry in world.entries["a"]:
        if entry.kind in ("reminded", "breached"):
            found[entry.kind] = (entry.at - FIRST) // MINUTE
            shown = parse_instant(entry.fields["due"])
            found[f"due when {entry.kind}"] = (shown - FIRST) // MINUTE
    return found


def run_until(world: PureWorld, at: datetime) -> None:
    while (due := world.next_due()) is not None and due < at:
        world.do_due()


@st.composite
def holds_in_order(draw: st.DrawFn, start: int) -> list[Hold]:
    """Holds and resumes in time order, never for more than 30 days in all."""
    holds: list[Hold] = []
    minute = start
    for _ in range(draw(st.integers(0, 5))):
        minute += draw(st.integers(0, 2 * 1_440))
        if draw(st.integers(0, 3)):
            holds.append((minute, minute + draw(st.integers(1, 3 * 1_440))))
        else:
            holds.append((minute, None))
    return holds


starts = st.integers(0, 20 * 1_440)


@settings(max_examples=80)
@given(st.data(), starts, st.integers(1, 40), st.sampled_from([25, 50, 80, 100]))
def test_a_clock_in_hours_is_due_when_a_walk_by_minutes_says(
    data: st.DataObject, start: int, hours: int, share: int
) -> None:
    holds = data.draw(holds_in_order(start))
    reminder, due = (
        count_open_minutes(start, hours * 60 * part // 100, holds) for part in (share, 100)
    )
    # A hold at the very instant at which the time is used up is applied first; not tested here.
    assume(not {reminder, due} & {minute for minute, _ in holds})
    found = play_clock(f"{hours}h", f"{share}%", start, holds)
    # A reminder names the due instant by the holds that were known at that time.
    known = count_open_minutes(start, hours * 60, [one for one in holds if one[0] < reminder])
    assert found == {
        "reminded": reminder,
        "due when reminded": known,
        "breached": due,
        "due when breached": due,
    }


def day_due(start: int, days: int) -> int:
    """The start's local time on the N-th open day after the start day, within its hours."""
    while not open_minutes()[start]:
        start += 1
    at = (FIRST + start * MINUTE).astimezone(ZONE)
    day = at.date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5 and day != HOLIDAY
    due = datetime.combine(day, at.time(), ZONE)
    return (due - FIRST) // MINUTE


@settings(max_examples=60)
@given(st.data(), starts, st.integers(1, 9))
def test_a_clock_in_days_counts_the_open_time_of_its_span(
    data: st.DataObject, start: int, days: int
) -> None:
    holds = data.draw(holds_in_order(start))
    unheld = day_due(start, days)
    total = sum(open_minutes()[start:unheld])
    due = count_open_minutes(start, total, holds)
    # An unheld clock may be due at the opening after its time was used up; a hold in the
    # night between is not tested here.
    holds = [one for one in holds if one[0] < due]
    held = any(until is not None for _, until in holds)
    found = play_clock(f"{days}d", "100%", start, holds)
    assert found["reminded"] == due
    assert found["breached"] == (due if held else unheld)
