"""Programs with mistakes in them: `§` marks the place that the error must name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.documents.problems import DocumentError, Problem
from adapters.files.program import read_program

SHIPPED = Path(__file__).parents[2] / "programs"

Edit = tuple[str, str]
"""A text of the reference program, and the text that replaces it."""


@pytest.fixture(scope="session")
def acme() -> str:
    """The reference program's text."""
    return (SHIPPED / "acme.yaml").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the templates that the reference program names."""
    shutil.copy(SHIPPED / "welcome.mjml", tmp_path)
    return tmp_path


@pytest.fixture
def problems_of(folder: Path) -> Callable[[str | bytes], tuple[Problem, ...]]:
    """Reads a program's text; the problems it has, none if it is fine."""

    def read(text: str | bytes) -> tuple[Problem, ...]:
        path = folder / "program.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            read_program(path)
        except DocumentError as error:
            return error.problems
        return ()

    return read


@pytest.fixture
def only_problem(
    acme: str, problems_of: Callable[[str | bytes], tuple[Problem, ...]]
) -> Callable[..., Problem]:
    """Edits the reference program; its one problem, which must be where `§` stands."""

    def find(*edits: Edit) -> Problem:
        text = acme
        for old, new in edits:
            assert old in text, f"the reference program has no {old!r}"
            text = text.replace(old, new, 1)
        before, mark, after = text.partition("§")
        assert mark, "no § says where the problem is"
        problems = problems_of(before + after)
        assert len(problems) == 1, "\n".join(map(str, problems)) or "no problem was found"
        (problem,) = problems
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        assert (problem.line, problem.column) == (line, column), str(problem)
        assert problem.file.endswith("program.yaml")
        return problem

    return find
