"""Slips that people make who write YAML seldom, and steps that can't do what they seem to."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.documents.problems import DocumentError
from adapters.files.program import checked_program
from adapters.mail.contrast import contrast, faint_texts

PROGRAM = """\
program: small
timezone: UTC
sending: {from: "S <s@small.example>", postal_address: "1 Main Street"}
emails:
  hello: {subject: Hello, text: Hello.}
  news: {subject: News, text: News.}
tracks:
  first:
    for: "stage == 'known'"
    steps:
      - email: hello
      - wait: 3d
      - email: news
"""
HELLO = "  hello: {subject: Hello, text: Hello.}"
FOR = "\"stage == 'known'\""


def told(path: Path, text: str) -> str:
    """The error, else the warnings, of a program."""
    path.write_text(text)
    try:
        return "\n".join(one.message for one in checked_program(path)[1])
    except DocumentError as error:
        return "\n".join(one.message for one in error.problems)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (HELLO, "  hello: !include hello.yaml", "!include does not work here"),
        (HELLO, "  hello: {subject: {{ lead.first_name }}, text: Hi}", "{{ }} in quotes"),
        (HELLO, "  hello:\n    subject: {{ lead.first_name }}, hi\n    text: Hi", "{{ }} in"),
        (FOR, "'stage == 'known''", "the text ends at its second quote"),
        (FOR, '"stage == "known""', "the text ends at its second quote"),
        (HELLO, "  hello:\n    subject: News # 1\n    text: Hi", "the text ends before '# 1'"),
        (HELLO, "  hello: {subject: News # 1, text: Hi}", "'?' or '#' in it in quotes"),
        (HELLO, "  hello: {subject: Ready?, text: Hi}", "'?' or '#' in it in quotes"),
        (HELLO, "  hello: {subject: @all, text: Hi}", "text that begins with such a sign"),
        ("      - wait: 3d", "      -wait: 3d", "'-' needs a blank after it"),
        (
            "emails:",
            "calendars:\n  us: {timezone: UTC, hours: {mon,tue: 09:00-17:00}}\nemails:",
            "several days go in quotes",
        ),
        ("- email: news", "- variants: {a: news}", "one variant compares nothing"),
        (
            "- wait: 3d",
            "- {wait_until: \"did('email.clicked', 'news')\", up_to: 3d, then: [{wait: 1d}]}",
            "'news' is sent later in this track",
        ),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_remedy(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in PROGRAM
    assert said in told(tmp_path / "p.yaml", PROGRAM.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HELLO, '  hello:\n    subject: "News # 1"  # the first\n    text: Hi'),
        ("      - wait: 3d", "      - wait: 3d # three days"),
        (
            "- wait: 3d",
            "- {wait_until: \"did('email.clicked', 'hello')\", up_to: 3d, then: [{wait: 1d}]}",
        ),
    ],
)
def test_what_is_meant_so_is_not_warned_of(old: str, new: str, tmp_path: Path) -> None:
    assert told(tmp_path / "p.yaml", PROGRAM.replace(old, new, 1)) == ""


def test_text_that_is_hard_to_read_is_warned_of_with_its_colours(tmp_path: Path) -> None:
    (tmp_path / "hello.mjml").write_text(
        '<mjml><mj-body><mj-section background-color="#ffffff"><mj-column>'
        '<mj-text color="#999999">Hi {{ lead.first_name }}</mj-text>'
        '<mj-text color="#333">{{ unsubscribe_url }}</mj-text>'
        "</mj-column></mj-section></mj-body></mjml>"
    )
    text = PROGRAM.replace(HELLO, "  hello: {subject: Hello, template: hello.mjml}")
    said = told(tmp_path / "p.yaml", text)
    assert "has the colour #999999 on #ffffff, a contrast of 2.85" in said
    assert said.count("contrast") == 1


def test_colours_are_those_of_the_element_or_of_the_nearest_around_it() -> None:
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    page = (
        '<div style="background:#000"><p style="color:white">a</p><b style="color:#222">b</b></div>'
    )
    assert [one[:3] for one in faint_texts(page)] == [("#222222", "#000000", "b")]
    assert faint_texts('<p style="display:none;color:#fff">hidden</p><p>seen<br></p>') == []
