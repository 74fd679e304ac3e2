"""Feedback reports (RFC 5965): what recipients report to their mail provider about our mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage, Message

from gateway.inbound.arrived_mail import content_type, header_text, parts_of

_EVENTS = {
    "abuse": "email.complained",
    "fraud": "email.complained",
    "opt-out": "email.unsubscribed",
    "opt-out-list": "email.unsubscribed",
}
"""What a recipient does by pressing "spam", "phishing" or "unsubscribe". Other types are about our
servers (`auth-failure`, RFC 6591; `virus`), or take a complaint back (`not-spam`)."""
_JMRP = "X-HmXmrOriginalRecipient"
"""What Outlook's Junk Mail Reporting Program writes into the mail it shows; there is no part for
programs."""
_ADDRESS = re.compile(r"[^\s<>,;:\"]+@[^\s<>,;:\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReport:
    """What a report says, and by what the mail it is about is known."""

    about: str
    """The feedback type, like `abuse`."""
    addresses: tuple[str, ...]
    """Addresses at which answers to that mail arrive, as far as the report shows them."""

    @property
    def event(self) -> str | None:
        """The type of event that it means; None where it says nothing of the recipient."""
        return _EVENTS.get(self.about)


def feedback_report(mail: EmailMessage) -> FeedbackReport | None:
    """What a feedback report says; None for any other mail."""
    parts = list(parts_of(mail))
    report = next((one for one in parts if content_type(one) == "message/feedback-report"), None)
    original = next((_fields(one) for one in parts if content_type(one) in _ORIGINALS), Message())
    if report is None and not (header_text(original, _JMRP) or header_text(mail, _JMRP)):
        return None
    fields = _fields(report) if report is not None else Message()
    said = [
        header_text(fields, "Original-Mail-From"),
        *(header_text(original, name) for name in ("Return-Path", "Reply-To", "List-Unsubscribe")),
    ]
    return FeedbackReport(
        about=header_text(fields, "Feedback-Type").lower() or "abuse",
        addresses=tuple(_ADDRESS.findall(" ".join(said))),
    )


_ORIGINALS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")


def _fields(part: Message) -> Message:
    """The headers that a part consists of, or begins with."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    content = part.get_payload(decode=True)
    text = content.decode(errors="replace") if isinstance(content, bytes) else ""
    return message_from_string(text.lstrip(), policy=policy.SMTP)
