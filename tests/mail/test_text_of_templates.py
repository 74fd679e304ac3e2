"""The text of an MJML mail is the same whether it is made from the template or from the HTML."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mail.templates import compile_mjml, mjml_text, render
from adapters.mail.text import html_to_text, tidy

WELCOME = (Path(__file__).parents[2] / "programs" / "welcome.mjml").read_text()


def mjml(inner: str) -> str:
    body = f"<mj-section><mj-column>{inner}</mj-column></mj-section>"
    return f"<mjml><mj-body>{body}</mj-body></mjml>"


TEMPLATES = {
    "a link with a value": mjml(
        '<mj-text>Hi {{ name }}, <a href="{{ url }}">go &amp; see</a>.</mj-text>'
    ),
    "a button": mjml('<mj-button href="{{ url }}">For {{ name | upcase }}</mj-button>'),
    "a condition": mjml(
        "<mj-text>{% if name == 'Ana' %}You!<br>Yes{% else %}Who?{% endif %} End</mj-text>"
    ),
    "a condition around blocks": mjml(
        "<mj-raw>{% if size > 3 %}</mj-raw><mj-text>Large</mj-text><mj-raw>{% endif %}</mj-raw>"
        "<mj-text>{{ size }}</mj-text>"
    ),
    "a default": mjml("<mj-text>Dear {{ name | default: 'friend' }}</mj-text>"),
}


@pytest.mark.parametrize("source", TEMPLATES.values(), ids=TEMPLATES)
@given(
    name=st.one_of(st.sampled_from(["Ana", "", "<b>x</b>", "a & b", "{{ x }}"]), st.text()),
    size=st.integers(0, 9),
)
def test_both_ways_to_make_the_text_give_the_same(source: str, name: str, size: int) -> None:
    values = {"name": " ".join(name.split()), "size": size, "url": "https://a.example/?x=1&y=2"}
    plain = mjml_text(source)
    assert plain is not None
    assert tidy(render(plain, values)) == html_to_text(
        render(compile_mjml(source), values, html=True)
    )


@pytest.mark.parametrize(
    "inner",
    [
        "<mj-text>{{ name | newline_to_br }}</mj-text>",
        "<mj-text>{% if size < 3 %}small{% endif %}</mj-text>",
        "<mj-text>{% for one in many %}{{ one }}<br>{% endfor %}</mj-text>",
        "<mj-text>{% capture x %}<i>{{ name }}</i>{% endcapture %}{{ x }}</mj-text>",
    ],
)
def test_the_text_of_a_template_whose_liquid_makes_markup_is_made_from_its_html(inner: str) -> None:
    assert mjml_text(mjml(inner)) is None


def test_the_shipped_template_takes_the_quick_way() -> None:
    assert mjml_text(WELCOME) is not None
