"""The links of a mail: unsubscribing, replying, tracked clicks and opens, confirming."""

from email import message_from_bytes, policy

import pytest

from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from models.decision import SendMail
from models.directory import Directory, Member, Team
from tests.mail.acme import LINKS, MESSAGE, NOW, PEOPLE, lead, mjml, program, send_mail


def test_marketing_mail_has_the_headers_for_unsubscribing_and_returns() -> None:
    mail = MailRenderer(LINKS).marketing(program(), lead(), PEOPLE, send_mail())
    out = LINKS.unsubscribe(MESSAGE, "ana@northwind.example")
    assert mail.headers["List-Unsubscribe"].startswith(f"<{out}>, <mailto:unsubscribe+")
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.headers["List-Id"] == "<acme.acme.example>"
    assert mail.headers["Feedback-ID"] == "note:acme:nurture:leadflow"
    assert mail.headers["Reply-To"] == LINKS.reply_to(MESSAGE)
    assert mail.envelope_from == LINKS.return_path(MESSAGE)
    assert "Auto-Submitted" not in mail.headers
    content = build_message(mail, NOW).as_bytes()
    assert f"List-Unsubscribe: <{out}>".encode() in content
    assert not message_from_bytes(content, policy=policy.SMTP).defects


@pytest.mark.parametrize(
    "body",
    [{"text": "See https://a.example/x."}, {"mjml": mjml("<a href='https://a.example/x'>x</a>")}],
)
def test_links_are_tracked_in_both_parts_and_no_url_holds_personal_data(
    body: dict[str, str],
) -> None:
    of = program(**body)
    of = of.model_copy(
        update={"sending": of.sending.model_copy(update={"track": ("clicks", "opens")})}
    )
    mail = MailRenderer(LINKS).marketing(of, lead(), PEOPLE, send_mail())
    assert mail.links == ("", "https://a.example/x")
    assert LINKS.click(MESSAGE, 1) in mail.text
    assert f'href="{LINKS.click(MESSAGE, 1)}"' in mail.html
    assert LINKS.pixel(MESSAGE) in mail.html
    assert LINKS.click(MESSAGE, 0) not in mail.text
    assert "ana@northwind.example" not in mail.html + mail.text


EVIL = "https://evil.example/x"


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("Hi {{ lead.first_name }}.", {"first_name": EVIL}),
        (
            "Hi {{ lead.first_name }}{{ lead.last_name }}.",
            {"first_name": "https://evil", "last_name": ".example"},
        ),
        ("https://{{ lead.company }}", {"company": "evil.example"}),
        ("https://acme.example{{ lead.company }}", {"company": ".evil.example/"}),
        ("https://acme.example{{ lead.company }}", {"company": "@evil.example/"}),
        ("https://acme.example\\{{ lead.company }}", {"company": "@evil.example/"}),
        ("https://www.{{ lead.company }}/", {"company": "evil.example"}),
        ("https://[{{ lead.company }}", {"company": "evil.example"}),
    ],
)
def test_no_tracked_link_leads_to_a_host_that_a_lead_wrote(
    text: str, profile: dict[str, str]
) -> None:
    for each in (program(text=text), program(mjml=mjml(f"<a href='{text}'>x</a>"))):
        sending = each.sending.model_copy(update={"track": ("clicks",)})
        of = each.model_copy(update={"sending": sending})
        mail = MailRenderer(LINKS).marketing(of, lead(**profile), PEOPLE, send_mail())
        assert not any("evil" in target for target in mail.links), mail.links


def test_a_leads_text_may_follow_the_host_of_a_tracked_link() -> None:
    of = program(text="See https://Acme.example/?for={{ lead.company }} or {{ owner.signature }}")
    of = of.model_copy(update={"sending": of.sending.model_copy(update={"track": ("clicks",)})})
    riley = Member(email="riley@acme.example", signature="Riley, https://calendar.example/riley")
    people = Directory(teams={"sdr": Team(members=(riley,))})
    mail = MailRenderer(LINKS).marketing(of, lead(company="Northwind"), people, send_mail())
    assert mail.links[1:] == (
        "https://Acme.example/?for=Northwind",
        "https://calendar.example/riley",
    )


def test_operational_mail_is_not_tracked_and_only_the_confirming_one_can_confirm() -> None:
    of = program(text="{{ confirm_url }}", operational=True)
    with pytest.raises(ValueError, match="confirm_url"):
        MailRenderer(LINKS).marketing(of, lead(), PEOPLE, send_mail())
    of = of.model_copy(update={"emails": {"confirm": of.emails["note"]}})
    command = SendMail(key="k", at=NOW, email="confirm", message=MESSAGE, operational=True)
    mail = MailRenderer(LINKS).marketing(of, lead(), PEOPLE, command)
    assert LINKS.confirm(MESSAGE) in mail.text
    assert mail.links == ()
