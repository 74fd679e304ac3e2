"""Mail as it is composed: both parts, headers, templates, alerts."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from adapters.files.program import read_program
from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from lifecycle.stable_hash import short_hash
from models.decision import SendMail
from models.directory import Directory
from models.state import LeadState
from tests.mail.acme import (
    MESSAGE,
    NOW,
    PEOPLE,
    lead,
    mjml,
    program,
    render_alert,
    render_note,
    send_mail,
)

HOSTILE = "<script>alert(1)</script>"


def test_a_text_body_gets_an_html_part_with_paragraphs_and_links() -> None:
    mail = render_note(program(text="One & two.\n\nSee https://acme.example/a?b=1&c=2.\nBye"))
    assert "<p>One &amp; two.</p>" in mail.html
    assert '<a href="https://acme.example/a?b=1&amp;c=2">' in mail.html
    assert "</a>.<br>\nBye</p>" in mail.html
    assert mail.text.startswith("One & two.\n\nSee https://acme.example/a?b=1&c=2.\nBye\n")


def test_a_template_gets_a_text_part_with_its_links_and_without_what_is_hidden() -> None:
    template = (
        "<mjml><mj-head><mj-title>Hidden title</mj-title><mj-preview>Hidden</mj-preview>"
        "</mj-head><mj-body><mj-section><mj-column><mj-text><h1>Hello</h1><p>One<br/>two</p>"
        "<ul><li>a</li><li>b</li></ul></mj-text>"
        '<mj-button href="https://acme.example/go">Go</mj-button>'
        '<mj-image src="https://acme.example/a.png" alt="A chart" />'
        "</mj-column></mj-section></mj-body></mjml>"
    )
    mail = render_note(program(mjml=template, preheader="Also hidden"))
    assert mail.text.startswith(
        "Hello\n\nOne\ntwo\n\n- a\n- b\n\nGo (https://acme.example/go)\n\nA chart\n"
    )
    assert "idden" not in mail.text
    assert "Also hidden</span>" in mail.html
    assert mail.html.index("Also hidden") < mail.html.index("<h1>")


def test_liquid_may_be_anywhere_in_a_template_with_any_characters() -> None:
    template = (
        "<mjml><mj-body><mj-raw>{% if lead.employees < 500 %}</mj-raw>"
        "<mj-section><mj-column><mj-text color=\"{{ lead.title | default: 'red' }}\">"
        '{{ lead.first_name | default: "there" }}</mj-text>'
        '<mj-button href="https://acme.example/{{ lead.door | default: "x" }}">Go</mj-button>'
        "</mj-column></mj-section><mj-raw>{% endif %}</mj-raw></mj-body></mjml>"
    )
    mail = render_note(program(mjml=template), employees=10)
    assert "color:red" in mail.html
    assert ">there</div>" in mail.html
    assert 'href="https://acme.example/x"' in mail.html
    assert "Go" not in render_note(program(mjml=template), employees=900).text


@pytest.mark.parametrize(
    "body",
    [
        {"text": "Dear {{ lead.first_name }},"},
        {"mjml": mjml("Dear {{ lead.first_name }},")},
        {"mjml": mjml("Dear {{ lead.first_name | upcase | downcase | append: ',' }}")},
        {"mjml": mjml("{% capture a %}Dear {{ lead.first_name }},{% endcapture %}{{ a }}")},
    ],
)
def test_html_in_a_name_is_escaped_in_html_and_left_alone_in_text(body: dict[str, str]) -> None:
    of = program(**body, subject="{{ lead.first_name }}", preheader="{{ lead.first_name }}")
    mail = render_note(of, first_name=HOSTILE)
    assert "<script" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert f"Dear {HOSTILE}," in mail.text
    assert mail.subject == HOSTILE


@pytest.mark.parametrize(
    "name",
    [
        "Ana\r\nBcc: evil@x.example",
        "Ana\nBcc: evil@x.example",
        "=?utf-8?q?Ana=0D=0ABcc:_evil@x.example?=",
        "Ana\u2028Bcc: evil@x.example\x00",
        "Ana, <evil@x.example>",
        '"Ana" \\',
        "\ud800",
        "日本" * 150,
    ],
)
def test_no_name_can_add_a_header_or_a_recipient(name: str) -> None:
    mail = render_note(program(subject="Hi {{ lead.first_name }}"), first_name=name, last_name=name)
    read = message_from_bytes(build_message(mail, NOW).as_bytes(), policy=policy.SMTP)
    assert read["Bcc"] is None
    assert [one.addr_spec for one in read["To"].addresses] == ["ana@northwind.example"]
    assert read["Subject"].startswith("Hi")
    assert not read.defects
    assert all(not value.defects for value in read.values() if hasattr(value, "defects"))


def test_headers_name_the_lead_the_key_and_how_to_unsubscribe() -> None:
    key = "ana/1/" + "very-long-track-name/" * 8
    mail = MailRenderer().marketing(program(), lead(first_name="Ana"), PEOPLE, send_mail(key))
    content = build_message(mail, NOW).as_bytes()
    read = message_from_bytes(content, policy=policy.SMTP)
    assert read["Message-ID"] == f"<{MESSAGE}>"
    assert read["From"] == "Acme <hello@acme.example>"
    assert read["To"] == "Ana <ana@northwind.example>"
    assert read["Date"].datetime == NOW
    assert read["X-Leadflow-Lead"] == "ana"
    assert read["X-Leadflow-Key"] == short_hash(key)
    assert b"very-long-track-name" not in content
    assert read["X-Leadflow-Email"] == "note"
    out = f"<mailto:unsubscribe@acme.example?subject={MESSAGE.replace('@', '%40')}>"
    assert f"\r\nList-Unsubscribe: {out}\r\n".encode() in content


def test_a_message_that_is_tried_again_has_the_same_id_and_bodies() -> None:
    assert render_note(first_name="Ana") == render_note(first_name="Ana")
    assert render_note().message_id == MESSAGE


@pytest.mark.parametrize("body", [{"text": "Hello."}, {"mjml": mjml("Hello.")}])
def test_marketing_mail_without_postal_address_and_unsubscribe_link_gets_a_footer(
    body: dict[str, str],
) -> None:
    mail = render_note(program(**body))
    assert mail.text.endswith(
        "\n-- \nAcme Inc., 1 Main Street\nUnsubscribe: mailto:unsubscribe@acme.example"
        f"?subject={MESSAGE.replace('@', '%40')}\n"
    )
    assert "Acme Inc., 1 Main Street<br>" in mail.html
    assert '<a href="mailto:unsubscribe@acme.example' in mail.html
    assert mail.html.rstrip().endswith("</body></html>")


@pytest.mark.parametrize("own", ["text", "mjml"])
def test_a_body_with_postal_address_and_unsubscribe_link_gets_no_footer(own: str) -> None:
    text = "{{ program.sending.postal_address }} {{ unsubscribe_url }}"
    body = {"text": text} if own == "text" else {"mjml": mjml(text)}
    mail = render_note(program(**body))
    assert mail.text.count("1 Main Street") == mail.html.count("1 Main Street") == 1
    assert "Unsubscribe:" not in mail.text


def test_operational_mail_has_no_unsubscribe_link() -> None:
    mail = render_note(program(operational=True))
    assert "List-Unsubscribe" not in mail.headers
    assert mail.text == "Hello.\n"


def test_an_empty_field_renders_empty_and_takes_a_default() -> None:
    text = "[{{ lead.company }}][{{ lead.budget }}][{{ lead.competitor }}][{{ owner.name }}]"
    assert "[][][false][Riley]" in render_note(program(text=text)).text
    of = program(subject="Hi {{ lead.first_name | default: 'there' }}")
    assert render_note(of).subject == render_note(of, first_name="").subject == "Hi there"


def test_a_whole_number_has_no_fraction() -> None:
    assert (
        "900 people"
        in render_note(program(text="{{ lead.employees }} people"), employees=900.0).text
    )


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..5000) %}{% for j in (1..5000) %}x{% endfor %}{% endfor %}",
        "{% assign s = 'ab' %}{% for i in (1..999) %}{% assign s = s | append: s %}{% endfor %}",
        "{{ (1..1000000000) | join: ',' }}",
        "{{ 'xxxxxxxxxx' " + "| replace: 'x', 'xxxxxxxxxx' " * 12 + "| size }}",
        "{% assign a = 'xx' %}"
        + "{% assign a = a | append: a %}" * 14
        + "{{ a | replace: 'x', a }}",
        "{% assign a = 'xx' %}"
        + "{% assign a = a | append: a %}" * 14
        + "{{ (1..999) | join: a }}",
        "{% assign a = 'x' | split: '' %}" + "{% assign a = a | concat: a %}" * 60,
        "{% tablerow i in (1..1000000000) %}x{% endtablerow %}",
        "{% include 'secret' %}",
        "{{ lead.first_name | safe }}",
        "{{ lead.nothing }}",
        "{{ 1 | divided_by: 0 }}",
    ],
)
def test_a_template_that_takes_too_much_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="e-mail 'note'"):
        render_note(program(text=text))


def test_a_lead_without_an_address_gets_no_mail() -> None:
    with pytest.raises(ValueError, match="not one e-mail address"):
        render_note(email="a@x.example, b@x.example")


def test_an_alert_is_short_says_who_and_why_and_has_no_unsubscribe_link() -> None:
    about = {"last_name": HOSTILE, "company": "Northwind", "title": "VP Sales"}
    mail = render_alert(MailRenderer(), first_name="Ana", **about)
    assert mail.to == "riley@acme.example"
    assert mail.sender == "Acme <hello@acme.example>"
    assert mail.subject == f"A deadline has passed: Ana {HOSTILE}, Northwind"  # plain text
    for text in ("Riley was late.", "Score 0", "ana@northwind.example", "VP Sales"):
        assert text in mail.text
        assert text in mail.html
    assert "<script" not in mail.html
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["X-Leadflow-Alert"] == "breached"
    assert "List-Unsubscribe" not in mail.headers
    assert render_alert(MailRenderer()).message_id == mail.message_id


def test_every_shipped_email_renders_for_a_lead_with_only_an_address() -> None:
    acme = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
    state = LeadState(lead="a", program="acme", digest="0", profile={"email": "a@x.example"})
    for name in acme.emails:
        command = SendMail(key=name, at=NOW, email=name, message=MESSAGE)
        mail = MailRenderer().marketing(acme, state, Directory(), command)
        read = message_from_bytes(build_message(mail, NOW).as_bytes(), policy=policy.SMTP)
        assert read.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in read.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
        assert all("{{" not in body and "{%" not in body for body in (mail.text, mail.html))
        assert acme.sending.postal_address in mail.text
        assert "mailto:unsubscribe@acme.example" in mail.html


def test_a_templates_own_styles_are_moved_into_its_elements() -> None:
    styled = mjml("<p class='big'>{{ lead.first_name }} &lt;3</p>").replace(
        "<mj-body>", "<mj-head><mj-style>.big { color: #123456 }</mj-style></mj-head><mj-body>"
    )
    html = render_note(program(mjml=styled), first_name="Ana <b>").html
    assert 'color: #123456;">Ana' in html
    assert "Ana &lt;b&gt; &lt;3" in html


def test_mail_from_the_owner_comes_from_the_owner_if_there_is_one() -> None:
    of = program(**{"from": "owner", "text": "{{ owner.signature }}"})
    mail = render_note(of)
    assert mail.sender == "Riley <riley@acme.example>"
    state = lead().changed(owner=None)
    assert MailRenderer().marketing(of, state, PEOPLE, send_mail()).sender.startswith("Acme")
