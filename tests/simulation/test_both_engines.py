"""Every scenario has the same timeline in the pure engine and in the real workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.queues import rehearsing
from simulation import pure, temporal
from simulation.scenario import read_scenario

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_both_engines_print_the_same_timeline(path: Path) -> None:
    scenario = read_scenario(path)
    played = temporal.play(scenario, rehearsing)
    assert played == pure.play(scenario)
    assert played, "a scenario without a timeline compares nothing"
