"""Values of a profile: what is coerced to what, and what is refused with which sentence."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.program.profile import read_profile
from models.program.program import Program

PROGRAM = Program.model_validate(
    {
        "program": "p",
        "fields": {"budget": "number"},
        "sending": {"from": "a@x.example", "postal_address": "1", "consent_required_in": ["UK"]},
    }
)


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("country", "us", "US"),
        ("country", "UK", "GB"),
        ("country", "el", "GR"),
        ("employees", "250", 250),
        ("employees", 250.0, 250),
        ("budget", "1.5", 1.5),
        ("budget", "12000", 12_000),
        ("budget", "1.2000", 1.2),
        ("budget", 1.2, 1.2),
        ("company", "North\nWind\tInc", "North Wind Inc"),
        ("company", "North\r\nWind", "North Wind"),
    ],
)
def test_a_value_is_coerced(field: str, written: Any, value: Any) -> None:
    read = read_profile({field: written}, PROGRAM)
    assert (read.values, read.problems) == ({field: value}, {})
    assert type(read.values[field]) is type(value)


@pytest.mark.parametrize(
    ("field", "written", "sentence"),
    [
        ("country", "XX", "is not an ISO 3166 code; write one like US or DE"),
        ("country", "EN", "is not an ISO 3166 code"),
        ("country", "EU", "is not an ISO 3166 code"),
        ("country", "Germany", "is not an ISO 3166 code"),
        ("employees", -1, "is not a whole number of 0 or more"),
        ("employees", "2.5", "is not a whole number of 0 or more"),
        ("employees", "1.200", "can mean 1200 or 1.2; write 1200 for the first"),
        ("budget", "1,200", "can mean 1200 or 1.2; write 1200 for the first"),
        ("budget", "-3.000", "can mean -3000 or -3.0"),
        ("company", "North\x00Wind", "is not text"),
        ("company", "North\x07Wind", "is not text"),
    ],
)
def test_a_value_that_can_not_be_coerced_is_left_out_and_named(
    field: str, written: Any, sentence: str
) -> None:
    read = read_profile({field: written}, PROGRAM)
    assert read.values == {}
    assert sentence in read.problems[field]


def test_a_program_may_name_a_country_as_people_do() -> None:
    assert PROGRAM.sending.consent_required_in == ("GB",)
