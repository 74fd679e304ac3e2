"""Who may do which act in which stage: every cell of the table in docs/language.md section 6."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from lifecycle.stages import ACT_STAGES
from lifecycle.words.open_acts import open_acts
from models.inputs import ACTS
from models.program.program import Program
from models.state import LeadState
from simulation.pure import PureWorld
from tests.lifecycle.ruled_lead import ANA, BOSS, CHIEF, DESK, INA, OMAR, PEOPLE, RELAY, Desk

FIELDS: dict[str, dict[str, Any]] = {
    "touch": {"channel": "call"},
    "recycle": {"reason": "now"},
    "disqualify": {"reason": "no_fit"},
    "reassign": {"to": OMAR},
    "hold": {"until": "2026-03-05T09:00:00Z", "why": "on leave"},
    "open_opportunity": {"amount": 100, "currency": "EUR"},
    "lose": {"reason": "price"},
    "churn": {"reason": "now"},
    "done": {"task": "task-1"},
    "note": {"note": "called back"},
}

WAY: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "mql": (),
    "sal": (("accept", INA, {}),),
    "sql": (("accept", INA, {}), ("qualify", INA, {})),
}
OPEN = ("open_opportunity", INA, FIELDS["open_opportunity"])
WAY["opportunity"] = (*WAY["sql"], OPEN)
WAY["customer"] = (*WAY["opportunity"], ("win", INA, {}))
WAY["lost"] = (*WAY["opportunity"], ("lose", INA, {"reason": "price"}))
WAY["recycled"] = (("recycle", INA, {"reason": "now"}),)
WAY["disqualified"] = (("disqualify", INA, {"reason": "no_fit"}),)

STAGES = ("known", "engaged", *WAY)
PERSONS = {"owner": INA, "manager": BOSS, "other manager": CHIEF, "stranger": ANA}
NO_HANDOFF = {"known", "engaged", "recycled"}


def desk_in(stage: str) -> Desk:
    desk = Desk(PureWorld(DESK, PEOPLE))
    if stage == "engaged":
        state = desk.world.states["a"]
        desk.world.states["a"] = state.changed(stage="engaged")
    elif stage != "known":
        desk.raise_hand()
        for do, by, fields in WAY[stage]:
            assert desk.act(do, by, **fields) is None
    assert desk.world.states["a"].stage == stage
    return desk


def is_allowed_to(do: str, stage: str, person: str) -> bool:
    if stage in NO_HANDOFF and do == "touch":
        return True  # all four are in the directory
    if stage in NO_HANDOFF:
        return person in ("manager", "other manager")
    if do == "reassign":
        return person == "manager"
    return person in ("owner", "manager")


def expected_refusal(do: str, stage: str, person: str) -> str | None:
    if do == "accept" and person == "owner" and stage in ("sal", "sql"):
        return None  # accepting again
    if stage not in ACT_STAGES[do] or (do == "accept" and stage == "sql"):
        return "stage"  # in sql this lead has no second handoff that could be accepted
    if do == "done":
        return "task"
    if not is_allowed_to(do, stage, person):
        return "person"
    return None


def test_the_table_of_acts_is_that_of_the_specification() -> None:
    assert set(ACT_STAGES) == set(ACTS)
    assert {act: set(stages) for act, stages in ACT_STAGES.items()} == {
        "accept": {"mql", "sql"},
        "touch": {"known", "engaged", "recycled", "mql", "sal", "sql", "opportunity"},
        "qualify": {"sal"},
        "recycle": {"known", "engaged", "mql", "sal", "sql"},
        "disqualify": {"known", "engaged", "mql", "sal", "sql", "customer", "recycled"},
        "reassign": {"mql", "sal", "sql", "opportunity"},
        "hold": {"mql", "sal", "sql"},
        "resume": {"mql", "sal", "sql"},
        "open_opportunity": {"sql", "customer"},
        "win": {"opportunity"},
        "lose": {"opportunity"},
        "churn": {"customer"},
        "done": set(STAGES),
        "note": set(STAGES),
    }


def without_the_timeline(state: LeadState) -> LeadState:
    return dataclasses.replace(state, seq=0, turn=0, at=None)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("do", ACTS)
def test_an_act_is_allowed_by_stage_and_person(do: str, stage: str) -> None:
    for person, by in PERSONS.items():
        desk = desk_in(stage)
        if do == "resume" and stage in ACT_STAGES["hold"]:
            assert desk.act("hold", BOSS, **FIELDS["hold"]) is None
        before = desk.world.states["a"]
        why = desk.act(do, by, **FIELDS.get(do, {}))
        assert why == expected_refusal(do, stage, person), f"{do} in {stage} by the {person}"
        if why is not None:
            after = desk.world.states["a"]
            assert without_the_timeline(after) == without_the_timeline(before)
            note = str(desk.world.entries["a"][-1].fields["note"])
            assert re.fullmatch(r"[A-Z].* (is|needs|for) .*\.", note), note


@pytest.mark.parametrize("stage", STAGES)
def test_a_manager_is_offered_exactly_the_acts_that_the_rules_allow(stage: str) -> None:
    for do in ACTS:
        desk = desk_in(stage)
        shown = do in open_acts(desk.world.states["a"], manages=True)
        why = desk.act(do, BOSS, **FIELDS.get(do, {}))
        assert shown == (why is None), f"{do} in {stage}: {why}"


@pytest.mark.parametrize(
    ("person", "why"),
    [(ANA, None), (CHIEF, None), (BOSS, "person"), (INA, "person"), (OMAR, "person")],
)
def test_accept_in_sql_is_for_the_second_teams_owner_and_manager(
    person: str, why: str | None
) -> None:
    desk = Desk(PureWorld(RELAY, PEOPLE))
    desk.raise_hand()
    assert desk.act("accept", INA) is None
    assert desk.act("qualify", INA) is None
    assert desk.act("accept", person) == why
    if why is None:
        assert desk.world.states["a"].owner == person
        assert desk.world.states["a"].stage == "sql"


@pytest.mark.parametrize(
    ("do", "stage", "fields", "why"),
    [
        ("recycle", "sal", {}, "reason"),
        ("recycle", "sal", {"reason": "price"}, "reason"),
        ("recycle", "sal", {"reason": "quiet"}, "touches"),
        ("recycle", "sal", {"reason": "now", "until": "2026-03-02T08:00:00Z"}, "until"),
        ("disqualify", "sal", {"reason": "now"}, "reason"),
        ("lose", "opportunity", {"reason": "now"}, "reason"),
        ("churn", "customer", {}, "reason"),
        ("churn", "customer", {"reason": "price"}, "reason"),
        ("churn", "customer", {"reason": "now", "until": "2026-03-02T08:00:00Z"}, "until"),
        ("open_opportunity", "sql", {"currency": "EUR"}, "amount"),
        ("open_opportunity", "sql", {"amount": -0.01, "currency": "EUR"}, "amount"),
        ("open_opportunity", "sql", {"amount": 1}, "currency"),
        ("win", "opportunity", {"amount": -1}, "amount"),
        ("win", "opportunity", {"currency": "euro"}, "currency"),
        ("reassign", "mql", {}, "to"),
        ("reassign", "mql", {"to": ANA}, "to"),
        ("reassign", "mql", {"to": INA}, "to"),
        ("hold", "mql", {"why": "leave"}, "until"),
        ("hold", "mql", {"until": "2026-03-05T09:00:00Z"}, "why"),
        ("hold", "mql", {"until": "2026-03-02T09:00:00Z", "why": "leave"}, "until"),
        ("hold", "mql", {"until": "2026-04-02T09:00:00Z", "why": "leave"}, "hold"),
        ("resume", "mql", {}, "hold"),
        ("note", "mql", {}, "note"),
    ],
)
def test_a_refusal_says_what_an_act_lacks_in_a_word_and_a_sentence(
    do: str, stage: str, fields: dict[str, Any], why: str
) -> None:
    desk = desk_in(stage)
    before = desk.world.states["a"]
    assert desk.act(do, BOSS, **fields) == why
    assert without_the_timeline(desk.world.states["a"]) == without_the_timeline(before)
    assert str(desk.world.entries["a"][-1].fields["note"]).endswith(".")


def test_a_lead_without_a_handoff_is_accepted_by_any_manager() -> None:
    bare = Program.model_validate({**json.loads(DESK.canonical_json), "handoff": None})
    desk = Desk(PureWorld(bare, PEOPLE))
    desk.raise_hand()
    assert desk.world.states["a"].handoff is None
    assert desk.act("accept", INA) == "person"
    assert desk.act("accept", CHIEF) is None
    assert (desk.world.states["a"].stage, desk.world.states["a"].owner) == ("sal", CHIEF)
    assert desk.act("accept", CHIEF) is None
    assert desk.act("reassign", BOSS, to=INA) == "team"
    assert desk.act("hold", CHIEF, **FIELDS["hold"]) == "hold"
    assert desk.act("qualify", CHIEF) is None
    assert desk.world.states["a"].stage == "sql"


@pytest.mark.parametrize(
    ("fields", "worth"),
    [
        ({}, (100, "EUR")),
        ({"amount": 90}, (90, "EUR")),
        ({"currency": "USD"}, (100, "USD")),
        ({"amount": 90, "currency": "USD"}, (90, "USD")),
    ],
)
def test_a_won_deal_keeps_amount_and_currency_unless_the_act_changes_them(
    fields: dict[str, Any], worth: tuple[float, str]
) -> None:
    desk = desk_in("opportunity")
    assert desk.act("win", INA, **fields) is None
    won = next(one for one in desk.world.entries["a"] if one.kind == "won")
    assert (won.fields["amount"], won.fields["currency"]) == worth


def test_a_touch_before_a_handoff_is_for_anybody_in_the_directory_and_has_no_number() -> None:
    desk = desk_in("known")
    assert desk.act("touch", "nobody@desk.example", channel="call") == "person"
    assert desk.act("touch", ANA, channel="call") is None
    assert "n" not in desk.world.entries["a"][-1].fields
    desk.raise_hand()
    handoff = desk.world.states["a"].handoff
    assert handoff is not None
    assert handoff.touches == 0
