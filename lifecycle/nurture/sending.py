"""Whether an e-mail that is due may be sent now: suppression, consent, pause, window, caps.

Caps defer, they never drop: a mail over a cap waits for the first instant that satisfies
caps and window.
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
from lifecycle.nurture.pause import paused_until
from lifecycle.program.rulebook import Rulebook, email_choices
from lifecycle.stable_hash import short_hash, stable_hash
from models.addresses import ascii_domain
from models.durations import Rate
from models.program.tracks import EmailStep, VariantsStep


@dataclass(frozen=True, slots=True)
class Skip:
    """Not now and not later; `why` is the first reason that applies."""

    why: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: try again at `until`."""

    until: datetime
    why: Literal["paused", "window", "cap"]


def choose(
    m: Moment, track: str, step: str, of: EmailStep | VariantsStep
) -> tuple[str | None, str]:
    """The variant and the e-mail a step sends to this lead, by its stable hash."""
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
    """Whether this e-mail may be sent at this instant; None if it may."""
    why = skip_reason(m, email)
    if why is not None:
        return Skip(why)
    if m.book.program.emails[email].operational:
        return None
    pause = paused_until(m)
    if pause is not None:
        return Defer(pause, "paused")
    window = m.book.program.sending.send_window
    if window is not None:
        opening = window_opening(window, m.at, m.zone)
        if opening > m.at:
            return Defer(opening, "window")
    free = free_of_caps(m.book.program.sending.caps, _counted(m), m.at, m.zone)
    if free > m.at:
        return Defer(free if window is None else window_opening(window, free, m.zone), "cap")
    return None


def skip_reason(m: Moment, email: str) -> str | None:
    """Why this e-mail is not sent at all: the first reason that applies."""
    state, sending = m.state, m.book.program.sending
    operational = m.book.program.emails[email].operational
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
    if email in state.sent or any(mail.email == email for mail in state.mails):
        return "already_sent"
    if not operational and held_out(m.book, state.lead):
        return "holdout"
    return None


def held_out(book: Rulebook, lead: str) -> bool:
    """Whether a lead is in the control group that gets no nurture mail."""
    share = book.program.sending.holdout.value
    return bool(share) and stable_hash(book.program.program, lead, "holdout") < share


def _counted(m: Moment) -> list[datetime]:
    """What caps count: mail that was sent, and mail on its way."""
    emails = m.book.program.emails
    waiting = [
        mail.at
        for mail in m.state.mails
        if mail.email in emails and not emails[mail.email].operational
    ]
    return sorted((*m.state.sends, *waiting))


def free_of_caps(
    caps: Sequence[Rate], sends: Sequence[datetime], at: datetime, zone: ZoneInfo
) -> datetime:
    """The first instant from `at` on at which no cap stands against one more mail.

    `sends` are in order. What was sent at s counts until s + window, not included.
    """
    free = at
    for cap in caps:
        if cap.per is not None and len(sends) >= cap.most:
            free = max(free, later(sends[-cap.most], cap.per, zone))
    return free


def count(m: Moment, at: datetime) -> None:
    """Count a nurture mail sent at `at`, forgetting what no cap counts any more."""
    windows = [cap.per for cap in m.book.program.sending.caps if cap.per is not None]
    kept = [
        sent
        for sent in m.state.sends
        if any(later(sent, window, m.zone) > m.at for window in windows)
    ]
    m.change(sends=tuple(sorted((*kept, at))) if windows else ())


def message_id(book: Rulebook, key: str) -> str:
    """The Message-ID of a mail, without brackets: fixed by its key, on the sending domain."""
    _, address = parseaddr(book.program.sending.from_)
    domain = ascii_domain(address.rpartition("@")[2])
    return f"{short_hash(key)}@{domain or 'localhost'}"
