"""What the checker says of types is what CEL does: a walk over all pairs of types."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from adapters.checks.comparisons import check_comparisons
from adapters.documents.marked import Document
from lifecycle.program.expressions import context, expression

FIELDS = {"plan": "text", "renewal": "date", "partner": "flag", "budget": "number"}
LEAD: dict[str, list[Any]] = {
    "lead.plan": ["gold", "", "2026-03-02"],
    "lead.renewal": ["2026-03-02", "2027-01-01"],
    "lead.partner": [True, False],
    "lead.budget": [10, 10.5, 0],
    "lead.employees": [10, 0, 300],
    "score.fit": [10.0, 0.0, 300.5],
    "stage": ["known", "mql"],
    "cycle": [1, 10],
    "reached": [["known"], ["known", "mql"]],
}
LITERALS = ["'gold'", "'2026-03-02'", "true", "10", "10.5", "null", "''", "'known'", "''"]
SIGNS = ["==", "!=", "<", "<=", ">", ">="]


def errors_of(source: str) -> list[str]:
    """What the checker says of an expression."""
    document = Document("p.yaml", {"fields": FIELDS, "lifecycle": {"engaged": source}})
    check_comparisons(document.root)
    return [problem.message for problem in document.errors]


def holds(source: str, variable: str, value: object) -> bool:
    """Whether the expression holds for a lead with this one value; an empty text is absent."""
    owner, _, name = variable.partition(".")
    given: object = value if not name else {} if value == "" else {name: value}
    return expression(source).holds(context({owner: given}, lambda _: False))


@pytest.mark.parametrize("variable", LEAD)
def test_what_is_reported_never_holds(variable: str) -> None:
    reported = 0
    for literal, sign, swapped in product(LITERALS, SIGNS, (False, True)):
        source = f"{literal} {sign} {variable}" if swapped else f"{variable} {sign} {literal}"
        found = [one for one in errors_of(source) if "is a date, and" not in one]
        if found and sign != "!=":
            reported += 1
            assert not any(holds(source, variable, value) for value in LEAD[variable]), source
    assert reported > 20


@pytest.mark.parametrize("variable", [name for name in LEAD if name != "reached"])
def test_what_compares_like_with_like_is_not_reported(variable: str) -> None:
    for value in LEAD[variable]:
        written = repr(value) if not isinstance(value, bool) else str(value).lower()
        if value != "":
            assert errors_of(f"{variable} == {written}") == []
            assert holds(f"{variable} == {written}", variable, value)


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("score >= 10", "score.total"),
        ("score.engagement", "compare it, like score.engagement >= 10.0"),
        ("lead.country == 'US' || 'CA'", "a comparison on each side"),
        ("!lead.employees", "compare it"),
        ("did('email.clicked') >= 3", "write did('email.clicked')"),
        ("10 < lead.employees < 50", "join two comparisons with &&"),
        ("stage in 'known'", "write stage == 'known'"),
        ("'known' in stage", "write stage == 'known'"),
        ("reached == 'customer'", "write 'customer' in reached"),
        ("reached.contains('sql')", "write 'sql' in reached"),
        ("lead.employees.contains('1')", "is for texts"),
        ("lead.title == null", "write !has(lead.title)"),
        ("lead.title == ''", "write !has(lead.title)"),
        ("timestamp(lead.renewal) > timestamp('2027-01-01T00:00:00Z')", "like '2026-03-02'"),
        ("lead.employees * 1.5 > 30.0", "write double(lead.employees)"),
        ("lead.employees + 'x' == 'y'", "needs numbers"),
        ("lead.consent ? score.fit : score.total", "true or false"),
        ("(lead.employees >= 10 && lead.plan)", "has(lead.plan)"),
        ("lead['employees'] == '10'", "write 10 without quotes"),
    ],
)
def test_each_part_of_the_wrong_type_has_a_remedy(source: str, remedy: str) -> None:
    assert expression(source)
    assert any(remedy in message for message in errors_of(source)), errors_of(source)


@pytest.mark.parametrize(
    "source",
    [
        "lead.title.contains('VP') || lead.employees > 200",
        "has(lead.title) ? lead.title == 'CEO' : lead.partner",
        "['US', 'CA'].exists(x, x == lead.country)",
        "size(lead.title) > 3 && lead.title.size() > 3 && size(reached) >= 2",
        "lead.employees >= 10.0 && score.fit >= 5 && lead.budget == 1e3 && lead.budget > 1.5e-3",
        "-score.fit + 2.0 * score.total < 0.0",
        "lead.first_name != null && lead.first_name != ''",
        "dyn(lead.employees) == '10' || string(lead.employees) == '10'",
        "int(lead.plan) > 3 && double(cycle) >= 1.0",
        "true",
    ],
)
def test_what_can_hold_is_not_reported(source: str) -> None:
    assert expression(source)
    assert errors_of(source) == []
