"""Conventions of docs/contributing.md that no linter knows."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.docs.pages import ROOT

_FOLDERS = [
    *("models", "lifecycle", "reports", "activities", "workflows", "adapters", "simulation"),
    *("usecases", "gateway", "assembly", "demonstration", "cli", "deploy", "docs", "bench"),
    "tests",
]
_CLASS = re.compile(r"^ *class (\w+)", re.MULTILINE)
_MOST_LINES = 300


@cache
def _sources() -> dict[Path, str]:
    """The text of each of our Python files."""
    paths = [*ROOT.glob("*.py"), *(path for one in _FOLDERS for path in (ROOT / one).rglob("*.py"))]
    return {path.relative_to(ROOT): path.read_text("utf-8") for path in paths}


def test_no_two_classes_have_the_same_name() -> None:
    files: defaultdict[str, list[str]] = defaultdict(list)
    for path, text in _sources().items():
        for name in _CLASS.findall(text):
            files[name].append(str(path))
    assert len(files) > 300
    assert {name: where for name, where in files.items() if len(where) > 1} == {}


def test_a_file_of_more_than_300_lines_says_why_in_its_docstring() -> None:
    long = {path: text for path, text in _sources().items() if text.count("\n") > _MOST_LINES}
    docstrings = {path: ast.get_docstring(ast.parse(text)) or "" for path, text in long.items()}
    silent = [
        str(path)
        for path, docstring in docstrings.items()
        if "is long because" not in " ".join(docstring.split())
    ]
    assert silent == []
