"""The demonstration holds its plan against the timelines: what came otherwise is a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from demonstration.change_in_play import change_of
from models.decision import Entry
from simulation.impact import published_world
from simulation.quiet_future import play_quietly
from simulation.scenario import PublishLine
from tests.simulation.played_worlds import standing_of, world_until
from tests.simulation.test_impact import SCENARIOS, first_publication

_SPAN = timedelta(days=20)


@pytest.fixture(scope="module")
def line() -> PublishLine:
    return replace(first_publication(SCENARIOS["versions-migrate"]), in_flight="migrate")


def test_a_plan_is_held_against_what_came_until_somebody_does_something(line: PublishLine) -> None:
    scenario = SCENARIOS["versions-migrate"]
    standing = standing_of(scenario, world_until(scenario, line.at), line.at)
    change, came = change_of(standing, line), published_world(standing, line)
    play_quietly(came, line.at, line.at + _SPAN)
    timelines: dict[str, Sequence[Entry]] = dict(came.entries)
    found = change.truth(timelines.__getitem__)
    assert (found.differences, found.changed) == ((), len(change.states))
    assert found.followed == found.changed > 0
    assert found.happened > 0
    lead, (place, mail) = next(
        (one, (place, entry))
        for one, entries in timelines.items()
        for place, entry in enumerate(entries)
        if entry.kind == "email_sent"
    )
    was = list(timelines[lead])
    other = replace(mail, fields={**mail.fields, "email": "spam"})
    for changed, said in (
        ([*was[:place], other, *was[place + 1 :]], "and mail spam came"),
        ([was[0], *was], "changed its version 2 times"),
        (was[1:], "changed its version 0 times"),
    ):
        timelines[lead] = changed
        (difference,) = change.truth(timelines.__getitem__).differences
        assert difference.startswith(f"lead {lead}: ")
        assert said in difference
    touched = replace(mail, kind="event", fields={"type": "email.clicked"})
    timelines[lead] = [*was[:place], touched, other]
    assert change.truth(timelines.__getitem__).differences == ()
