"""Sixty typical mistakes: each is caught, at its place, with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.documents.problems import DocumentError, Problem
from adapters.files.program import checked_program
from tests.programs.sixty_mistakes import MISTAKES, PROGRAM


def problems_of(text: str, folder: Path) -> tuple[Problem, ...]:
    """The errors of a program; the warnings if it has none."""
    path = folder / "shop.yaml"
    path.write_text(text, "utf-8")
    try:
        _, warnings = checked_program(path)
    except DocumentError as error:
        return error.problems
    return warnings


def test_the_program_without_mistakes_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(PROGRAM, tmp_path) == ()
    assert len(MISTAKES) >= 60


@pytest.mark.parametrize(("right", "wrong", "remedy"), MISTAKES, ids=lambda one: one[:40])
def test_a_typical_mistake_is_caught_with_its_place_and_remedy(
    right: str, wrong: str, remedy: str, tmp_path: Path
) -> None:
    assert PROGRAM.count(right) == 1, f"{right!r} stands {PROGRAM.count(right)} times"
    before, mark, after = PROGRAM.replace(right, wrong).partition("§")
    assert mark, "no § says where the problem is"
    place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    found = problems_of(before + after, tmp_path)
    here = [one.message for one in found if (one.line, one.column) == place]
    assert any(remedy in message for message in here), "\n".join(map(str, found)) or "no problem"
