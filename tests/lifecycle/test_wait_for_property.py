"""`wait_for` under random changes of the profile, against a few lines that say what must happen."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from models.directory import Directory
from models.inputs import Event
from models.program.program import Program
from simulation.pure import PureWorld
from simulation.scenario import Newcomer

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
NOBODY = Directory(teams={})

_days = st.none() | st.dates(date(2026, 2, 20), date(2026, 4, 20))
_zones = st.sampled_from(("UTC", "America/New_York", "Europe/Berlin", "Pacific/Apia"))
_changes = st.fixed_dictionaries(
    {},
    optional={"renewal": _days, "timezone": _zones, "title": st.sampled_from(("CEO", "CTO"))},
)
_lives = st.lists(st.tuples(st.integers(0, 20 * 24), _changes), max_size=6)
_sides = st.sampled_from(({}, {"before": "3d"}, {"before": "2w"}, {"after": "1d"}))
_SHIFT = {"3d": -3, "2w": -14, "1d": 1}


def _program_with_wait_for(side: dict[str, str], at: time) -> Program:
    def notify(message: str) -> list[dict[str, Any]]:
        return [{"notify": {"channel": "app", "message": message}}]

    step = {"wait_for": "renewal", **side, "at": f"{at:%H:%M}"}
    steps = [{**step, "then": notify("then"), "else": notify("else")}]
    return Program.model_validate(
        {
            "program": "dates",
            "fields": {"renewal": "date"},
            "sending": {"from": "D <d@dates.example>", "postal_address": "1 Main Street"},
            "tracks": {"t": {"for": "true", "steps": steps}},
        }
    )


def _expected(
    life: list[tuple[int, dict[str, Any]]], days: int, at: time
) -> tuple[str, datetime] | None:
    """The way that the lead goes, and when; None if nothing happens in the time that is played."""
    profile: dict[str, Any] = {}
    due: datetime | None = None
    for hours, change in life:
        now = START + timedelta(hours=hours)
        if due is not None and due < now:
            return "then", due
        profile |= change
        day = profile.get("renewal")
        if day is not None:
            local = datetime.combine(day + timedelta(days=days), at)
            zone = ZoneInfo(profile.get("timezone", "UTC"))
            due = local.replace(tzinfo=zone).astimezone(UTC)
        if day is None or due is None or due < now:
            return "else", now
    return None if due is None else ("then", due)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(_changes, _lives, _sides, st.sampled_from((time(), time(2, 30), time(9), time(23, 59))))
def test_a_wait_for_follows_the_date_of_now(
    first: dict[str, Any], changes: list[tuple[int, dict[str, Any]]], side: dict[str, str], at: time
) -> None:
    life = [(0, first), *sorted(changes, key=lambda one: one[0])]
    program = _program_with_wait_for(side, at)
    world = PureWorld(program, NOBODY)
    for number, (hours, change) in enumerate(life):
        now = START + timedelta(hours=hours)
        while (due := world.next_due()) is not None and due < now:
            world.do_due()
        data = {name: str(one) if one is not None else None for name, one in change.items()}
        if number == 0:
            profile = {"email": "a@x.example", **data}
            world.create(Newcomer(lead="a", at=now, profile=profile), 0)
        else:
            event = Event(id=f"{number}", type="profile.updated", at=now, arrived=now, data=data)
            world.take("a", event)
    while world.next_due() is not None:
        world.do_due()
    went = [
        (entry.fields["message"], entry.at)
        for entry in world.entries["a"]
        if entry.kind == "notified"
    ]
    days = sum(_SHIFT[length] for length in side.values())
    assert went == [_expected(life, days, at)]
