from pathlib import Path

import pytest

from adapters.files.program import read_program
from adapters.mail.check import check_email
from tests.mail.acme import mjml, program


def problems(**email: str) -> list[str]:
    of = program(**email)
    return check_email(of.emails["note"], of)


def test_the_shipped_emails_have_no_problem() -> None:
    acme = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
    assert {name: check_email(email, acme) for name, email in acme.emails.items()} == {
        name: [] for name in acme.emails
    }


def test_an_unknown_variable_is_reported_with_part_line_and_the_nearest_known_one() -> None:
    assert problems(text="Hello\n{{ lead.frist_name | default: 'there' }}") == [
        "text, line 2: 'lead.frist_name' is not known; did you mean 'lead.first_name'?"
    ]
    assert problems(subject="{{ lead.bugdet }}") == [
        "subject, line 1: 'lead.bugdet' is not known; did you mean 'lead.budget'?"
    ]
    assert problems(preheader="{{ laed.email }}") == [
        "preheader, line 1: 'laed' is not known; did you mean 'lead'?"
    ]
    assert problems(text="{{ owner.phone }}") == [
        (
            "text, line 1: 'owner.phone' is not known;"
            " there are owner.email, owner.name, owner.signature"
        )
    ]


def test_unknown_variables_in_branches_not_taken_are_reported_too() -> None:
    text = "{% if lead.competitor %}{{ lead.compny }}{% endif %}\n{{ program.sending.form }}"
    assert problems(mjml=mjml(text)) == [
        "template, line 3: 'lead.compny' is not known; did you mean 'lead.company'?",
        (
            "template, line 4: 'program.sending.form' is not known;"
            " did you mean 'program.sending.from'?"
        ),
    ]


def test_what_a_template_makes_itself_is_known() -> None:
    assert problems(text="{% assign a = lead.company %}{{ a }}{{ lead.title | size }}") == []


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ({"text": "Hi\n{% if lead.email %}"}, "text, line 2: "),
        ({"text": "a\nb\n{{ lead.email | shout }}"}, "text, line 3: unknown filter 'shout'"),
        ({"text": "{% include 'x' %}"}, "text, line 1: "),
        ({"subject": "{{ lead.first_name }}"}, "subject: it is empty for a lead"),
        ({"mjml": "<mjml>\n<mj-body>\n<mj-text>"}, "template: this is not MJML"),
        ({"mjml": "<html></html>"}, "template, line 1: this is not MJML"),
        (
            {"mjml": mjml("a").replace("mj-text", "mj-txt")},
            "template, line 3: MJML knows no mj-txt here",
        ),
        (
            {"mjml": mjml("a").replace("<mj-text>", '<mj-text odd="{{ lead.email }}">')},
            "template, line 3: MJML drops {{ lead.email }} here",
        ),
        ({"text": "{% for i in (1..99999) %}{% endfor %}"}, "text, line 1: loop iteration limit"),
    ],
)
def test_what_does_not_render_is_reported_with_its_place(
    email: dict[str, str], expected: str
) -> None:
    (problem,) = problems(**email)
    assert problem.startswith(expected)
