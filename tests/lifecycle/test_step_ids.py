"""The default id of a step says what the step is about, so that an edit elsewhere keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.files.program import read_program
from lifecycle.program.step_ids import document_order, step_ids
from models.directory import Directory
from models.program.tracks import Track
from simulation.pure import PureWorld
from simulation.scenario import Newcomer

STEPS: list[dict[str, Any]] = [
    {"wait": "1h"},
    {"email": "welcome"},
    {"wait": "3d"},
    {"email": "problem-guide"},
    {
        "wait_until": "did('email.clicked', 'problem-guide')",
        "up_to": "5d",
        "then": [{"email": "ebook"}, {"task": {"kind": "call"}}],
        "else": [{"wait": "1d"}, {"task": {"kind": "call"}, "id": "ring"}, {"wait": "1d"}],
    },
    {"wait": "1d"},
    {"email": "ebook"},
    {"variants": {"a": "short", "b": "long"}},
    {"move_to": "other"},
]
IDS = [
    "wait",
    "welcome",
    "wait-after-welcome",
    "problem-guide",
    "wait-until-after-problem-guide",
    "ebook",
    "task-after-ebook",
    "wait-after-ebook",
    "ring",
    "wait-after-ring",
    "wait-after-ring-2",
    "ebook-2",
    "short-or-long",
    "move-to-after-short-or-long",
]


def ids_of(steps: list[dict[str, Any]]) -> list[str]:
    track = Track.model_validate({"for": "true", "steps": steps})
    ids = step_ids(track)
    return [ids[id(step)] for step in document_order(track.steps)]


def test_a_step_is_named_by_its_email_or_by_its_kind_and_what_is_above_it() -> None:
    assert ids_of(STEPS) == IDS


def test_a_step_that_is_added_elsewhere_changes_no_id_of_another() -> None:
    for place in range(len(STEPS) + 1):
        added = {"notify": {"channel": "app", "message": "new"}}
        edited = ids_of([*STEPS[:place], added, *STEPS[place:]])
        assert [one for one in edited if not one.startswith("notify")] == IDS


def test_a_lead_that_waits_in_a_step_under_its_former_id_goes_on() -> None:
    program = read_program(Path(__file__).parents[1] / "scenarios/programs/step-names.yaml")
    start = datetime(2026, 3, 2, 14, tzinfo=UTC)
    world = PureWorld(program, Directory())
    world.create(Newcomer(lead="ana", at=start, profile={"email": "ana@x.example"}), 0)
    state = world.states["ana"]
    assert state.track is not None
    assert state.track.step == "wait-after-welcome"
    world.states["ana"] = state.changed(track=replace(state.track, step="wait-2"))
    while (due := world.next_due()) is not None and due <= start + timedelta(days=1):
        world.do_due()
    assert any(one.fields.get("step") == "welcome-2" for one in world.entries["ana"])
