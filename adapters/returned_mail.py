"""Mail that comes back: delivery status (RFC 3464) and feedback reports (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from typing import Literal

from adapters.mail_headers import header_text

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """What became of a mail, as another server reports it."""

    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str
    """The enhanced status (RFC 3463), like `5.1.1`; empty if none was given."""
    diagnostic: str

    @property
    def kind(self) -> Literal["hard", "soft"]:
        """Whether the address is of no use any more.

        5.X.X is permanent, but for policy (5.7.X), a full mailbox (5.2.2), and what is about the
        sender or the network and not about the mailbox (5.1.7, 5.1.8, 5.3.X to 5.6.X).
        """
        match = _STATUS.fullmatch(self.status)
        if match is None or match[1] != "5":
            return "soft"
        subject, detail = match[2], match[3]
        if subject == "1":
            return "soft" if detail in ("7", "8") else "hard"
        return "hard" if (subject, detail) in (("2", "0"), ("2", "1"), ("0", "0")) else "soft"


def delivery_status(mail: EmailMessage) -> DeliveryStatus | None:
    """The first recipient's status in a notification; None for any other mail.

    A mail of ours has one recipient, so there is one to report on.
    """
    for part in _parts(mail):
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in _blocks(part):
            action = header_text(fields, "Action").lower()
            if action in ("failed", "delayed", "delivered", "relayed", "expanded"):
                found = _STATUS.search(header_text(fields, "Status"))
                diagnostic = header_text(fields, "Diagnostic-Code")
                return DeliveryStatus(
                    action=action,  # type: ignore[arg-type]  # one of these words, as asked above
                    status=found[0] if found else "",
                    diagnostic=without_addresses(diagnostic)[:_LONGEST],
                )
    return None


def feedback_type(mail: EmailMessage) -> str | None:
    """What a feedback report is about (`abuse`, `not-spam`, …); None for any other mail."""
    for part in _parts(mail):
        if part.get_content_type() == "message/feedback-report":
            text = _text(part)
            found = re.search(r"^Feedback-Type:\s*(\S+)", text, re.MULTILINE | re.IGNORECASE)
            return found[1].lower() if found else "abuse"
    return None


def without_addresses(text: str) -> str:
    """The text without e-mail addresses: a diagnosis is kept, a person's address in it is not."""
    return " ".join(re.sub(r"<?[^\s<>]+@[^\s<>]+>?", "…", text).split())


def _parts(mail: Message) -> Iterator[Message]:
    """The parts of a report, not those of the mail it returns."""
    if not mail.is_multipart() or mail.get_content_maintype() != "multipart":
        yield mail
        return
    for part in mail.get_payload():
        if isinstance(part, Message):
            yield from _parts(part) if part.get_content_maintype() == "multipart" else (part,)


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    for one in payload if isinstance(payload, list) else ():
        if isinstance(one, Message):
            yield one


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload.decode(errors="replace")
    return "\n".join(block.as_string() for block in _blocks(part))
