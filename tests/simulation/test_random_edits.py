"""Random programs with random edits: both engines agree, and the impact comes true.

`LEADFLOW_RANDOM_EDITS=300 pytest tests/simulation/test_random_edits.py` plays so many examples of
each, new ones every time.
"""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from assembly.queues import rehearsing
from models.publication import IN_FLIGHT
from simulation import pure, temporal
from simulation.scenario import PublishLine, Scenario
from tests.lifecycle.random_edits import edited
from tests.simulation.played_worlds import check_impact, newest_before
from tests.simulation.random_scenarios import scenarios

_MANY = int(os.environ.get("LEADFLOW_RANDOM_EDITS", "0"))
_MOST_LINES = 150
"""So long a timeline is played on the server: each line costs it some hundredths of a second."""


def _few(examples: int) -> settings:
    return settings(
        max_examples=_MANY or examples,
        deadline=None,
        derandomize=not _MANY,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],  # scenarios are long; shrinking takes minutes
    )


@_few(2)
@given(scenarios())
def test_both_engines_play_the_same_timeline_while_versions_change(scenario: Scenario) -> None:
    expected = pure.play(scenario)
    assume(len(expected) < _MOST_LINES)
    assert temporal.play(scenario, rehearsing) == expected


@_few(5)
@given(data=st.data())
def test_the_impact_of_a_random_edit_comes_true_line_for_line(data: st.DataObject) -> None:
    scenario = data.draw(scenarios())
    ends = max((one.at for one in scenario.lines), default=scenario.start)
    at = ends + timedelta(minutes=data.draw(st.sampled_from((0, 1, 45, 26 * 60, 9 * 24 * 60))))
    for in_flight in IN_FLIGHT:
        line = PublishLine(
            at=at,
            program=data.draw(edited(newest_before(scenario, at))),
            in_flight=in_flight,
            recheck=data.draw(st.booleans()),
        )
        check_impact(scenario, line)
