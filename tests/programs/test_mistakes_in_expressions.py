"""Expressions that would fail while a lead runs are found when the program is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.documents.problems import Problem

ENGAGED = '"score.engagement >= 10.0"'


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("lead.§emploees >= 200", "unknown field 'lead.emploees'; did you mean 'lead.employees'?"),
        ("has(lead.§titel)", "did you mean 'lead.title'?"),
        ("lead[§'emploees'] >= 200", "did you mean 'lead.employees'?"),
        ("lead.§budgt > 3", "did you mean 'lead.budget'?"),
        ("lead.title.§size > 3", "'lead.title' has no fields"),
        ("score.§engagment >= 10", "did you mean 'score.engagement'?"),
        ("§scor.fit >= 10", "unknown variable 'scor'; did you mean 'score'?"),
        ("§engagement >= 10", "did you mean 'score.engagement'?"),
        ("§employees >= 10", "did you mean 'lead.employees'?"),
        ("§stge == 'known'", "did you mean 'stage'?"),
        ("stage == §'knwon'", "unknown stage 'knwon'; did you mean 'known'?"),
        ("§'knwon' != stage", "unknown stage 'knwon'; did you mean 'known'?"),
        ("stage in ['known', §'engagd']", "did you mean 'engaged'?"),
        ("§'knwon' in reached", "unknown stage 'knwon'; did you mean 'known'?"),
        ("motion == §'self-serve'", "unknown motion 'self-serve'; did you mean 'self_serve'?"),
        ("stage.§name == 'x'", "'stage' has no fields"),
        ("§event.type == 'email.clicked'", "use did('TYPE')"),
        ("lead.title.§matchs('x')", "did you mean 'matches'?"),
        ("lead.title.§startswith('x')", "did you mean 'startsWith'?"),
        ("§siez(lead.title) > 3", "did you mean 'size'?"),
        ("§startsWith(lead.title, 'x')", "write it as TEXT.startsWith(…)"),
        ("lead.title.matches(§'(vp')", "is not a regular expression: unclosed group"),
        ("lead.title.matches(§'(?<=a)b')", "look-around"),
        ("§did(lead.title)", "one or two texts in quotes"),
        ("§did('email.clicked', 'ebook', 'x')", "one or two texts in quotes"),
        ("did(§'clicked')", "two words like 'email.clicked'"),
        ("did('email.clicked', §'e-book')", "unknown e-mail 'e-book'; did you mean 'ebook'?"),
        ("[1].exists(x, x > 0) && §y", "unknown variable 'y'"),
        ("lead.title §= 'x'", "write =="),
        ("lead.consent §and lead.competitor", "write &&"),
        ("lead.consent §or lead.competitor", "write ||"),
        ("lead.consent §& lead.competitor", "write &&"),
        ("(lead.consent§", "')' is missing"),
        ("lead.consent &&§", "ends too early"),
        ("lead.title == §'x", "without its closing quote"),
        ("lead.§(", "'.(' can't stand here"),
    ],
)
def test_a_wrong_expression_is_reported_at_its_word(
    only_problem: Callable[..., Problem], expression: str, message: str
) -> None:
    problem = only_problem((ENGAGED, f'"{expression}"'))
    assert problem.path == "lifecycle.engaged"
    assert message in problem.message


@pytest.mark.parametrize(
    "expression",
    [
        "has(lead.title) && lead.title.matches('(?i)^(vp|cto)$')",
        "lead['employees'] > 3 && lead.email.endsWith('.edu')",
        "size(lead.title) > 3 || lead.title.size() > 3",
        "['US', 'DE'].exists(country, country == lead.country)",
        "type(lead.employees) == double && cycle > 1",
        "!(stage in ['known', 'engaged']) ? true : motion != 'sales'",
        "did('webinar.attended', 'anything') && did('email.clicked', 'ebook')",
        "timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
        "lead.title == 'foo.bar(baz)' // lead.nonsense",
        "score.total > 1.5 && lead.competitor == false",
    ],
)
def test_a_right_expression_is_no_mistake(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]], expression: str
) -> None:
    assert problems_of(acme.replace(ENGAGED, f'"{expression}"', 1)) == ()


@pytest.mark.parametrize(
    ("old", "path"),
    [
        ("lead.employees >= 200", "doors[0].when"),
        ("lead.title.matches('(?i)(vp|head|director|chief)')", "scoring.fit[1].when"),
        ("event.subject.startsWith('/pricing')", "scoring.engagement.rules[2].when"),
        ("score.fit >= 20.0 && score.engagement >= 40.0", "lifecycle.mql"),
        ("did('product.activated') && lead.employees >= 50", "lifecycle.mql_self_serve"),
        ("event.type == 'form.submitted' && event.subject == 'demo'", "lifecycle.hand_raise"),
        ("lead.competitor", "lifecycle.disqualify[0].when"),
        ("stage == 'known' && motion == 'sales'", "tracks.awareness.for"),
        ("stage == 'engaged'", "tracks.awareness.exit"),
        ("did('email.clicked', 'problem-guide')", "tracks.awareness.steps[3].wait_until"),
        ("lead.country == 'DE'", "handoff.routing[0].when"),
    ],
)
def test_every_place_that_takes_an_expression_is_checked(
    only_problem: Callable[..., Problem], old: str, path: str
) -> None:
    assert only_problem((f'"{old}"', '"§nonsense"')).path == path


def test_an_event_is_known_where_one_is_asked_about(only_problem: Callable[..., Problem]) -> None:
    problem = only_problem(("event.subject.startsWith", "event.§subjct.startsWith"))
    assert "did you mean 'event.subject'?" in problem.message


def test_several_mistakes_in_one_expression_are_several_problems(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    found = problems_of(acme.replace(ENGAGED, '"scor.fit > 1 && lead.titel == foo"', 1))
    assert [problem.column for problem in found] == [13, 34, 43]


def test_a_place_in_a_block_of_text_is_a_line_of_its_own(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    text = acme.replace(ENGAGED, "|\n    score.engagement >= 10.0 &&\n    lead.emploees > 3", 1)
    (problem,) = problems_of(text)
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "emploees" in line)
    assert (problem.line, problem.column) == (line, 10)


def test_an_expression_nested_too_deeply_is_refused_before_it_is_parsed(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    (problem,) = problems_of(acme.replace(ENGAGED, '"' + "!" * 100_000 + 'true"', 1))
    assert "longer than 2000 characters" in problem.message
