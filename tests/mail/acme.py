"""A small program and a lead for the tests of mail."""

from datetime import UTC, datetime
from typing import Any

from activities.ports import Rendered
from adapters.mail.links import SignedLinks
from adapters.mail.render import MailRenderer
from models.decision import Alert, SendMail
from models.directory import Directory, Member, Team
from models.program.program import Program
from models.program.sending import Email
from models.state import LeadState

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
MESSAGE = "0123456789abcdef0123456789abcdef@acme.example"
PEOPLE = Directory(teams={"sdr": Team(members=(Member(email="riley@acme.example", name="Riley"),))})
LINKS = SignedLinks(
    public_url="https://go.acme.example", mail_domain="in.acme.example", secret="s" * 40
)


def program(sender: str = "Acme <hello@acme.example>", **email: Any) -> Program:
    """A program with one e-mail, `note`."""
    fields: dict[str, Any] = {"subject": "A note", "text": "Hello."} | email
    if "mjml" in fields:
        fields |= {"text": None, "template": "note.mjml"}
    return Program.model_validate(
        {
            "program": "acme",
            "fields": {"budget": "number", "competitor": "flag"},
            "sending": {"from": sender, "postal_address": "Acme Inc., 1 Main Street"},
            "emails": {"note": Email.model_validate(fields)},
        }
    )


def lead(**profile: Any) -> LeadState:
    """A lead with an address and what else is given."""
    return LeadState(
        lead="ana",
        program="acme",
        digest="0",
        profile={"email": "ana@northwind.example"} | profile,
        owner="riley@acme.example",
    )


def mjml(text: str) -> str:
    """A template of one text."""
    return (
        "<mjml><mj-body>\n<mj-section><mj-column>\n<mj-text>"
        f"{text}</mj-text>\n</mj-column></mj-section>\n</mj-body></mjml>"
    )


def send_mail(key: str = "ana/1/welcome/note") -> SendMail:
    """The command to send `note`."""
    return SendMail(key=key, at=NOW, email="note", message=MESSAGE)


def render_note(of: Program | None = None, **profile: Any) -> Rendered:
    """`note`, rendered for this lead."""
    return MailRenderer().marketing(of or program(), lead(**profile), PEOPLE, send_mail())


def alert(text: str = "Riley did not accept Ana by 18:00.") -> Alert:
    """The alert to Riley about a breach."""
    return Alert(key="ana/1/alert", at=NOW, to="riley@acme.example", why="breached", text=text)


def render_alert(renderer: MailRenderer, text: str = "Riley was late.", **profile: Any) -> Rendered:
    """That alert as a mail."""
    return renderer.alert(program(), lead(**profile), PEOPLE, (), alert(text)).mail
