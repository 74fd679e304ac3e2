"""The same act at every door has the same outcome and the same sentence, on a real stack."""

from __future__ import annotations

import pytest

from tests.usecases.acting_doors import AS_THEMSELVES, DOORS, Alerted, Doors

JONAS = "jonas@acme.example"
"""A sales person of another team."""

each_door = pytest.mark.parametrize("door", DOORS)


@each_door
def test_an_act_that_is_allowed_is_done(doors: Doors, lead: Alerted, door: str) -> None:
    assert doors.act(door, lead, "accept").outcome == "done"
    assert doors.stage(lead) == "sal"
    [entry] = doors.entries_of(lead, "accepted")
    assert entry["by"] == lead.owner
    assert entry.get("via", "temporal").partition(" ")[0] == door


@each_door
def test_a_refusal_is_the_rule_s_sentence_and_changes_nothing(
    doors: Doors, lead: Alerted, door: str
) -> None:
    refused = doors.act(door, lead, "recycle", reason="no_response")
    assert refused.outcome == "refused"
    assert refused.sentence == (
        "Recycling for no_response needs 6 touches in this handoff; 0 are logged."
    )
    assert doors.stage(lead) == "mql"
    [entry] = doors.entries_of(lead, "refused")
    assert (entry["act"], entry["by"], entry["note"]) == ("recycle", lead.owner, refused.sentence)


@each_door
def test_a_malformed_act_is_refused_and_leaves_no_entry(
    doors: Doors, lead: Alerted, door: str
) -> None:
    malformed = doors.act(door, lead, "touch", channel="call", note="half\0way")
    assert malformed.outcome == "malformed"
    assert malformed.sentence == "it holds characters or numbers that can't be written down"
    assert doors.entries_of(lead, "touched") == doors.entries_of(lead, "refused") == []


@pytest.mark.parametrize("door", [one for one in DOORS if one != "button"])
def test_an_act_on_an_unknown_lead_is_refused(doors: Doors, lead: Alerted, door: str) -> None:
    # A button is of one lead that exists; a forged one is tested with the desk.
    unknown = doors.act(door, Alerted("ghost", lead.owner, {}), "accept")
    assert unknown.outcome == "not there"
    assert unknown.sentence.lower().startswith("there is no lead 'ghost'")


@pytest.mark.parametrize("door", [one for one in DOORS if one != "button"])
def test_somebody_else_s_lead_is_not_acted_on(doors: Doors, lead: Alerted, door: str) -> None:
    # A button acts as the person whom the alert went to, and as nobody else.
    foreign = doors.act(door, lead, "accept", person=JONAS)
    if door in AS_THEMSELVES:
        assert foreign.outcome == "not there"
        expected = f"there is no lead '{lead.id}' among those you may see"
        assert foreign.sentence.lower().rstrip(".") == expected
    else:
        assert foreign.outcome == "refused"
        assert foreign.sentence == (
            f"Accept is for the owner or the team's manager ({lead.owner} or morgan@acme.example),"
            f" not for {JONAS}."
        )
    assert doors.stage(lead) == "mql"


@each_door
def test_an_act_that_is_repeated_with_its_id_is_answered_as_before_and_done_once(
    doors: Doors, lead: Alerted, door: str
) -> None:
    answers = [doors.act(door, lead, "touch", id="call-1", channel="call") for _ in range(2)]
    assert [one.outcome for one in answers] == ["done", "done"]
    assert len(doors.entries_of(lead, "touched")) == 1
