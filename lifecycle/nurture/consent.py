"""Consent to marketing mail: given, or also confirmed by a link in a mail (double opt-in)."""

from __future__ import annotations

from lifecycle.moment import Moment
from lifecycle.program.new_lead import LONGEST_CONSENT
from models.inputs import Event

GIVEN, CONFIRMED = "consent.given", "consent.confirmed"
CONFIRM = "confirm"
"""The name of the e-mail with the link that confirms a consent."""


def confirmation_awaited(m: Moment) -> bool:
    """Whether no mail may be sent because the lead has not confirmed its consent."""
    return m.book.program.sending.double_opt_in and m.state.confirmed is None


def record_consent(m: Moment, event: Event) -> None:
    """Record a consent: its source, and the wording that the person agreed to."""
    confirmed = event.type == CONFIRMED
    if confirmed:
        m.change(confirmed=m.at)
    m.record(
        "consented",
        source=str(event.data.get("source", ""))[:LONGEST_CONSENT],
        wording=str(event.data.get("wording", ""))[:LONGEST_CONSENT],
        confirmed=confirmed or None,
    )
