"""A hint names what would be right, at the place of the mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.documents.problems import Problem

HINTS = [
    (
        "- {email: onboarding}",
        "- {variants: {a: ebook, b: onboarding}, weights: {c: 1}}",
        "the variants are a, b",
    ),
    ("attempts: 2", "attempts: 0", "write at least 1"),
    ("track: long-term}", "track: [long-term]}", "write one, without [ ]"),
]


@pytest.mark.parametrize(("old", "new", "hint"), HINTS)
def test_a_mistake_is_reported_with_what_would_be_right(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]], old: str, new: str, hint: str
) -> None:
    assert old in acme
    text = acme.replace(old, new, 1)
    assert any(hint in problem.message for problem in problems_of(text)), problems_of(text)


BARE = """\
program: bare
sending: {from: "D <d@dates.example>", postal_address: "1 Main Street"}
"""


def test_a_name_of_which_there_is_none_yet_says_where_to_add_it(
    problems_of: Callable[[str], tuple[Problem, ...]],
) -> None:
    text = BARE + "tracks: {t: {for: \"stage == 'known'\", steps: [{email: hello}]}}\n"
    assert "unknown e-mail 'hello'; add it under emails" in [
        problem.message for problem in problems_of(text)
    ]


def test_a_clock_that_recycles_without_a_reason_lists_the_reasons_once(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    line = next(one for one in acme.splitlines() if "reason: not_worked" in one)
    problems = problems_of(acme.replace(line, line.replace("reason: not_worked", ""), 1))
    assert len(problems) == 1
    assert "needs a reason; add 'reason: " in problems[0].message
    assert "not_worked" in problems[0].message


def test_a_cron_line_of_one_field_is_reported_in_the_singular(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    cron = acme.split('cron: "', 1)[1].split('"', 1)[0]
    problems = problems_of(acme.replace(f'cron: "{cron}"', 'cron: "9:00"', 1))
    assert ["'9:00' has 1 field," in problem.message for problem in problems] == [True]


@pytest.mark.parametrize("name", ["Àbudget", "_budget", "-budget", "1st", "büdget"])
def test_a_field_with_an_odd_name_does_not_stop_the_other_checks(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]], name: str
) -> None:
    changed = acme.replace("budget:", f"{name}:", 1)
    assert changed != acme
    assert {one.path for one in problems_of(changed)} == {f"fields.{name}"}
