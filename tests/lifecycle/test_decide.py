"""One turn: inputs and due items merged in time order, also after an outage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from lifecycle.decide import RESULT_WAIT, decide, new_lead
from lifecycle.program.rulebook import rulebook
from models.decision import Assign, Decision
from models.inputs import Created, Event, Input, MalformedInput, Result
from models.program.program import Program
from models.state import LeadState
from tests.lifecycle.ruled_lead import (
    BOSS,
    DESK,
    INA,
    MONDAY,
    OMAR,
    PEOPLE,
    RELAY,
    act,
    raised_hand,
)

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


class DecidedLead:
    """A lead whose turns are run by hand."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.state: LeadState = new_lead("a", program)
        self.decision = Decision(state=self.state)

    def turn(self, now: Any, *inputs: Input) -> list[tuple[str, Any]]:
        """Run a turn; returns the kinds of its entries with their instants."""
        book = rulebook(self.program)
        self.decision = decide(book, self.state, inputs, now, people=PEOPLE)
        self.state = self.decision.state
        wake = self.decision.wake
        assert wake is None or wake.at > now, "a wake that is not later would be a hot loop"
        instants = [one.at for one in self.decision.entries]
        assert instants == sorted(instants), "the timeline ran backwards"
        return [(one.kind, one.at) for one in self.decision.entries]

    def asked(self) -> Assign:
        """The command to find an owner, of the last turn."""
        return next(one for one in self.decision.commands if isinstance(one, Assign))

    def answer(self, owner: str | None, at: Any, why: str | None = None) -> Result:
        """The answer to it."""
        outcome = "unassigned" if owner is None else "assigned"
        key = self.asked().key
        return Result(key=key, arrived=at, outcome=outcome, owner=owner, why=why)  # type: ignore[arg-type]  # one of two


def lead_with_owner(program: Program) -> DecidedLead:
    lead = DecidedLead(program)
    created = Created(arrived=MONDAY, profile={"email": "a@lead.example"})
    lead.turn(MONDAY, created, raised_hand(MONDAY))
    lead.turn(MONDAY, lead.answer(INA, MONDAY))
    assert lead.state.owner == INA
    return lead


def kinds(entries: Sequence[tuple[str, Any]]) -> list[str]:
    return [kind for kind, _ in entries]


def test_an_accept_that_arrived_after_the_breach_was_due_does_not_undo_it() -> None:
    lead = lead_with_owner(DESK)
    now = MONDAY + 10 * HOUR
    entries = lead.turn(now, act("accept", INA, MONDAY + 4 * HOUR + SECOND))
    assert kinds(entries)[:6] == [
        "reminded",
        "reminded",
        "breached",
        "alerted",
        "accepted",
        "stage",
    ]
    assert lead.decision.entries[4].fields["late"] is True
    # The first touch was due two hours after 13:00, and nobody did that either.
    assert kinds(entries)[6:] == ["breached", "alerted"]
    # They are done long after their due instants, so they have the real instant.
    assert {at for _, at in entries} == {now}


def test_an_accept_that_arrived_in_time_is_in_time_whenever_the_turn_runs() -> None:
    for late in (timedelta(0), 30 * SECOND, 10 * HOUR):
        lead = lead_with_owner(DESK)
        due = MONDAY + 4 * HOUR
        entries = lead.turn(due + late, act("accept", INA, due))
        assert kinds(entries)[:4] == ["reminded", "reminded", "accepted", "stage"]
        accepted = next(one for one in lead.decision.entries if one.kind == "accepted")
        assert accepted.fields["late"] is False
        assert accepted.fields["open_seconds"] == 4 * 3600


def test_what_is_done_within_a_minute_is_recorded_at_its_due_instant() -> None:
    lead = lead_with_owner(DESK)
    lead.turn(MONDAY + 3 * HOUR)
    due = MONDAY + 4 * HOUR
    assert lead.turn(due + MINUTE) == [("breached", due), ("alerted", due)]
    lead = lead_with_owner(DESK)
    lead.turn(MONDAY + 3 * HOUR)
    real = due + MINUTE + SECOND
    assert lead.turn(real) == [("breached", real), ("alerted", real)]


def test_entries_of_an_input_have_the_instant_at_which_it_arrived() -> None:
    lead = lead_with_owner(DESK)
    arrived = MONDAY + MINUTE
    entries = lead.turn(MONDAY + HOUR, act("touch", INA, arrived, channel="call"))
    assert entries == [("touched", arrived)]


def test_inputs_are_applied_in_the_order_in_which_they_arrived() -> None:
    lead = lead_with_owner(DESK)
    touch = act("touch", INA, MONDAY + 2 * MINUTE, channel="call")
    accept = act("accept", INA, MONDAY + MINUTE)
    assert kinds(lead.turn(MONDAY + 3 * MINUTE, touch, accept)) == ["accepted", "stage", "touched"]


def test_a_turn_before_anything_is_due_changes_nothing() -> None:
    lead = lead_with_owner(DESK)
    before = lead.decision.wake
    assert lead.turn(MONDAY + MINUTE) == []
    assert lead.decision.wake == before


def test_every_wake_has_an_effect_and_the_next_wake_is_later() -> None:
    lead = lead_with_owner(RELAY)
    turns = 0
    while lead.decision.wake is not None:
        at = lead.decision.wake.at
        entries = lead.turn(at)
        assert entries, "a wake for nothing"
        turns += 1
        if any(isinstance(one, Assign) for one in lead.decision.commands):
            owner = OMAR if OMAR not in lead.asked().tried else None
            lead.turn(at, lead.answer(owner, at, None if owner else "tried"))
        assert turns < 20
    assert lead.state.owner == OMAR


def test_a_repeated_assignment_result_has_no_second_effect() -> None:
    lead = lead_with_owner(RELAY)
    due = MONDAY + 2 * HOUR
    lead.turn(due)
    answer = lead.answer(OMAR, due)
    assert kinds(lead.turn(due, answer, answer)) == ["assigned"]


def test_an_assignment_result_after_the_manager_accepted_has_no_effect() -> None:
    lead = lead_with_owner(RELAY)
    due = MONDAY + 2 * HOUR
    assert kinds(lead.turn(due)) == ["reminded", "breached", "alerted"]
    answer = lead.answer(OMAR, due + MINUTE)
    # Between the breach and the answer the lead has no owner.
    entries = lead.turn(due + SECOND, act("accept", INA, due + SECOND))
    assert kinds(entries) == ["refused"]
    entries = lead.turn(due + 2 * SECOND, act("accept", BOSS, due + 2 * SECOND))
    assert kinds(entries) == ["accepted", "stage"]
    assert lead.turn(due + MINUTE, answer) == []
    assert lead.state.owner == BOSS


def test_a_due_item_waits_some_seconds_for_the_result_of_a_command() -> None:
    lead = lead_with_owner(RELAY)
    due = MONDAY + 2 * HOUR
    lead.turn(due)
    wake = lead.decision.wake
    assert wake is None or wake.at >= due + RESULT_WAIT


def test_after_an_outage_a_hold_has_ended_at_its_own_instant() -> None:
    lead = lead_with_owner(DESK)
    lead.turn(
        MONDAY + HOUR,
        act("hold", INA, MONDAY + HOUR, until="2026-03-02T11:00:00Z", why="busy"),
    )
    lead.turn(MONDAY + 5 * HOUR - MINUTE)
    entries = lead.turn(MONDAY + 5 * HOUR)
    # One hour counted, three more from 11:00 on.
    assert entries == [("breached", MONDAY + 5 * HOUR), ("alerted", MONDAY + 5 * HOUR)]
    assert lead.state.handoff is not None
    assert lead.state.handoff.held_seconds == 3600


def test_clocks_count_until_the_act_arrived_even_if_the_turn_is_late() -> None:
    lead = lead_with_owner(DESK)
    entries = lead.turn(
        MONDAY + 8 * HOUR,
        act("accept", INA, MONDAY + 3 * HOUR),
        act("touch", INA, MONDAY + 6 * HOUR, channel="call"),
    )
    # Accepted at 12:00, so the first touch was due at 14:00, an hour before it came.
    assert kinds(entries)[2:] == ["accepted", "stage", "breached", "alerted", "touched"]
    breached = next(one for one in lead.decision.entries if one.kind == "breached")
    assert breached.fields["due"] == "2026-03-02T14:00:00Z"


def test_a_hold_that_arrived_in_an_outage_stops_the_clock_from_its_arrival() -> None:
    lead = lead_with_owner(DESK)
    hold = act("hold", INA, MONDAY + 3 * HOUR, until="2026-03-02T14:00:00Z", why="busy")
    entries = lead.turn(MONDAY + 5 * HOUR + 30 * MINUTE, hold)
    assert kinds(entries) == ["reminded", "reminded", "held", "resumed"]
    assert lead.decision.wake is not None
    # Three hours were counted; the fourth is from 14:00 on.
    assert lead.decision.wake.at == MONDAY + 6 * HOUR
    assert lead.state.handoff is not None
    assert lead.state.handoff.held_seconds == 2 * 3600


def test_after_an_outage_missed_retries_become_one_try() -> None:
    lead = DecidedLead(DESK)
    created = Created(arrived=MONDAY, profile={"email": "a@lead.example"})
    lead.turn(MONDAY, created, raised_hand(MONDAY))
    entries = lead.turn(MONDAY, lead.answer(None, MONDAY, "absent"))
    assert kinds(entries) == ["unassigned", "alerted"]
    now = MONDAY + 3 * HOUR
    assert lead.turn(now) == []
    assert lead.asked().at == now
    assert lead.turn(now, lead.answer(None, now, "absent")) == []
    assert lead.decision.wake is not None
    assert lead.decision.wake.at == now + HOUR / 2


def test_an_input_before_the_creation_is_refused_and_changes_nothing() -> None:
    lead = DecidedLead(DESK)
    event = Event(id="e", type="page.viewed", at=MONDAY, arrived=MONDAY)
    entries = lead.turn(MONDAY, act("accept", INA, MONDAY), event)
    assert kinds(entries) == ["refused", "ignored"]
    assert lead.state.created is None
    assert lead.decision.answers[0].refused


def test_a_malformed_message_is_recorded_on_the_timeline() -> None:
    lead = lead_with_owner(DESK)
    entries = lead.turn(
        MONDAY,
        MalformedInput(arrived=MONDAY, name="accept", why="by: is missing"),
        MalformedInput(arrived=MONDAY, name="dance", why="there is no such act"),
    )
    assert kinds(entries) == ["refused", "ignored"]


def test_a_second_creation_is_ignored() -> None:
    lead = lead_with_owner(DESK)
    created = Created(arrived=MONDAY, profile={"email": "b@lead.example"})
    assert kinds(lead.turn(MONDAY, created)) == ["ignored"]
    assert lead.state.profile["email"] == "a@lead.example"
