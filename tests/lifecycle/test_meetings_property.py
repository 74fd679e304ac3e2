"""Meetings in any order, against a few lines that count the hours in which the clock is held."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.inputs import Event
from models.instants import write_instant
from models.program.program import Program
from simulation.pure import PureWorld
from simulation.scenario import Newcomer
from tests.lifecycle.ruled_lead import BOSS, MONDAY, PEOPLE, act, raised_hand

HOURS = 40
"""How long the qualify clock runs when nothing holds it."""
AT_MOST = 60
"""How long the handoff may be held."""
PROGRAM = Program.model_validate(
    {
        "program": "meetings",
        "lifecycle": {"hand_raise": "event.type == 'form.submitted'"},
        "sending": {"from": "M <m@meetings.example>", "postal_address": "1 Main Street"},
        "handoff": {
            "routing": [{"otherwise": "desk"}],
            "qualify": {"within": f"{HOURS}h"},
            "hold_at_most": f"{AT_MOST}h",
        },
    }
)


@dataclass(frozen=True)
class Said:
    """What is said of a meeting, `gap` hours after what was said before, `lag` hours late."""

    gap: int
    do: str
    meeting: str
    starts: int
    """Hours from now to its start; it may lie in the past."""
    lag: int


_said = st.builds(
    Said,
    gap=st.integers(0, 20),
    do=st.sampled_from(("booked", "booked", "cancelled", "resume")),
    meeting=st.sampled_from(("m1", "m2", "")),
    starts=st.integers(-5, 70),
    lag=st.sampled_from((0, 0, 0, 3, 25)),
)


@dataclass
class Expected:
    """The qualify clock, hour by hour."""

    counted: int = 0
    held: int = 0
    starts: dict[str, int] = field(default_factory=dict)
    said: dict[str, int] = field(default_factory=dict)
    resumed: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    def take(self, hour: int, one: Said) -> None:
        """Take in what is said at this hour."""
        if one.do == "resume":
            self.resumed |= set(self.said)
            return
        if one.do == "booked":
            self.touched.add(one.meeting)
        own = hour - one.lag
        if own < self.said.get(one.meeting, own):
            return
        self.said[one.meeting] = own
        starts = hour + one.starts if one.do == "booked" else None
        if starts != self.starts.get(one.meeting):
            self.resumed.discard(one.meeting)
        self.starts.pop(one.meeting, None)
        if starts is not None:
            self.starts[one.meeting] = starts

    def is_held(self, hour: int) -> bool:
        """Whether the clock is held in the hour that begins now."""
        waits = any(at > hour for key, at in self.starts.items() if key not in self.resumed)
        return waits and self.held < AT_MOST


def _breached(life: list[tuple[int, Said]]) -> tuple[int, int]:
    """The hour of the breach, and the number of touches until then."""
    expected, hour = Expected(), 0
    while True:
        for _, one in (one for one in life if one[0] == hour):
            expected.take(hour, one)
        if expected.is_held(hour):
            expected.held += 1
        elif expected.counted == HOURS:
            return hour, len(expected.touched)
        else:
            expected.counted += 1
        hour += 1


@settings(max_examples=120, derandomize=True, deadline=None)
@given(st.lists(_said, max_size=10))
def test_the_qualify_clock_waits_for_the_latest_meeting_in_whatever_order(said: list[Said]) -> None:
    world = _accepted_lead()
    hour, life = 0, []
    for one in said:
        hour += one.gap
        life.append((hour, one))
    breach, touches = _breached(life)
    for number, (hour, one) in enumerate(life):
        at = MONDAY + timedelta(hours=hour)
        if hour > breach:
            break
        while (due := world.next_due()) is not None and due < at:
            world.do_due()
        if one.do == "resume":
            world.take("a", act("resume", BOSS, at))
            continue
        data = {"starts_at": write_instant(at + timedelta(hours=one.starts))}
        world.take(
            "a",
            Event(
                id=f"e{number}",
                type=f"meeting.{one.do}",
                data={"id": one.meeting, **(data if one.do == "booked" else {})},
                at=at - timedelta(hours=one.lag),
                arrived=at,
            ),
        )
    while world.next_due() is not None:
        world.do_due()
    entries = world.entries["a"]
    assert [one.at for one in entries if one.kind == "breached"] == [
        MONDAY + timedelta(hours=breach)
    ]
    assert sum(one.kind == "touched" for one in entries) == touches
    going = [one for one in entries if one.kind in ("held", "resumed")]
    assert all(one.kind == "held" for one in going[:1])
    assert not going or going[-1].kind == "resumed"


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(_said, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(said: list[Said], random: Random) -> None:
    events = []
    for minutes, one in enumerate(said):
        booked = one.do != "cancelled"
        starts = {"starts_at": write_instant(MONDAY + timedelta(hours=one.starts))}
        events.append(
            Event(
                id=f"e{minutes}",
                type="meeting.booked" if booked else "meeting.cancelled",
                data={"id": one.meeting, **(starts if booked else {})},
                at=MONDAY + timedelta(minutes=minutes),
                arrived=MONDAY + timedelta(hours=1),
            )
        )
    in_order = _handoff_after(events)
    random.shuffle(events)
    assert _handoff_after(events) == in_order


def _handoff_after(events: list[Event]) -> tuple[datetime | None, int, list[datetime]]:
    world = _accepted_lead()
    for event in events:
        world.take("a", event)
    handoff = world.states["a"].handoff
    assert handoff is not None
    return handoff.meeting_until, handoff.touches, [one.due for one in handoff.clocks]


def _accepted_lead() -> PureWorld:
    world = PureWorld(PROGRAM, PEOPLE)
    world.create(Newcomer(lead="a", at=MONDAY, profile={"email": "a@lead.example"}), 0)
    world.take("a", raised_hand(MONDAY))
    world.take("a", act("accept", BOSS, MONDAY))
    return world
