"""Bot detection: whether a person or a machine followed a link or loaded an image in a mail.

Scanners follow links before anybody sees the mail. Browsers fetch pages in advance. Mail programs
load images although nobody looks at them. None of these is engagement. The rules, in order; the
first that holds gives the reason:

- `head`: a HEAD request, or a GET of the same link within a minute of it. People's browsers send
  GET alone.
- `prefetch`: the browser fetches in advance and says so (Sec-Purpose, Purpose, X-Moz, X-Purpose).
- `agent`: the User-Agent is empty, or that of a scanner, a proxy or a program. Gmail's image
  proxy is not one of them: it loads an image when a person opens the mail.
- `unseen`: the request is for a link that no person can see, or comes within a minute of one.
- `quick`: the request comes within seconds of the mail's delivery.
- `all_links`: all links of a mail with several links were followed within seconds.

If a person is taken for a machine, one click is lost. If a machine is taken for a person, a sales
person calls somebody who read nothing. The second error costs more, so a doubtful request counts
as a machine's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.requests.mail_agents import is_machine

Why = Literal["head", "prefetch", "agent", "unseen", "quick", "all_links"]

QUICK_CLICK = timedelta(seconds=3)
"""No person opens a mail and clicks a link so soon after delivery."""
ALL_LINKS_WITHIN = timedelta(seconds=5)
"""Only a program follows all links of a mail within this time."""

SLOW_SCAN = timedelta(minutes=1)
"""For so long after a HEAD request for a link, or a request for the unseen link, what follows is
of the same machine: a scanner fetches with GET what it has asked about. Not longer, because behind
a scanner a person reads the mail soon."""

FRESH = timedelta(minutes=10)
"""Scanners follow links when a mail is delivered. So long after it a click is a person's, unless it
shows otherwise within seconds."""
LONGEST_SCAN = timedelta(minutes=5)
"""A click waits at most so long for the unseen link, however the scan goes on."""

_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREFETCHED = re.compile(r"prefetch|preview|prerender", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request for a link or an image of a mail."""

    method: str
    headers: Mapping[str, str]
    """Names in lower case."""
    number: int | None
    """The link's number; None for the image."""
    age: timedelta
    """How long ago the mail server took the mail, in the program's time."""


def machine_reason(hit: Hit) -> Why | None:
    """Why this request alone shows that it is a machine's, or None."""
    agent = hit.headers.get("user-agent", "").strip()
    if hit.method == "HEAD":
        return "head"
    if any(_PREFETCHED.search(hit.headers.get(name, "")) for name in _PURPOSES):
        return "prefetch"
    if is_machine(agent):
        return "agent"
    if hit.number == 0:
        return "unseen"
    if hit.age < QUICK_CLICK:
        return "quick"
    return None


def all_links(followed: set[str], targets: tuple[str, ...]) -> bool:
    """Whether these are all targets of a mail with several, without the link that nobody sees."""
    seen = {target for target in targets if target}
    return len(seen) > 1 and seen <= followed


def wait(age: timedelta) -> timedelta:
    """How long a click on a mail of this age waits, so that a scanner can be recognised first."""
    return SLOW_SCAN if age < FRESH else ALL_LINKS_WITHIN


def age(taken: datetime, now: datetime, speed: float) -> timedelta:
    """How old a mail is in the program's time, from two instants of the wall clock."""
    return (now - taken) * speed
