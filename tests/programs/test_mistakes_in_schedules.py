"""Mistakes in the re-engagement schedule of a program: each names its place and what is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.documents.problems import Problem

OnlyProblem = Callable[..., Problem]


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        (
            "select: {stages: [recycled], idle",
            "select: {track: §long-term, stages: [recycled], idle",
            "select.track",
            "no lead is taken",
        ),
        (
            "stages: [recycled]",
            "stages: [recycled, §sql]",
            "select.stages[1]",
            "the stages are known, engaged, customer, recycled",
        ),
        (
            "idle_for: 60d}",
            'score: "score.§fits > 1.0"}',
            "select.score",
            "did you mean 'score.fit'?",
        ),
    ],
)
def test_what_would_take_no_lead_is_reported_at_its_place(
    only_problem: OnlyProblem, old: str, new: str, path: str, message: str
) -> None:
    problem = only_problem((old, new))
    assert problem.path == f"schedules.reengage.{path}"
    assert message in problem.message


def test_re_engagement_needs_a_track_to_enter(only_problem: OnlyProblem) -> None:
    problem = only_problem(("  reengage:", "  §reengage:"), (", track: long-term}", "}"))
    assert problem.path == "schedules.reengage"
    assert "needs the track that its leads enter: 'track: NAME' (awareness," in problem.message
