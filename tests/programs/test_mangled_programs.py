"""Reading any broken program gives a program or problems, never a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.documents.problems import DocumentError, Problem
from adapters.files.program import read_program

SHIPPED = Path(__file__).parents[2] / "programs"
LINES = (SHIPPED / "acme.yaml").read_text("utf-8").splitlines(keepends=True)
WORDS = """
null [] {} '' 0 -1.5 .nan true no &a *a !!int | ? - ' " { } [ ] : # % @ ` 0d {{ {% lead. ( §
"""
GARBLED = st.sampled_from([*WORDS.split(), "\t", "? ", "- ", "\x85"]) | st.text(max_size=8)


@pytest.fixture(scope="module")
def mangled() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        shutil.copy(SHIPPED / "welcome.mjml", name)
        yield Path(name) / "program.yaml"


def _read(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", errors="surrogatepass", newline="")
    problems: tuple[Problem, ...] | None = None
    try:
        read_program(path)
    except DocumentError as error:
        problems = error.problems
    assert problems is None or (problems and all(problem.message for problem in problems))


@settings(max_examples=60)
@given(place=st.integers(0, len(LINES) - 1), other=st.integers(0, len(LINES) - 1))
def test_a_line_deleted_and_another_doubled(mangled: Path, place: int, other: int) -> None:
    lines = [*LINES]
    lines.insert(other, lines[other])
    del lines[place]
    _read(mangled, "".join(lines))


@settings(max_examples=100)
@given(data=st.data())
def test_a_part_of_a_line_garbled(mangled: Path, data: st.DataObject) -> None:
    lines = [*LINES]
    place = data.draw(st.integers(0, len(lines) - 1), label="line")
    line = lines[place].rstrip("\n")
    start = data.draw(st.integers(0, len(line)), label="from")
    end = data.draw(st.integers(start, len(line)), label="to")
    lines[place] = line[:start] + data.draw(GARBLED, label="garbled") + line[end:] + "\n"
    _read(mangled, "".join(lines))


@settings(max_examples=60)
@given(data=st.data())
def test_a_value_of_another_kind(mangled: Path, data: st.DataObject) -> None:
    places = [n for n, line in enumerate(LINES) if ": " in line]
    lines = [*LINES]
    place = data.draw(st.sampled_from(places), label="line")
    key = lines[place].partition(": ")[0]
    value = st.sampled_from(
        ["null", "[]", "{}", "[1]", "{a: 1}", "[{}]", "[null]", "3", "1.5", "true", "x"]
    )
    lines[place] = f"{key}: {data.draw(value, label='value')}\n"
    _read(mangled, "".join(lines))
