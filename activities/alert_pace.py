"""When a person gets the next mail with alerts: one a minute, and urgent alerts at once.

Pure functions over immutable values. A mail that holds an urgent alert does not wait for the minute
of other mail, only for that of the last urgent one. So no minute brings a person more than two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MOST = 40
"""Alerts in one mail. Gmail cuts a mail off at 102 kB; so many take less than that."""
LEASE = timedelta(minutes=3)
"""After this time, a mail that one alert's activity has begun is sent by another's. A try is over
after two minutes and 15 seconds at most (workflows/commands.py)."""
_OFTEN = 30
"""Looks in the time between two mails, while another's activity sends one to the same person."""
_SHORTEST_LOOK = timedelta(milliseconds=50)

_RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""After the first, second and every later "not now" of a server (RFC 5321, 4.5.4.1)."""
_LONGEST_PAUSE = timedelta(minutes=1)
"""Between tries while the server is away."""

_ORDER = (
    "breached",
    "owner_unreachable",
    "owner_left",
    "unassigned",
    "hand_raise",
    "reminded",
    "assigned",
    "returned",
    "reassigned",
)
"""Reasons of alerts, the most urgent first; all others come last."""
_URGENT = frozenset(_ORDER[: _ORDER.index("hand_raise") + 1])
"""These say that somebody must act now, because time is up or nobody is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPace:
    """What a person got so far. Instants are by the database's clock."""

    mailed: datetime | None = None
    """When the last mail with alerts ended."""
    urgent: datetime | None = None
    """When the last one ended that held an urgent alert."""
    failures: int = 0
    """Tries in a row that the mail server did not accept."""
    not_before: datetime | None = None
    """When the next try may be, after one that the server did not accept."""


def rank(why: str) -> int:
    """The place of a reason among all, from 0: the most urgent."""
    return _ORDER.index(why) if why in _ORDER else len(_ORDER)


def is_urgent(why: str) -> bool:
    """Whether an alert for this reason does not wait for the minute of other alerts."""
    return why in _URGENT


def wait(pace: AlertPace, now: datetime, every: timedelta, *, urgent: bool) -> timedelta:
    """How long until a mail may go that holds an alert like this; zero: now.

    `every`: the time between two mails. Without one, each alert is a mail of its own.
    """
    last = pace.urgent if urgent else pace.mailed
    # A row that is ahead of the clock was written by another clock: it counts as just now.
    ready = [min(last, now) + every] if last is not None else []
    if pace.not_before is not None:
        ready.append(min(pace.not_before, now + 2 * _RETRIES[-1]))
    return max([timedelta(0), *(at - now for at in ready)])


def after_mail(pace: AlertPace, now: datetime, *, urgent: bool) -> AlertPace:
    """The pace once a mail has its outcome."""
    return AlertPace(mailed=now, urgent=now if urgent else pace.urgent)


def after_failure(pace: AlertPace, now: datetime, *, answered: bool) -> AlertPace:
    """The pace after a try that the server did not accept; `answered`: it said "not now"."""
    tries = pace.failures + 1
    if answered:
        pause = _RETRIES[min(tries, len(_RETRIES)) - 1]
    else:
        pause = min(timedelta(seconds=2 ** min(tries - 1, 6)), _LONGEST_PAUSE)
    return replace(pace, failures=tries, not_before=now + pause)


def look_again(every: timedelta) -> timedelta:
    """How long an alert waits while another's activity sends a mail to the same person."""
    return max(every / _OFTEN, _SHORTEST_LOOK)


def alert_id(key: str) -> str:
    """The local part of the Message-ID of a mail with this key: by it tokens name the alert."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def mail_key(keys: Sequence[str]) -> str:
    """The key of the mail that holds the alerts with these keys; of one alone, its own."""
    if len(keys) == 1:
        return keys[0]
    together = "\n".join(sorted(keys))
    return f"alerts/{hashlib.sha256(together.encode()).hexdigest()[:32]}"
