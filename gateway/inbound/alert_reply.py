"""Answers to alerts: what the person of an alert writes back becomes a note on the lead's timeline.

The address is signed and stands only in that person's mail. A machine's answer makes no note. Only
the new words count: what our mail said, and the line above it, are left out.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.message import EmailMessage

from adapters.mail.alert import ANSWER
from adapters.sql.new_item import NewItem
from adapters.sql.sent_alerts import SentAlert
from gateway.inbound.arrived_mail import plain_text
from gateway.inbound.automatic_reply import why_automatic
from gateway.inbound.delivery_status import is_from
from lifecycle.handoff.permission import actors
from usecases.context import Context

_LONGEST = 5_000
"""Characters of a note; more are cut off."""
_QUOTED = re.compile(r"\s*(?:>|-{3,}|_{10,})")
"""The beginning of the mail that is answered, as mail programs quote it."""
_ABOVE = re.compile(r".*(?:\d.*:|:.*@.*|@.*:)\s*$")
"""The line above it: `On Thu, Mar 5, 2026 at 2:00 PM Acme <hello@acme.example> wrote:`."""
_NOT_THEIRS = "550 5.7.1 only the person who got this alert can answer it"
_SEVERAL = (
    "550 5.7.1 that mail is about several leads; use 'Write a note' below the lead's name, or the"
    " desk; nothing was recorded"
)
_NOT_ANY_MORE = "550 5.7.1 this lead is somebody else's now; nothing was recorded"


def note_of_reply(text: str) -> str:
    """The new words of an answer, without the mail that it quotes."""
    lines: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line) or ANSWER in line:
            break
        lines.append(line.rstrip())
    while lines and not lines[-1]:
        lines.pop()
    # A long address makes mail programs break the line above the quotation in two.
    if len(lines) < len(text.splitlines()) and lines and _ABOVE.match(" ".join(lines[-2:])[-400:]):
        lines.pop()
        if lines and lines[-1] and re.match(r"(?:On|Am|Le|El|Il|Op|Em)\s.*\d", lines[-1][:200]):
            lines.pop()
    return "\n".join(lines).strip()[:_LONGEST].rstrip()


def answered_alert(
    context: Context,
    alert: SentAlert,
    mail: EmailMessage,
    now: datetime,
    *,
    digest: str,
    null_sender: bool,
) -> NewItem | str | None:
    """The note of an answer, an SMTP reply that refuses it, or None if it makes no note.

    `digest` stays the same when a server brings a mail twice.
    """
    if why_automatic(mail, null_sender=null_sender) is not None:
        return None
    if not is_from(mail, alert.person):
        return _NOT_THEIRS
    state = context.journal.state(alert.lead)
    if state is None or alert.person not in actors(state, context.people.directory()):
        return _NOT_ANY_MORE
    note = note_of_reply(plain_text(mail))
    if not note:
        return None
    said = f"reply/{alert.mail}/{digest}"
    return NewItem(
        lead=alert.lead,
        item=f"act/{said}",
        kind="act",
        body={
            "do": "note",
            "by": alert.person,
            "note": note,
            "via": "reply",
            "id": said,
        },
        arrived=now,
    )


def answered_alerts(mail: EmailMessage, *, null_sender: bool) -> str | None:
    """The SMTP reply that refuses an answer to a mail about several leads.

    Nobody knows which lead it is about. None for a machine's answer, which makes no note anyway.
    """
    return None if why_automatic(mail, null_sender=null_sender) is not None else _SEVERAL
