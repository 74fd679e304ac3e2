"""The examples of the language reference are right, and the code cites sections that exist.

An example in YAML is a scenario, which is played, or a part of a program or of the teams file. A
part is put into the reference file, in the place of what stands there, and must pass the check.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adapters.documents.yaml import read_document
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from cli.app import main
from tests.docs.pages import PAGES, ROOT, yaml_examples

LANGUAGE = ROOT / "docs" / "language.md"
EXAMPLES = [(page.name, text) for page in PAGES for text in yaml_examples(page)]
SCENARIOS = [text for _, text in EXAMPLES if "script:" in text]
TEAMS = [text for _, text in EXAMPLES if text.startswith(("marketing:", "teams:"))]
PARTS = [(page, text) for page, text in EXAMPLES if "script:" not in text and text not in TEAMS]

_SECTION = re.compile(r"^## (\d+)\. ", re.MULTILINE)
_CITED = re.compile(r"docs/language\.md\s+(?:#\s+)?section\s+(\d+)")


def merge_example(own: Any, example: Any) -> Any:
    """The example's values, and beside them those of our own that it does not name."""
    if isinstance(own, dict) and isinstance(example, dict):
        return {**own, **{key: merge_example(own.get(key), one) for key, one in example.items()}}
    return example


def whole(own_file: str, part: Path) -> str:
    """A reference file with an example's values in it. JSON is YAML, so it can be read."""
    own = read_document(ROOT / "programs" / own_file, "a reference file").value
    return json.dumps(merge_example(own, read_document(part, "an example").value))


def sections() -> set[int]:
    return {int(number) for number in _SECTION.findall(LANGUAGE.read_text("utf-8"))}


def test_the_reference_has_the_sections_that_its_first_page_lists() -> None:
    assert sections() == set(range(1, 17))


def test_there_are_examples() -> None:
    assert len(SCENARIOS) == 1
    assert len(PARTS) > 8


@pytest.mark.parametrize(("page", "part"), PARTS, ids=lambda one: one.split("\n")[0])
def test_an_example_of_a_part_of_a_program_passes_the_check(
    page: str, part: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "programs" / "welcome.mjml", tmp_path)
    (tmp_path / "part.yaml").write_text(part, "utf-8")
    program = tmp_path / "program.yaml"
    program.write_text(whole("acme.yaml", tmp_path / "part.yaml"), "utf-8")
    assert read_program(program).program == "acme", page


@pytest.mark.parametrize("part", TEAMS, ids=lambda one: one.split("\n")[0])
def test_an_example_of_a_part_of_the_teams_file_passes_the_check(part: str, tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text(part, "utf-8")
    teams = tmp_path / "teams.yaml"
    teams.write_text(whole("teams.yaml", tmp_path / "part.yaml"), "utf-8")
    assert read_directory(teams).teams


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_example_of_a_scenario_comes_true(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "programs", tmp_path / "programs")
    path = tmp_path / "scenarios" / "example.yaml"
    path.parent.mkdir()
    path.write_text(scenario, "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["simulate", str(path)])
    assert ended.value.code == 0, capsys.readouterr().out


def test_every_citation_names_a_section_that_exists() -> None:
    known = sections()
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    cited = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        text = path.read_text("utf-8") if path.exists() else ""
        cited += [(name, int(number)) for number in _CITED.findall(text)]
    assert len(cited) > 8  # else the pattern finds nothing
    assert [one for one in cited if one[1] not in known] == []
