"""Consent to marketing mail: given, or given and confirmed by a link in a mail."""

from __future__ import annotations

from lifecycle.moment import Moment
from models.inputs import Event

GIVEN, CONFIRMED = "consent.given", "consent.confirmed"
CONFIRM = "confirm"
"""The e-mail by which a consent is confirmed, where the program demands that."""
LONGEST = 1_000
"""Characters of a source or a wording."""


def confirmation_awaited(m: Moment) -> bool:
    """Whether nothing may be sent before the lead confirms its consent."""
    return m.book.program.sending.double_opt_in and m.state.confirmed is None


def record_consent(m: Moment, event: Event) -> None:
    """Write down a consent: from where, and to which words."""
    confirmed = event.type == CONFIRMED
    if confirmed:
        m.change(confirmed=m.at)
    m.record(
        "consented",
        source=str(event.data.get("source", ""))[:LONGEST],
        wording=str(event.data.get("wording", ""))[:LONGEST],
        confirmed=confirmed or None,
    )
