"""The words of sales: every stage, act, clock, task and reason has its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.files.program import read_program
from lifecycle.sales_words import (
    ACT_WORDS,
    CLOCK_WORDS,
    STAGE_WORDS,
    TASK_WORDS,
    door_words,
    reason_word,
    stage_refusal,
)
from lifecycle.stages import ACT_STAGES, MOVES
from models.inputs import ACTS
from models.program.handoff import CLOCK_NAMES
from models.program.tracks import TaskWork

ROOT = Path(__file__).parents[2]
PROGRAMS = [ROOT / "programs" / "acme.yaml"]
MACHINE = re.compile(r"\b(mql|sal|sql|suppressed|workflow|activity|signal)\b|_", re.IGNORECASE)


def words_that_a_why_may_be() -> set[str]:
    """Every `why` that docs/timeline.md lists."""
    text = (ROOT / "docs" / "timeline.md").read_text("utf-8")
    table = text.partition("## Every `why`")[2].partition("## Order")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([a-z_]+)`", row)}


def test_every_stage_has_one_word_of_its_own() -> None:
    assert list(STAGE_WORDS) == list(MOVES)
    assert len(set(STAGE_WORDS.values())) == len(MOVES)
    assert [one for one in STAGE_WORDS.values() if MACHINE.search(one)] == []


def test_every_act_has_a_label_and_a_sentence_for_when_it_is_done() -> None:
    assert set(ACT_WORDS) == set(ACTS) | {"merge"}
    assert len({one.label for one in ACT_WORDS.values()}) == len(ACT_WORDS)
    for words in ACT_WORDS.values():
        assert not MACHINE.search(words.label + words.done)
        assert words.done.endswith(".")


def test_every_clock_and_every_kind_of_task_has_words() -> None:
    assert tuple(CLOCK_WORDS) == CLOCK_NAMES
    kinds = TaskWork.model_json_schema()["properties"]["kind"]["enum"]
    assert list(TASK_WORDS) == kinds


def test_every_reason_of_every_program_and_every_why_reads_as_words() -> None:
    reasons = words_that_a_why_may_be()
    for path in PROGRAMS:
        program = read_program(path)
        sections = (program.recycle.reasons, program.disqualify.reasons, program.lost_reasons)
        reasons |= {name for section in sections for name in section}
    assert {"mql", "not_worked", "hand_raise", "no_budget", "owner_left"} <= reasons
    assert {one: reason_word(one) for one in reasons if MACHINE.search(reason_word(one))} == {}


@pytest.mark.parametrize(
    ("via", "words"),
    [
        ("desk", "at the desk"),
        ("button", "by a button in an alert"),
        ("api reports key", "through the API reports key"),
        ("a door of tomorrow", "a door of tomorrow"),
    ],
)
def test_a_door_is_said_in_words(via: str, words: str) -> None:
    assert door_words(via) == words


def test_a_refusal_for_the_stage_says_what_would_be_allowed() -> None:
    assert stage_refusal("qualify", "mql") == (
        "“Qualify” is for a lead that is “Accepted”; this one is “New” now."
    )
    assert stage_refusal("accept", "sal", "jonas@acme.example") == (
        "“Accept” is for a lead that is “New” or “Qualified”;"
        " this one is “Accepted” now and was accepted by jonas@acme.example."
    )
    for do in ACT_STAGES:
        assert not MACHINE.search(stage_refusal(do, "sal"))
