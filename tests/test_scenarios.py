"""Every scenario under tests/scenarios, played by the pure engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulation.pure import play
from simulation.scenario import read_scenario
from simulation.timeline import TimelineLine, barred, missed

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))


def _shown(line: object) -> str:
    return json.dumps(line, ensure_ascii=False, default=str)


def _around(lines: list[TimelineLine], lead: object) -> str:
    chosen = [line for line in lines if lead is None or line["lead"] == lead]
    return "\n".join(f"    {_shown(line)}" for line in chosen)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_has_the_timeline_that_it_expects(path: Path) -> None:
    scenario = read_scenario(path)
    lines = play(scenario)
    complaints = []
    for place in missed(scenario.expect, lines):
        wanted = scenario.expect[place]
        complaints.append(
            f"expect[{place}] has no match after the lines before it:\n  {_shown(dict(wanted))}\n"
            f"  the timeline of this lead:\n{_around(lines, wanted.get('lead'))}"
        )
    for place, line in barred(scenario.never, lines):
        complaints.append(
            f"never[{place}] is matched:\n  {_shown(dict(scenario.never[place]))}\n"
            f"  by {_shown(line)}"
        )
    assert not complaints, "\n".join(complaints)
