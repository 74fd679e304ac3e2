"""The schema explains every key with an example, and the example is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from adapters.documents.schema import program_schema
from lifecycle.program.expressions import expression
from models.program.expression_places import expression_places
from models.program.program import Program
from models.program.values import ExpressionMark, Part
from tests.docs.pages import ROOT


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each key of the schema with its path."""
    schema = program_schema()
    for name, part in {"Program": schema, **schema["$defs"]}.items():
        for key, value in part.get("properties", {}).items():
            yield f"{name}.{key}", value


def parts(of: type[Part] = Part) -> Iterator[type[Part]]:
    """Every part of a program."""
    for one in of.__subclasses__():
        yield one
        yield from parts(one)


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Each field of each part of a program with its place."""
    for part in parts():
        if part.__module__.startswith("models.program."):
            part.model_rebuild()  # steps hold steps that are defined below them
            for name, field in part.model_fields.items():
                yield f"{part.__name__}.{name}", field


def test_every_key_has_a_description_that_holds_an_example() -> None:
    keys = dict(properties())
    assert len(keys) > 120
    for place, key in keys.items():
        said = key.get("description", "")
        words, _, example = said.partition(". Example: ")
        assert len(words) > 10, f"{place} is not explained: {said!r}"
        assert example, f"{place} has no example in its description"
        assert key["examples"], f"{place} has no example"


@pytest.mark.parametrize(("place", "field"), [*fields()])
def test_every_example_is_a_value_of_its_key(place: str, field: FieldInfo) -> None:
    annotation: Any = Annotated[field.annotation, place, *field.metadata]
    typed = TypeAdapter[Any](annotation)
    assert field.examples, f"{place} has no example"
    for example in field.examples:
        value = typed.validate_python(example)
        if any(isinstance(one, ExpressionMark) for one in field.metadata):
            expression(example)
        if isinstance(value, Part):
            for found in expression_places(value):
                expression(found.source)


def test_the_shipped_file_is_the_schema() -> None:
    shipped = Path(ROOT, "programs", "program.schema.json").read_text("utf-8")
    assert json.loads(shipped) == program_schema(), "run make docs"


def test_descriptions_are_no_part_of_a_program() -> None:
    assert all(field.description for field in Program.model_fields.values())
    least = {"program": "a", "sending": {"from": "A <a@a.example>", "postal_address": "Here"}}
    assert json.loads(Program.model_validate(least).canonical_json) == least
