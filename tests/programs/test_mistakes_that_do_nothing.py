"""Mistakes by which a rule could never do anything: errors, each at its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.documents.problems import Problem


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (
            "  - {otherwise: self_serve}",
            "  - {§otherwise: self_serve}\n  - {when: lead.consent, motion: sales}",
            "doors[2].otherwise",
        ),
        (
            "  routing:\n",
            "  routing:\n    - {§otherwise: sdr}\n",
            "handoff.routing[0].otherwise",
        ),
    ],
)
def test_rules_after_otherwise_are_never_used(
    only_problem: Callable[..., Problem], old: str, new: str, path: str
) -> None:
    problem = only_problem((old, new))
    assert problem.path == path
    assert problem.message.endswith("move it to the end of the list")


@pytest.mark.parametrize(
    ("expression", "code", "remedy"),
    [
        ("lead.country == §'UK'", "UK", "write 'GB'"),
        ("lead.country != §'us'", "us", "write 'US'"),
        ("§'Germany' == lead.country", "Germany", "write a code of ISO 3166 like 'US' or 'DE'"),
        ("lead.country in ['US', §'EN']", "EN", "write a code of ISO 3166 like 'US' or 'DE'"),
    ],
)
def test_a_country_that_no_lead_has_is_an_error(
    only_problem: Callable[..., Problem], expression: str, code: str, remedy: str
) -> None:
    problem = only_problem(("lead.country in ['US', 'CA', 'DE']", expression))
    assert problem.message == f"no lead has the country '{code}'; {remedy}"


def test_the_error_about_a_share_written_as_a_number_shows_the_percentage(
    only_problem: Callable[..., Problem],
) -> None:
    problem = only_problem(("holdout: 0%", "holdout: §0.1"))
    assert problem.message == "0.1 is not a share; say 10%"
