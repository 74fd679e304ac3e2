"""Mail that comes back: delivery status notifications (RFC 3464, RFC 6533), and older bounces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage, Message
from typing import Literal

from gateway.inbound.arrived_mail import content_type, header_text, parts_of, plain_text
from models.addresses import without_addresses

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?:^|[;:\s])([45]\d\d)[ -]")
"""An SMTP reply within a sentence."""
_FULL = re.compile(r"quota|mailbox\W+(?:\S+\W+){0,3}full|storage", re.IGNORECASE)
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_DAEMON = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-?daemon|mail-?delivery|bounces?)@", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"undeliver|failure notice|returned mail|delivery (?:status|failure|report|problem)"
    r"|delivery has failed|mail delivery|unzustellbar|non remis|no se (?:pudo|puede) entregar",
    re.IGNORECASE,
)
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """What became of a mail, as another server reports it."""

    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str
    """The enhanced status (RFC 3463), like `5.1.1`; empty if none was given."""
    diagnostic: str
    """What the last server said, without addresses."""

    @property
    def kind(self) -> Literal["hard", "soft"]:
        """Whether the address is of no use any more.

        Hard are 5.1.X, but for what is about the sender (5.1.7, 5.1.8), and 5.2.0 and 5.2.1, a
        disabled mailbox. 5.0.0 and X.0.0 say nothing: there the SMTP reply decides, and 550,
        551 and 553 are about the address (RFC 5321, 4.2.3). All else may pass: a full mailbox
        (5.2.2), policy (5.7.X), the network, and what was only tried in vain (4.X.X).
        """
        match = _STATUS.fullmatch(self.status)
        if match is None or match[1] != "5":
            return "soft"
        subject, detail = match[2], match[3]
        if subject == "0":
            reply = _REPLY.search(self.diagnostic)
            passes = _FULL.search(self.diagnostic) or (reply and reply[1] not in _ADDRESS_REPLIES)
            return "soft" if passes else "hard"
        if subject == "1":
            return "soft" if detail in ("7", "8") else "hard"
        return "hard" if (subject, detail) in (("2", "0"), ("2", "1")) else "soft"


_ADDRESS_REPLIES = ("550", "551", "553")


def delivery_status(mail: EmailMessage, address: str) -> DeliveryStatus | None:
    """What a notification says of this address; None for any other mail.

    A mail of ours has one recipient, but a list or a forwarding may have made more of it: where
    none of those reported on is the address, a failure counts first.
    """
    reports = [
        fields
        for part in parts_of(mail)
        if content_type(part) in ("message/delivery-status", "message/global-delivery-status")
        for fields in _blocks(part)
        if _action(fields) in _ACTIONS
    ]
    if not reports:
        return None
    reports.sort(key=lambda one: (not _names(one, address), _action(one) != "failed"))
    chosen = reports[0]
    diagnostic = header_text(chosen, "Diagnostic-Code")
    return DeliveryStatus(
        action=_action(chosen),  # type: ignore[arg-type]  # one of these words, as asked above
        status=_status(header_text(chosen, "Status"), diagnostic),
        diagnostic=without_addresses(diagnostic, address)[:_LONGEST],
    )


def is_old_bounce(mail: EmailMessage, *, null_sender: bool) -> bool:
    """Whether a mail without a report for programs is a bounce, by who wrote it, and why."""
    if any(content_type(one) == "message/disposition-notification" for one in parts_of(mail)):
        return False  # a read receipt (RFC 8098)
    if header_text(mail, "X-Failed-Recipients") or content_type(mail) == "multipart/report":
        return True
    sender = re.search(r"[^\s<>\"]+@", header_text(mail, "From"))
    if sender is not None and _DAEMON.match(sender[0]):
        return True
    return null_sender and _SUBJECT.search(header_text(mail, "Subject")) is not None


def old_diagnostic(mail: EmailMessage, address: str) -> str:
    """The sentence of an old bounce that tells the reason, without addresses; or its subject."""
    for line in plain_text(mail).splitlines():
        if _STATUS.search(line) or _REPLY.search(line):
            return without_addresses(line, address)[:_LONGEST]
    return without_addresses(header_text(mail, "Subject"), address)[:_LONGEST]


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a report: one about the mail, then one a recipient."""
    payload = part.get_payload()
    for one in payload if isinstance(payload, list) else ():
        if not isinstance(one, Message):
            continue
        yield one
        # Python takes a global report (RFC 6533) for a mail whose body is the other groups.
        rest = one.get_payload()
        if isinstance(rest, str):
            for group in re.split(r"\r?\n[ \t]*\r?\n", rest.strip()):
                yield message_from_string(group, policy=policy.SMTP)


def _action(fields: Message) -> str:
    return header_text(fields, "Action").lower().partition(" ")[0]


def _names(fields: Message, address: str) -> bool:
    said = " ".join(header_text(fields, name) for name in ("Original-Recipient", "Final-Recipient"))
    return bool(address) and address.lower() in re.split(r"[;\s<>]+", said.lower())


def _status(status: str, diagnostic: str) -> str:
    """The status; of one that says nothing (5.0.0, or none), what the last server said itself."""
    found = _STATUS.search(status)
    if found is None or (found[2], found[3]) == ("0", "0"):
        found = _STATUS.search(diagnostic) or found
    return found[0] if found else ""
