"""`postmaster@` and `abuse@`: mail to them is passed on to the operations contact.

Every host that takes mail has a postmaster (RFC 5321, 4.5.1), and others write to `abuse@` about
what it sends (RFC 2142). Both are asked for without a signature, so what is passed on is limited.
"""

from __future__ import annotations

import hashlib
import time

import structlog

from activities.ports import Mailer, MailRefusedError, Rendered
from adapters.mail.message import FORWARDED
from adapters.mail.text import text_to_html
from gateway.inbound.arrived_mail import header_text, read_arrived
from gateway.inbound.delivery_status import sender_of
from gateway.inbound.forwarding import forwarded_subject, quoted
from gateway.inbound.recognise import Arrival, RefusedMail
from gateway.requests.throttle import Pace, PaceMeter
from models.addresses import named_address

ROLES = ("postmaster", "abuse")
_PACE = Pace(burst=20, per_second=1 / 180)
"""So much is passed on at once, then 20 mails an hour. Senders keep the others and try again."""
_TAKEN = "250 2.0.0 taken"
_LATER = RefusedMail("451 4.7.1 too much mail comes to this address; try again later")
_UNREADABLE = RefusedMail("554 5.6.0 the mail can't be read")

_log = structlog.get_logger(__name__)


def role_of(address: str, domain: str) -> str | None:
    """The role that this address names; None if it names none. `postmaster` needs no domain."""
    local, _, host = address.strip().lower().rpartition("@")
    if not local:
        return "postmaster" if host == "postmaster" else None
    return local if local in ROLES and host == domain.lower() else None


class Postmaster:
    """Passes mail on to `contact`. `domain` is that of our addresses."""

    def __init__(self, mailer: Mailer, contact: str, domain: str) -> None:
        self._mailer = mailer
        self._contact = contact
        self._domain = domain
        self._pace = PaceMeter(_PACE, time.monotonic)

    async def take(self, role: str, arrival: Arrival) -> str:
        """Pass a mail on; the SMTP answer. Raises what the mailer raises, so that it comes again.

        A bounce is taken and goes no further: it can only be that of a mail that was passed on.
        """
        try:
            mail = read_arrived(arrival.content)
        except ValueError:
            return _UNREADABLE.answer
        if arrival.null_sender or header_text(mail, FORWARDED):
            _log.warning("a mail to an address of operations came back", role=role)
            return _TAKEN
        if self._pace.take("") > 0:
            return _LATER.answer
        person = sender_of(mail)
        said = f"{person or 'Somebody'} wrote to {role}@{self._domain}. These are their words:"
        subject = forwarded_subject(header_text(mail, "Subject"), f"Mail to {role}")
        text = "\n\n".join((said, *quoted(mail))) + "\n"
        known = f"{role} {header_text(mail, 'Message-ID')}".encode(errors="replace")
        known += hashlib.sha256(arrival.content).digest()
        reply_to = {"Reply-To": person} if person is not None else {}
        try:
            await self._mailer.send(
                Rendered(
                    sender=named_address(f"Mail to {role}", f"postmaster@{self._domain}"),
                    to=named_address("", self._contact),
                    subject=subject,
                    text=text,
                    html=text_to_html(text, subject),
                    message_id=f"{hashlib.sha256(known).hexdigest()[:32]}@{self._domain}",
                    headers={
                        **reply_to,
                        "Auto-Submitted": "auto-generated",
                        "X-Leadflow-Alert": "operations",
                        FORWARDED: role,
                    },
                )
            )
        except MailRefusedError as error:
            _log.error("a mail to an address of operations can't be passed on", why=str(error))
        return _TAKEN
