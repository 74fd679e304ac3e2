"""What a lead wrote about itself is text in a mail: no link, no page, nothing that turns around."""

from __future__ import annotations

import re

import pytest

from adapters.mail.render import MailRenderer
from models.program.program import Program
from tests.mail.acme import LINKS, PEOPLE, lead, mjml, program, render_note, send_mail

HELLO = "Hello {{ lead.first_name }}, welcome."
_LINK = re.compile(r"https?://\S*evil|www\.evil|\bevil\.example|href=\"[^\"]*evil", re.IGNORECASE)


def bodies(of: Program, **profile: str) -> tuple[str, str, str]:
    mail = MailRenderer(LINKS).marketing(of, lead(**profile), PEOPLE, send_mail())
    return mail.subject, mail.text, mail.html


@pytest.mark.parametrize(
    "name",
    [
        "https://evil.example/x",
        "www.evil.example",
        "evil.example",
        "me@evil.example",
        "evil。example",
    ],
)
@pytest.mark.parametrize("body", [{"text": HELLO}, {"mjml": mjml(HELLO)}])
def test_a_name_makes_no_link(name: str, body: dict[str, str]) -> None:
    for part in bodies(program(subject=HELLO, **body), first_name=name):
        assert not _LINK.search(part), part
        assert "evil" in part


@pytest.mark.parametrize("name", ["J.R.", "Dr. Ana", "O'Neil", "Zoë", "李"])
def test_a_name_is_shown_as_it_was_written(name: str) -> None:
    _, text, _ = bodies(program(text=HELLO), first_name=name)
    assert f"Hello {name}, welcome." in text.replace("\u2060", "")


def test_a_name_of_a_page_is_cut() -> None:
    for part in bodies(program(subject=HELLO, text=HELLO), first_name="buy now " * 1_000):
        assert part.count("buy now") <= 3 * 8


@pytest.mark.parametrize("name", ["\u202egnihsihp", "\u2066a", "\u200fx"])
def test_characters_that_turn_text_around_are_left_out(name: str) -> None:
    for part in bodies(program(subject=HELLO, text=HELLO), first_name=name):
        assert not set(part) & set(name[0])


def test_a_name_from_right_to_left_does_not_move_what_is_around_it() -> None:
    _, text, html = bodies(program(text=HELLO), first_name="דנה")
    assert "Hello \u2068דנה\u2069, welcome." in text
    assert "\u2068דנה\u2069" in html


def test_a_field_behind_the_host_of_a_link_stays_as_it_is() -> None:
    of = program(
        text="https://acme.example/?for={{ lead.company | url_encode }}&by={{ lead.title }}"
    )
    mail = render_note(of, company="Booking.com", title="V.P.Sales")
    assert "https://acme.example/?for=Booking.com&by=V.P.Sales" in mail.text
    assert "\u2060" not in mail.html


def test_the_readers_own_address_can_be_given_to_a_page() -> None:
    of = program(text="https://acme.example/?email={{ lead.email | url_encode }}")
    assert "?email=ana%40northwind.example" in render_note(of).text
