"""Templates are rendered when the program is read, not only when a lead gets a mail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.documents.problems import Problem

GUIDE = "      half of all good leads go cold between marketing and sales.\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("      Hello {{ §lead.frist_name }}\n", "did you mean 'lead.first_name'?"),
        ("      Hello {{ §foo }}\n", "'foo' is not known"),
        ("      Hello {{ §owner.phone }}\n", "'owner.phone' is not known"),
        ("      §Hello {% if %}\n", ""),
        ("      Hello {{ lead.first_name | §shout }}\n", "shout"),
    ],
)
def test_a_wrong_variable_is_reported_at_its_line(
    only_problem: Callable[..., Problem], line: str, message: str
) -> None:
    problem = only_problem((GUIDE, line))
    assert problem.path == "emails.problem-guide.text"
    assert message in problem.message


def test_a_mistake_in_a_subject_is_reported_too(only_problem: Callable[..., Problem]) -> None:
    problem = only_problem(("Welcome, {{ lead.first_name", "Welcome, {{ §lead.frist_name"))
    assert problem.path == "emails.welcome.subject"


def test_a_known_but_empty_field_renders_empty(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    line = "      {{ lead.company }} {{ owner.name }} {{ lead.budget }} {{ unsubscribe_url }}\n"
    assert problems_of(acme.replace(GUIDE, line, 1)) == ()


def test_a_mistake_in_a_template_is_reported_at_its_place_in_the_template(
    acme: str, folder: Path, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    template = folder / "welcome.mjml"
    text = template.read_text("utf-8").replace("lead.first_name", "lead.frist_name")
    template.write_text(text, "utf-8")
    (problem,) = problems_of(acme)
    assert problem.file == str(template)
    assert "frist_name" in text.splitlines()[problem.line - 1]
    assert problem.path == "emails.welcome.template"


@pytest.mark.parametrize("text", ["<mjml><mj-body><mj-text></mjml>", "", "<html></html>"])
def test_text_that_is_not_mjml_is_reported(
    acme: str, folder: Path, problems_of: Callable[[str], tuple[Problem, ...]], text: str
) -> None:
    (folder / "welcome.mjml").write_text(text, "utf-8")
    problems = problems_of(acme)
    assert problems
    assert {problem.path for problem in problems} == {"emails.welcome.template"}


def test_a_missing_template_is_reported_with_the_nearest_name(
    only_problem: Callable[..., Problem],
) -> None:
    problem = only_problem(("template: welcome.mjml", "template: §welcom.mjml"))
    assert problem.path == "emails.welcome.template"
    assert "did you mean 'welcome.mjml'?" in problem.message


@pytest.mark.parametrize("path", ["/etc/hostname", "../secret.mjml", "mails/../../secret.mjml"])
def test_a_template_outside_the_programs_folder_is_not_read(
    folder: Path, only_problem: Callable[..., Problem], path: str
) -> None:
    (folder.parent / "secret.mjml").write_text("<mjml></mjml>", "utf-8")
    problem = only_problem(("template: welcome.mjml", f"template: §{path}"))
    assert "outside the program's folder" in problem.message


def test_a_template_in_latin_1_is_reported(
    folder: Path, only_problem: Callable[..., Problem]
) -> None:
    (folder / "welcome.mjml").write_bytes("<mjml>ü</mjml>".encode("latin-1"))
    problem = only_problem(("template: welcome.mjml", "template: §welcome.mjml"))
    assert "save it as UTF-8" in problem.message


def test_an_e_mail_has_one_body(only_problem: Callable[..., Problem]) -> None:
    problem = only_problem(("  ebook:\n", "  ebook:\n    §template: welcome.mjml\n"))
    assert "exactly one body" in problem.message


def test_what_reading_fills_in_can_not_be_written(only_problem: Callable[..., Problem]) -> None:
    assert "name a file" in only_problem(("  ebook:\n", "  ebook:\n    §mjml: x\n")).message
