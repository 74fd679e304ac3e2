"""YAML 1.2: what is text, what is refused, and where."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from adapters.documents.problems import DocumentError, Problem
from adapters.documents.yaml import read_document


def _value(folder: Path, text: str | bytes) -> Any:
    path = folder / "some.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    document = read_document(path, "a program")
    if document.problems:
        raise document.error()
    return document.value


def _problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        _value(folder, text)
    return caught.value.problems


@pytest.mark.parametrize(
    "word",
    [
        "on",
        "off",
        "yes",
        "no",
        "NO",
        "No",
        "y",
        "n",
        "12:30",
        "2026-12-24",
        "1_000",
        "0b1",
        "=",
        "1:2:3",
    ],
)
def test_words_that_yaml_1_1_would_change_stay_text(tmp_path: Path, word: str) -> None:
    assert _value(tmp_path, f"a: {word}\n{word}: b") == {"a": word, word: "b"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("-3", -3),
        ("+1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", math.inf),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_plain_scalars_follow_the_core_schema(tmp_path: Path, text: str, value: Any) -> None:
    read = _value(tmp_path, f"a: {text}")["a"]
    assert read == value
    assert type(read) is type(value)


def test_every_duplicate_key_is_reported_with_both_lines(tmp_path: Path) -> None:
    found = _problems(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 2\n'a': 3\n")
    assert [(one.line, one.column, one.path) for one in found] == [
        (2, 11, "b.c"),
        (3, 1, "a"),
        (4, 1, "a"),
    ]
    assert "first in line 1" in found[1].message


def test_an_alias_is_what_its_anchor_is(tmp_path: Path) -> None:
    assert _value(tmp_path, "a: &x [1]\nb: *x") == {"a": [1], "b": [1]}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert _value(tmp_path, b"\xef\xbb\xbfa: 1") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\nb:\n\t- 1\n", 3, 1, "a tab; indent with spaces"),
        ("a: b: c\n", 1, 5, "a ':' where none can be"),
        ("a: [1, 2\nb: 3\n", 2, 2, "not YAML"),
        ("a: 'x\n", 2, 1, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document"),
        ("a: *x\n", 1, 4, "without its anchor"),
        ("a: &x {<<: *x}\n", 1, 8, "merge keys"),
        ("a: &x [*x]\n", 1, 4, "an alias for what it stands in"),
        ("a: !!python/object:os.system 1\n", 1, 4, "the tag"),
        ("a: !foo {}\n", 1, 4, "the tag !foo"),
        ("a: !!int x\n", 1, 4, "can't be read as int"),
        ("? [1]\n: 2\n", 1, 3, "a key is a word"),
        ("- a\n", 1, 1, "a program is a mapping"),
        ("just words\n", 1, 1, "a program is a mapping"),
        ("", 0, 0, "the file is empty"),
        ("# only words\n", 0, 0, "the file is empty"),
        ("a: x\x00y\n", 1, 5, "#x0000"),
        (b"a: 1\nname: M\xfcller\n", 2, 8, "not UTF-8 (byte 0xfc); save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, 1, "save the file as UTF-8"),
        ("a: " + "[" * 5_000, 0, 0, "nested deeper"),
        ("a: " + "[" * 80 + "]" * 80, 1, 63, "nested deeper"),
        ("a: " + "9" * 5_000, 1, 4, "can't be read as int"),
    ],
)
def test_what_is_not_yaml_is_reported_once_with_its_place(
    tmp_path: Path, text: str | bytes, line: int, column: int, message: str
) -> None:
    (problem,) = _problems(tmp_path, text)
    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)


def test_a_small_file_can_not_grow_beyond_bounds(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (problem,) = _problems(tmp_path, "\n".join(lines))
    assert "more than 200000 values" in problem.message


def test_the_error_about_a_missing_file_names_it(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "can't be read")):
        with pytest.raises(DocumentError) as caught:
            read_document(path, "a program")
        (problem,) = caught.value.problems
        assert str(problem).startswith(f"{path}  ")
        assert message in problem.message
