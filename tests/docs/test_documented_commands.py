"""Every command in the pages exists, and every command that exists is in the pages."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.app import app
from tests.docs.pages import PAGES, ROOT, PageCommand, all_commands, leadflow_words
from tests.waiting import LIMIT

# What needs neither a server nor a lead: these run, the others are only read.
ALONE = (["program", "check"], ["program", "schema"], ["calendar"], ["simulate"], ["database"])
SHOWN = sorted(set(all_commands()))
RUN = sorted(
    {
        shlex.join(words)
        for one in SHOWN
        if (words := leadflow_words(one)) and (words[:1] in ALONE or words[:2] in ALONE)
    }
)


def leaves(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield names, command
        return
    for name, child in command.commands.items():
        yield from leaves(child, (*names, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


def leadflow(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "starter.py", *words],
        cwd=ROOT,
        env={**os.environ, "LEADFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def command_of(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    for length in (1, 2, 3):
        if tuple(words[:length]) in COMMANDS:
            return tuple(words[:length]), words[length:]
    if (words[0], "file") in COMMANDS:  # `launch FILE` is short for `launch file FILE`
        return (words[0], "file"), words[1:]
    raise AssertionError(f"there is no command `leadflow {' '.join(words)}`")


def test_there_are_commands_in_the_pages() -> None:
    assert len(SHOWN) > 30


@pytest.mark.parametrize("shown", SHOWN, ids=lambda one: one.line[:60])
def test_a_command_in_the_pages_exists_with_its_options(shown: PageCommand) -> None:
    words = leadflow_words(shown)
    if words is not None:
        names, rest = command_of(words)
        # Raises a usage error for an option that does not exist, or an argument too many.
        COMMANDS[names].make_context(" ".join(names), rest)
    elif shown.words[0] == "make":
        subprocess.run(["make", "-n", *shown.words[1:]], cwd=ROOT, check=True, capture_output=True)
    elif shown.words[0] == "python":
        module = shown.words[1] == "-m"
        found = ROOT / shown.words[2] / "__main__.py" if module else ROOT / shown.words[1]
        assert found.exists()
    else:
        assert shown.words[0] == "temporal"


@pytest.mark.parametrize("line", RUN)
def test_a_command_that_needs_nothing_else_runs(line: str, tmp_path: Path) -> None:
    ran = leadflow(*shlex.split(line), home=tmp_path)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_is_in_the_pages(names: tuple[str, ...]) -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    command = " ".join(names)
    assert re.search(rf"(leadflow |`){re.escape(command)}\b", text), (
        f"write about `leadflow {command}`"
    )


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_and_each_of_its_parameters_explains_itself(names: tuple[str, ...]) -> None:
    command = COMMANDS[names]
    assert command.help
    mute = [one.name for one in command.params if not getattr(one, "help", None)]
    assert not mute, f"`leadflow {' '.join(names)}` says nothing of {', '.join(mute)}"


def test_help_is_printed_by_the_program_itself(tmp_path: Path) -> None:
    ran = leadflow("--help", home=tmp_path)
    assert ran.returncode == 0
    assert "For marketing" in ran.stdout
