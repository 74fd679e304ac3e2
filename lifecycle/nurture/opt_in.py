"""Double opt-in: one operational mail with a link. No other mail is sent before confirmation."""

from __future__ import annotations

from lifecycle.moment import Moment
from lifecycle.nurture.consent import CONFIRM, confirmation_awaited
from lifecycle.nurture.sending import message_id
from lifecycle.stable_hash import short_hash
from models.decision import SendMail
from models.state import PendingMail

TRACK = "opt-in"
"""The name that entries of this mail have instead of a track's."""


def request_confirmation(m: Moment) -> None:
    """Send the confirmation mail, once for each address and cycle."""
    state = m.state
    if not confirmation_awaited(m) or CONFIRM not in m.book.program.emails:
        return
    if {"bounced", "complained"} & set(state.suppressed):
        return
    address = short_hash(str(state.profile.get("email", "")))
    key = f"{state.lead}/{state.cycle}/{TRACK}/{address}"
    mail = PendingMail(
        key=key,
        at=m.at,
        email=CONFIRM,
        step=CONFIRM,
        track=TRACK,
        message=message_id(m.book, key),
        operational=True,
    )
    m.change(mails=(*state.mails, mail))
    m.command(SendMail(key=key, at=m.at, email=CONFIRM, message=mail.message, operational=True))
