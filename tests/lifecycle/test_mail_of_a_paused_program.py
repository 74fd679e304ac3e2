"""A mail that was on its way when its program was paused comes back; its step stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.files.program import read_program
from lifecycle.decide import decide, new_lead
from lifecycle.nurture.tracks import CHECK_AGAIN
from lifecycle.program.rulebook import rulebook
from models.decision import Decision, SendMail
from models.directory import Directory
from models.inputs import Created, Input, ProgramPaused, Result
from models.state import LeadState, dump_state, read_state

PROGRAM = read_program(Path(__file__).parent.parent / "scenarios" / "programs" / "pausing.yaml")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = MONDAY + timedelta(seconds=2)


def play(state: LeadState, at: datetime, *inputs: Input) -> Decision:
    decision = decide(rulebook(PROGRAM), state, inputs, at, people=Directory())
    assert read_state(dump_state(decision.state)) == decision.state
    return decision


def sending() -> tuple[LeadState, SendMail]:
    profile = {"email": "a@x.example", "source": "deferred"}
    first = play(new_lead("a", PROGRAM), MONDAY, Created(arrived=MONDAY, profile=profile))
    (mail,) = [one for one in first.commands if isinstance(one, SendMail)]
    return first.state, mail


@pytest.mark.parametrize("pause_first", [True, False])
def test_it_is_sent_when_the_program_goes_on(*, pause_first: bool) -> None:
    state, mail = sending()
    back: Input = Result(arrived=LATER, key=mail.key, outcome="skipped", why="paused")
    pause: Input = ProgramPaused(arrived=LATER, pause=True)
    for given in [pause, back] if pause_first else [back, pause]:
        decision = play(state, LATER, given)
        assert [one.kind for one in decision.entries] == (["paused"] if given is pause else [])
        state = decision.state
    # nothing of the track is due while the program is paused
    state = play(state, LATER + timedelta(days=1)).state
    resumed = LATER + timedelta(days=2)
    again = play(state, resumed, ProgramPaused(arrived=resumed, pause=False))
    assert [one.key for one in again.commands] == [mail.key]


def test_it_is_checked_again_soon_if_the_lead_hears_nothing_of_the_pause() -> None:
    state, mail = sending()
    back: Input = Result(arrived=LATER, key=mail.key, outcome="skipped", why="paused")
    waiting = play(state, LATER, back)
    assert waiting.wake is not None
    assert waiting.wake.at == LATER + CHECK_AGAIN
    again = play(waiting.state, waiting.wake.at)
    assert [one.key for one in again.commands] == [mail.key]
