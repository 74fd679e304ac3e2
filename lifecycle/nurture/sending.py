"""Whether an e-mail that is due may be sent now: suppression, consent, window, caps.

A pause by the lead comes before all of these (lifecycle/nurture/steps.py). Caps never drop a mail.
A mail over a cap waits for the first instant that both the caps and the send window allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Literal
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import later, window_opening
from lifecycle.moment import Moment
from lifecycle.nurture.consent import confirmation_awaited
from lifecycle.program.rulebook import Rulebook
from lifecycle.program.step_ids import email_choices
from lifecycle.stable_hash import short_hash, stable_hash
from models.addresses import ascii_domain
from models.durations import Rate
from models.program.tracks import EmailStep, VariantsStep
from models.state import PendingMail


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not send the mail at all. `why` is the first reason that applies."""

    why: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Do not send the mail now. Check it again at `until`."""

    until: datetime
    why: Literal["window", "cap"]


def choose(
    m: Moment, track: str, step: str, of: EmailStep | VariantsStep
) -> tuple[str | None, str]:
    """The variant and the e-mail that a step sends to this lead: chosen by a stable hash."""
    choices = email_choices(of)
    whole = sum(weight for _, _, weight in choices)
    place = stable_hash(m.book.program.program, m.state.lead, track, step) * whole
    below = 0
    for variant, email, weight in choices:
        below += weight
        if place < below:
            return variant, email
    raise AssertionError("the hash is below 1, so some variant was chosen")


def check(m: Moment, email: str) -> Skip | Defer | None:
    """Whether to skip or defer this e-mail now; None if it may be sent."""
    why = skip_reason(m, email)
    if why is not None:
        return Skip(why)
    written, sending = m.book.program.emails[email], m.book.program.sending
    if written.operational:
        return None
    window = written.send_window or sending.send_window
    if window is not None:
        opening = window_opening(window, m.at, m.zone)
        if opening > m.at:
            return Defer(opening, "window")
    free = free_of_caps(sending.caps, _counted(m), m.at, m.zone)
    if free > m.at:
        return Defer(free if window is None else window_opening(window, free, m.zone), "cap")
    return None


def skip_reason(m: Moment, email: str) -> str | None:
    """Why this e-mail is not sent at all: the first reason that applies; None if it may be sent."""
    operational = m.book.program.emails[email].operational
    stopped = stop_reason(m, operational=operational)
    if stopped is not None:
        return stopped
    if email in m.state.sent or any(mail.email == email for mail in m.state.mails):
        return "already_sent"
    if not operational and in_holdout(m):
        return "holdout"
    return None


def stop_reason(m: Moment, *, operational: bool) -> str | None:
    """Why the lead gets no mail of this sort, whichever it is: suppressed, or no consent."""
    state, sending = m.state, m.book.program.sending
    reasons = (
        ("bounced", "complained") if operational else ("unsubscribed", "bounced", "complained")
    )
    for reason in reasons:
        if reason in state.suppressed:
            return reason
    if confirmation_awaited(m):
        return "no_consent"
    if (
        not operational
        and state.profile.get("country") in sending.consent_required_in
        and not state.profile.get("consent", False)
    ):
        return "no_consent"
    return None


def in_holdout(m: Moment) -> bool:
    """Whether the lead is in the holdout, which is decided at its creation and stays."""
    kept = m.state.holdout
    return held_out(m.book, m.state.lead) if kept is None else kept


def held_out(book: Rulebook, lead: str) -> bool:
    """Whether a lead is in the control group that gets no nurture mail."""
    share = book.program.sending.holdout.value
    return bool(share) and stable_hash(book.program.program, lead, "holdout") < share


def _counted(m: Moment) -> list[datetime]:
    """The instants that caps count: of nurture mail that was sent or is being sent."""
    waiting = [mail.at for mail in m.state.mails if not operational(m, mail)]
    return sorted((*m.state.sends, *waiting))


def operational(m: Moment, mail: PendingMail) -> bool:
    """Whether a mail on its way is operational."""
    written = m.book.program.emails.get(mail.email)
    # Release 0.1 did not note it on the mail; the program says it.
    by_program = mail.version is None and written is not None and written.operational
    return mail.operational or by_program


def free_of_caps(
    caps: Sequence[Rate], sends: Sequence[datetime], at: datetime, zone: ZoneInfo
) -> datetime:
    """The first instant from `at` on at which all caps allow one more mail.

    `sends` are in order. A mail sent at s counts until s + window, that instant excluded.
    """
    free = at
    for cap in caps:
        if cap.per is not None and len(sends) >= cap.most:
            free = max(free, later(sends[-cap.most], cap.per, zone))
    return free


def count(m: Moment, at: datetime) -> None:
    """Count a nurture mail sent at `at`. Mail that no cap counts any more is dropped."""
    windows = [cap.per for cap in m.book.program.sending.caps if cap.per is not None]
    kept = [
        sent
        for sent in m.state.sends
        if any(later(sent, window, m.zone) > m.at for window in windows)
    ]
    m.change(sends=tuple(sorted((*kept, at))) if windows else ())


def message_id(book: Rulebook, key: str) -> str:
    """The Message-ID of a mail, without brackets. The same key always gives the same one."""
    _, address = parseaddr(book.program.sending.from_)
    domain = ascii_domain(address.rpartition("@")[2])
    return f"{short_hash(key)}@{domain or 'localhost'}"
