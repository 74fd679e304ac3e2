"""Expressions are found by the types of the model, so a new field of such a type is found too."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.files.program import read_program
from models.program.expression_places import context_keys, expression_places
from models.program.program import Program
from models.program.values import EventExpression, LeadExpression, Part

PROGRAM = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")


class NewStep(Part):
    if_not: LeadExpression
    then: tuple[NewStep, ...] = ()


class NewProgram(Program):
    starts: dict[str, EventExpression | None]
    new_steps: tuple[NewStep, ...]


def test_an_expression_in_a_new_field_is_found_with_its_path_and_context() -> None:
    written = {
        "starts": {"a": "event.type == 'x.y'", "b": None},
        "new_steps": [{"if_not": "true", "then": [{"if_not": "false"}]}],
    }
    places = [(one.path, one.source, one.context) for one in expression_places(written, NewProgram)]
    assert places == [
        (("starts", "a"), "event.type == 'x.y'", "event"),
        (("new_steps", 0, "if_not"), "true", "lead"),
        (("new_steps", 0, "then", 0, "if_not"), "false", "lead"),
    ]
    assert "starts.NAME" in context_keys("event", NewProgram)


def test_a_program_and_the_mapping_it_is_read_from_have_the_same_expressions() -> None:
    places = list(expression_places(PROGRAM, Program))
    assert len(places) > 20
    assert places == list(expression_places(json.loads(PROGRAM.canonical_json), Program))


def test_what_has_another_shape_is_left_out() -> None:
    odd_values: tuple[object, ...] = (
        None,
        3,
        "text",
        [],
        {"tracks": 3},
        {"tracks": {"a": ["b"]}},
        {"lifecycle": []},
    )
    for odd in odd_values:
        assert not list(expression_places(odd, Program))


def test_every_key_of_an_expression_about_an_event_is_known() -> None:
    assert context_keys("event", Program) == (
        "scoring.engagement.rules[].when",
        "lifecycle.hand_raise",
        "tracks.NAME.start_on",
    )
