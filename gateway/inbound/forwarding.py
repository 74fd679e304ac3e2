"""A person's reply is passed on: to the lead's owner, else to the program's sender."""

from __future__ import annotations

import hashlib
import re
from email.message import EmailMessage

import structlog

from activities.ports import Mailer, MailRefusedError, Rendered
from adapters.mail.message import FORWARDED
from adapters.mail.text import text_to_html
from adapters.sql.sent_mail import SentMail
from gateway.inbound.arrived_mail import attachments, header_text, plain_text
from models.addresses import named_address, one_line, only_address
from models.directory import Directory
from usecases.context import Context

_LONGEST_SUBJECT = 150
_LONGEST_TEXT = 20_000
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that turn text around, so that it reads otherwise than it is."""

_log = structlog.get_logger(__name__)


def forwarded(
    context: Context, people: Directory, sent: SentMail, reply: EmailMessage
) -> tuple[Rendered, ...]:
    """The mail that passes a reply on: to the owner if there is one, and to the sender.

    An answer to it goes to the person who replied. The same reply is passed on under the same
    Message-ID, should the sender's server bring it twice. Raises LookupError if lead or program
    are not known any more.
    """
    state = context.journal.state(sent.lead)
    if state is None:
        raise LookupError(f"there is nobody to pass a reply of lead {sent.lead} on to")
    program = context.programs.load(state.digest)
    sender = only_address(program.sending.from_)
    members = {member.email for team in people.teams.values() for member in team.members}
    owner = state.owner if state.owner in members else None
    person = _written_by(reply, sent)
    subject = forwarded_subject(header_text(reply, "Subject"), "Forwarded reply")
    text = _text(person, sent, reply)
    known = f"{sent.message} {header_text(reply, 'Message-ID')}".encode(errors="replace")
    return tuple(
        Rendered(
            # Our mailbox, but not our name: the words below are somebody else's.
            sender=named_address("Forwarded reply", sender.addr_spec),
            to=to,
            subject=subject,
            text=text,
            html=text_to_html(text, subject),
            message_id=f"{hashlib.sha256(known).hexdigest()[:32]}@{sender.domain}",
            headers={
                "Reply-To": person,
                "Auto-Submitted": "auto-generated",
                "X-Leadflow-Alert": "replied",
                "X-Leadflow-Lead": sent.lead,
                FORWARDED: "reply",
            },
        )
        for to in dict.fromkeys(one for one in (owner, sender.addr_spec) if one is not None)
    )


async def pass_on(mailer: Mailer, lead: str, ways: tuple[Rendered, ...]) -> None:
    """Send to the first who can be reached; the others are for where it is refused.

    Raises what the mailer raises, so that the sender's server keeps the reply and tries again.
    """
    *first, last = ways
    for mail in first:
        try:
            await mailer.send(mail)
        except MailRefusedError as error:
            _log.warning("a reply can't be passed on to the owner", lead=lead, why=str(error))
        else:
            return
    await mailer.send(last)


def _written_by(reply: EmailMessage, sent: SentMail) -> str:
    """Who replied, as far as the mail says so in a way that can be answered."""
    try:
        return only_address(header_text(reply, "From")).addr_spec
    except ValueError:
        return sent.address


def forwarded_subject(written: str, what: str) -> str:
    """The subject of somebody else's mail, which says first `what` this is."""
    said = one_line(_TURNING.sub("", written)) or "(no subject)"
    return f"[{what}] {_cut(said, _LONGEST_SUBJECT)}"


def _text(person: str, sent: SentMail, reply: EmailMessage) -> str:
    """What passes a reply on: who says it, and the reply quoted line by line."""
    above = f"Forwarded by leadflow: {person} replied to '{sent.email}'. These are their words:"
    return "\n\n".join((above, *quoted(reply), f"Lead: {sent.lead}")) + "\n"


def quoted(mail: EmailMessage) -> list[str]:
    """The text of a mail, quoted line by line, and what is left out of it."""
    said = _TURNING.sub("", plain_text(mail)).strip() or "(no text)"
    short = _cut(said, _LONGEST_TEXT)
    text = "\n".join(f"> {line}".rstrip() for line in short.split("\n"))
    parts = [text]
    if short != said:
        parts.append(f"({len(said) - _LONGEST_TEXT} more characters; please ask for the rest.)")
    if files := attachments(mail):
        parts.append(f"({files} attached; please ask for what you need.)")
    return parts


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rstrip() + " …"
