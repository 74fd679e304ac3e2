"""The pages agree with the code on settings, timelines, links and images."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from adapters.crm.events import MQL, TYPES
from assembly.settings import Settings
from models.inputs import ACTS
from models.program.program import Program
from tests.docs.pages import PAGES, ROOT, anchors

_LINK = re.compile(r"\]\(([^)\s]+)\)")
# A path in one of our rooms; capitals stand for a name that is yours to choose.
_FILE = re.compile(
    r"`((?:models|lifecycle|activities|workflows|adapters|simulation|usecases|gateway|assembly"
    r"|demonstration|cli|docs|deploy|tests|bench)/[a-z0-9_./-]*)`"
)
_WORDS = re.compile(r"`([a-z_]+)`")


def calls_of(name: str) -> Iterator[ast.Call]:
    """Every call of this method in the rules."""
    for path in sorted((ROOT / "lifecycle").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name:
                yield node


def constants(node: ast.expr) -> set[str]:
    """The words that an expression names."""
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def rows(page: str) -> list[tuple[set[str], str]]:
    """The rows of a page's tables: the words in the first cell, and the rest."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    cells = [line.strip("| ").split(" | ", 1) for line in lines if line.startswith("| `")]
    return [(set(_WORDS.findall(one[0])), one[1]) for one in cells]


def test_the_generated_pages_are_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_pages_has_a_target(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        if path.startswith("https:"):
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_ours_that_a_page_names_exists(page: Path) -> None:
    named = set(_FILE.findall(page.read_text("utf-8")))
    assert [one for one in sorted(named) if not (ROOT / one).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for page in PAGES:
        path = str(page.relative_to(ROOT))
        named = "docs/decisions" if page.parent.name == "decisions" else path
        assert path == "README.md" or f"({named})" in text, f"the README does not name {named}"


def test_every_kind_of_entry_is_in_the_timeline_page_with_its_fields() -> None:
    written: dict[str, set[str]] = {}
    for words, rest in rows("timeline.md"):
        for kind in words:
            written.setdefault(kind, set()).update(_WORDS.findall(rest))
    calls = list(calls_of("record"))
    assert len(calls) > 40
    for call in calls:
        (kind,) = constants(call.args[0])
        assert kind in written, f"docs/timeline.md lacks the kind {kind}"
        fields = {one.arg for one in call.keywords if one.arg is not None}
        missing = fields - written[kind]
        assert not missing, f"docs/timeline.md: {kind} lacks {missing}"


def test_every_why_that_the_rules_name_is_in_the_timeline_page() -> None:
    text = (ROOT / "docs" / "timeline.md").read_text("utf-8")
    words = set(_WORDS.findall(text))
    for call in calls_of("record"):
        for one in call.keywords:
            if one.arg == "why" and isinstance(one.value, ast.Constant):
                assert one.value.value in words
    refusals = ast.parse((ROOT / "lifecycle" / "moves" / "acts.py").read_text("utf-8"))
    for node in ast.walk(refusals):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RefusedError":
            [why] = [one.value for one in node.keywords if one.arg == "why"]
            assert constants(why) <= words
    for call in calls_of("leave"):
        assert constants(call.args[-1]) <= words


def test_every_setting_is_in_the_table_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `LEADFLOW_{name.upper()}` \|(.*)$", text, re.MULTILINE)
        assert row, f"docs/operations.md lacks LEADFLOW_{name.upper()}"
        if field.default not in (None, ""):
            assert f"`{field.default}`" in row[1], f"{name} is {field.default} by default"


def test_every_key_of_a_program_is_in_its_page() -> None:
    text = (ROOT / "docs" / "program.md").read_text("utf-8")
    schema = Program.model_json_schema(by_alias=True)
    filled_in = {"mjml", "dates"}
    for part in (schema, *schema["$defs"].values()):
        for key in part.get("properties", {}):
            assert key in filled_in or re.search(rf"\b{key}\b", text), (
                f"docs/program.md lacks {key}"
            )


def test_every_event_for_the_crm_is_in_its_page_with_its_kind_of_entry() -> None:
    text = (ROOT / "docs" / "crm.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `([a-z]+\.[a-z]+)` \| .* \| `([a-z]+)`", text, re.MULTILINE))
    assert documented == {kind: entry for entry, kind in TYPES.items()} | {MQL: "stage"}


def test_the_readme_names_every_act() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for act in ACTS:
        assert f"`{act}`" in text


def test_the_image_holds_every_room() -> None:
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    whole = {one.removesuffix("*") for one in packaging["packages"]["find"]["include"]}
    rooms = {*whole, *(f"{one}.py" for one in packaging["py-modules"])}
    recipe = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    copied = {
        word
        for line in recipe.splitlines()
        if line.startswith("COPY ")
        for word in line.split()[1:-1]
    }
    assert rooms | {"requirements.txt", "programs", "deploy/migrations"} == copied
    admitted = (ROOT / ".dockerignore").read_text("utf-8")
    assert {line[1:] for line in admitted.splitlines() if line.startswith("!")} == copied


def test_the_compose_file_passes_settings_that_exist_and_upgrades_first() -> None:
    stack = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    services = stack["services"]
    assert services["upgrade"]["command"][2:] == ["database", "upgrade"]
    assert services["worker"]["depends_on"] == {
        "upgrade": {"condition": "service_completed_successfully"}
    }
    known = {f"LEADFLOW_{name.upper()}" for name in Settings.model_fields}
    for service in services.values():
        passed = {name for name in service["environment"] if name.startswith("LEADFLOW_")}
        assert passed <= known
        build = service["build"]
        assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).exists()
