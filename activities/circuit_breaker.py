"""The circuit breaker of a route of mail: when its sending stops, is probed, and goes on.

A route is a program's mail, or all mail to one receiving domain. A server that refuses one address
speaks of that address. A server that refuses one after another, and takes none, speaks of us: our
relay is not set up, or our host is on a block list. Then the route opens: its mails wait, and one
mail at a time is sent as a probe. The first mail that is accepted closes it.

These are pure functions. `adapters/sql/breakers.py` keeps the state for all workers together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

SERIES = 5
"""So many addresses that are refused for a reason of ours, with none accepted between, open."""
DEAD_SERIES = 10
"""So many addresses that are refused for any reason open a program's route. A list with 30 % dead
addresses has 10 of them in a row once in 170,000 mails; 5 would be once in 400."""
DOMAINS = 2
"""A program's route opens only if so many receiving domains refuse. One alone is its own route."""
FIRST_PROBE = timedelta(minutes=1)
LONGEST_PROBE = timedelta(minutes=30)
"""Probes come after 1, 2, 4 … minutes, and at last every 30."""
GIVEN_UP_AFTER = timedelta(days=1)
"""A mail that its domain refuses for so long, while the program's other mail is accepted, fails."""
FEWEST_TRIES = 3

Evidence = Literal["about_us", "vague", "dead"]
"""What a refusal speaks of: our servers, domain, rate or letter; nothing clear; a dead address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAddress:
    """One refusal of a series: each address counts once."""

    address: str
    """A hash."""
    domain: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state of a route; without `opened_at` its mail goes."""

    route: str
    """`program/NAME` or `domain/NAME`."""
    series: tuple[RefusedAddress, ...] = ()
    """Addresses refused since the last mail that was accepted, the oldest first."""
    accepted_at: datetime | None = None
    """When a mail was last accepted after a refusal."""
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    """When the next mail may be tried, while it is open."""
    probes: int = 0
    why: str = ""
    """The server's last words."""

    @property
    def is_open(self) -> bool:
        """Whether the route's mail waits."""
        return self.opened_at is not None


def wait(breakers: Sequence[Breaker], now: datetime) -> timedelta | None:
    """How long a mail on these routes waits: None if all are closed, nothing if it is the probe."""
    probes = [one.probe_at for one in breakers if one.probe_at is not None]
    return max(max(probes) - now, timedelta(0)) if probes else None


def probing(breaker: Breaker, now: datetime) -> Breaker:
    """The route while a probe is under way: the next may go if this one is lost."""
    if not breaker.is_open:
        return breaker
    pause = min(FIRST_PROBE * 2 ** min(breaker.probes, 10), LONGEST_PROBE)
    return replace(breaker, probes=breaker.probes + 1, probe_at=now + pause)


def after_refusal(breaker: Breaker, refused: RefusedAddress, why: str, now: datetime) -> Breaker:
    """The route after one more refusal; open if it was the last of a series."""
    whole_program = breaker.route.startswith("program/")
    if refused.evidence == "dead" and not whole_program:
        return breaker  # a company that closed refuses everybody, and that is right
    others = [one for one in breaker.series if one.address != refused.address]
    breaker = replace(breaker, series=(*others, refused)[-DEAD_SERIES:], why=why)
    if breaker.is_open or not _is_whole(breaker.series, whole_program=whole_program):
        return breaker
    return probing(replace(breaker, opened_at=now, probes=0), now)


def _is_whole(series: Sequence[RefusedAddress], *, whole_program: bool) -> bool:
    if whole_program and len({one.domain for one in series}) < DOMAINS:
        return False
    about_us = sum(one.evidence == "about_us" for one in series)
    return about_us >= SERIES or len(series) >= DEAD_SERIES


def after_acceptance(breaker: Breaker, now: datetime) -> Breaker:
    """The route after a mail was accepted: closed, with an empty series."""
    return Breaker(route=breaker.route, accepted_at=now)


def given_up(
    program: Breaker, domain: Breaker, *, tries: int, since: datetime, now: datetime
) -> bool:
    """Whether a mail that is refused again for a reason of ours fails.

    `since` is when it was first asked for. While a route is open no mail fails. Otherwise it does
    after three tries, if its domain accepted another mail meanwhile: then it is this letter. If
    only other domains did, it fails after a day.
    """
    if program.is_open or domain.is_open or tries < FEWEST_TRIES:
        return False
    if domain.accepted_at is not None and domain.accepted_at > since:
        return True
    others = program.accepted_at is not None and program.accepted_at > since
    return others and now - since >= GIVEN_UP_AFTER


def remedy(breaker: Breaker) -> str:
    """What operators can do about a route that is stopped."""
    dead = sum(one.evidence == "dead" for one in breaker.series)
    said = (
        "mails wait and none is lost; see what the server says, mend the relay, the login, DNS"
        " (SPF, DKIM, DMARC) or the block list entry. One mail at a time is tried as a probe, and"
        " all go when one is accepted"
    )
    if dead:
        said += (
            f". {dead} refusals called the address dead: if that was wrong, take their suppressions"
            " back with `leadflow unsuppress --reason bounced --since`"
        )
    return said
