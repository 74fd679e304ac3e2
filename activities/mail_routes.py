"""The routes of a mail, and what is done when one is stopped: its mails wait, people are told.

The routes of a mail are its program and its receiving domain (activities/circuit_breaker.py).
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.circuit_breaker import Breaker, Evidence, given_up, remedy
from activities.ports import (
    Breakers,
    ChatAwayError,
    MailRefusedError,
    MailUnsentError,
    RefusalKind,
    Rendered,
)
from models.addresses import only_address, without_addresses
from models.program.program import Program

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""After the first, the second, and every later "not now" of a server. RFC 5321 (4.5.4.1) asks for
at least 30 minutes. The first two are sooner, because servers that greylist want a second try."""
_LONGEST_SPREAD = timedelta(minutes=10)
_EVIDENCE: dict[RefusalKind, Evidence] = {
    "bounced": "dead",
    "soft_bounced": "vague",
    "refused": "about_us",
}

_log = structlog.get_logger(__name__)


class MailRoutes:
    """Asks and tells the circuit breakers of a mail's routes. It blocks: call it in a thread."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def wait(self, program: Program, mail: Rendered) -> timedelta | None:
        """How long this mail waits because a route is stopped; None if it may go."""
        found = self._breakers.wait(routes(program, mail))
        return found or None  # the probe waits for nothing

    def accepted(self, program: Program, mail: Rendered) -> tuple[Breaker, ...]:
        """A server accepted the mail: its routes are open to all mail. Which were stopped."""
        were = self._breakers.accepted(routes(program, mail))
        stopped = tuple(one for one in were if one.is_open)
        for one in stopped:
            _log.info("mail of a route goes again", route=one.route)
        return stopped

    def waits(
        self, program: Program, mail: Rendered, error: MailRefusedError, since: datetime, tries: int
    ) -> tuple[bool, list[Breaker]]:
        """Record a refusal. Whether the mail waits for a later try, and does not fail by it.

        With it come the routes that are stopped. `since` is when the mail was first asked for, by
        the wall clock.
        """
        if error.kind == "unsendable":
            return False, []
        both = self.refused(program, mail, _EVIDENCE[error.kind], str(error))
        of_program, of_domain = both
        if error.kind != "refused":
            waits = of_program.is_open or (error.kind == "soft_bounced" and of_domain.is_open)
        else:
            now = datetime.now(UTC)
            waits = not given_up(of_program, of_domain, tries=tries, since=since, now=now)
        return waits, [one for one in both if one.is_open]

    def refused(
        self, program: Program, mail: Rendered, evidence: Evidence, why: str
    ) -> tuple[Breaker, Breaker]:
        """Record a refusal, and log which routes are stopped by it."""
        said = without_addresses(why)
        address = only_address(mail.to).addr_spec
        after, opened = self._breakers.refused(routes(program, mail), address, evidence, said)
        for one in opened:
            _log_stopped(one)
        of_program, of_domain = after
        return of_program, of_domain


def routes(program: Program, mail: Rendered) -> tuple[str, str]:
    """The names of a mail's routes: its program, its receiving domain."""
    domain = mail.to.rstrip(">").rpartition("@")[2].lower()
    return f"program/{program.program}", f"domain/{domain}"


def _log_stopped(breaker: Breaker) -> None:
    _log.error(
        "mail of a route is stopped: the server refuses one address after another",
        route=breaker.route,
        refused=len(breaker.series),
        why=breaker.why,
        remedy=remedy(breaker),
    )


def stopped(wait: timedelta) -> ApplicationError:
    """What Temporal is told of a mail whose route is stopped."""
    return ApplicationError(
        "the route of this mail is stopped, because the server refuses one address after another",
        type="RouteStopped",
        next_retry_delay=spread(wait, activity.info().attempt),
        category=ApplicationErrorCategory.BENIGN,
    )


def not_now(error: MailRefusedError) -> ApplicationError:
    """What Temporal is told of a mail that was refused for a reason of ours."""
    return ApplicationError(
        str(error),
        type="RefusedForNow",
        next_retry_delay=retry_delay(activity.info().attempt),
        category=ApplicationErrorCategory.BENIGN,
    )


def unsent(
    error: MailUnsentError | ChatAwayError, pause: timedelta | None = None
) -> ApplicationError:
    """What Temporal is told, so that it tries again without a stack trace a try.

    A server that is away is asked again within a minute. One that said "not now" has its time.
    `pause`: after which it is tried again, if the caller knows it.
    """
    answered = isinstance(error, MailUnsentError) and error.answered
    if pause is None and answered:
        pause = retry_delay(activity.info().attempt)
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        next_retry_delay=pause,
        category=ApplicationErrorCategory.BENIGN,
    )


def retry_delay(tries: int) -> timedelta:
    """How long after this many tries a mail is tried again."""
    delay = RETRIES[min(tries, len(RETRIES)) - 1]
    return delay + delay / 4 * random.random()  # noqa: S311 - no secret


def spread(wait: timedelta, tries: int) -> timedelta:
    """When a mail asks again that had to wait for `wait`: the later, the more it tried.

    All that wait are told the same instant. Were they all back by then, each place would be
    asked for by every one of them.
    """
    longer = min(wait * tries, _LONGEST_SPREAD)
    return wait + longer * random.random()  # noqa: S311 - no secret
