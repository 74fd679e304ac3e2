"""A mail of plain paragraphs to somebody of the company: a manager, or the operations contact."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from activities.ports import Rendered
from adapters.mail.text import text_to_html
from models.addresses import named_address, one_line, only_address
from models.program.program import Program


def staff_mail(
    program: Program, to: str, subject: str, paragraphs: Sequence[str], *, key: str, kind: str
) -> Rendered:
    """The mail. Equal keys give equal Message-IDs, so that a mail sent again is seen as the same.

    `kind` stands in the header `X-Leadflow-Alert`. Raises ValueError if an address is not one.
    """
    sender = only_address(program.sending.from_)
    subject, text = one_line(subject), "\n\n".join(paragraphs)
    return Rendered(
        sender=str(sender),
        to=named_address("", to),
        subject=subject,
        text=f"{text}\n",
        html=text_to_html(text, subject),
        message_id=f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.domain}",
        headers={
            "Auto-Submitted": "auto-generated",
            "X-Leadflow-Alert": kind,
            "X-Leadflow-Key": key,
        },
    )
