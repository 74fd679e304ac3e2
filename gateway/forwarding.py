"""A person's reply is passed on: to the lead's owner, else to the program's sender."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from email.message import EmailMessage

from activities.ports import Rendered
from adapters.mail_headers import header_text, one_line, only_address
from adapters.mail_text import html_to_text, text_to_html
from adapters.sent_mail import SentMail
from gateway.outside import Outside
from gateway.reader_pages import program_of
from models.directory import Directory

_MARK = "X-Leadflow-Forwarded"
_LONGEST = 100_000


def forwarded(
    outside: Outside, people: Callable[[], Directory], sent: SentMail, reply: EmailMessage
) -> Rendered | None:
    """The mail that passes a reply on; None where that would go round in circles, or nowhere.

    An answer to it goes to the person who replied. The same reply is passed on under the same
    Message-ID, should the sender's server bring it twice.
    """
    stored, program = outside.journal.stored(sent.lead), program_of(outside, sent)
    if stored is None or program is None or reply.get(_MARK) is not None:
        return None
    sender = only_address(program.sending.from_)
    to = stored.state.owner or sender.addr_spec
    if to not in _members(people()):
        to = sender.addr_spec
    person = _written_by(reply, sent)
    subject = one_line(header_text(reply, "Subject")) or "(no subject)"
    said = _text(reply)[:_LONGEST]
    text = f"{person} replied to '{sent.email}':\n\n{said}\n\n-- \nLead: {sent.lead}\n"
    digest = hashlib.sha256(
        f"{sent.message} {header_text(reply, 'Message-ID')}".encode()
    ).hexdigest()
    return Rendered(
        sender=str(sender),
        to=to,
        subject=subject,
        text=text,
        html=text_to_html(text, subject),
        message_id=f"{digest[:32]}@{sender.domain}",
        headers={
            "Reply-To": person,
            "Auto-Submitted": "auto-generated",
            "X-Leadflow-Alert": "replied",
            "X-Leadflow-Lead": sent.lead,
            _MARK: "reply",
        },
    )


def _members(people: Directory) -> set[str]:
    return {member.email for team in people.teams.values() for member in team.members}


def _written_by(reply: EmailMessage, sent: SentMail) -> str:
    """Who replied, as far as the mail says so in a way that can be answered."""
    try:
        return only_address(header_text(reply, "From")).addr_spec
    except ValueError:
        return sent.address


def _text(reply: EmailMessage) -> str:
    try:
        part = reply.get_body(("plain", "html"))
        content = str(part.get_content()) if part is not None else ""
        if part is not None and part.get_content_type() == "text/html":
            return html_to_text(content)
    except (LookupError, ValueError, AttributeError, TypeError):  # unknown charsets, broken parts
        return "(The reply can't be shown; its form is broken.)"
    return content
