"""Bot detection: whether a person or a machine followed a link or loaded an image in a mail.

Scanners follow links before a mail is shown to anybody, browsers fetch what may be wanted next,
and mail programs load images for people who never look. None of these is engagement. The
rules, in order; the first that holds gives its word as the reason:

- `head`: a HEAD request. People's browsers send GET.
- `prefetch`: the browser says that nobody asked yet (Sec-Purpose, Purpose, X-Moz, X-Purpose).
- `agent`: the client calls itself a scanner, a proxy, a program or nothing at all. Gmail's
  image proxy is not among them: it loads an image when a person opens the mail.
- `unseen`: a link that no person can see was followed.
- `quick`: within seconds of the mail's delivery.
- `all_links`: several links of one mail, and all of them, within seconds.

A person who is taken for a machine once loses a click; a machine taken for a person makes a
salesperson call somebody who never read a word. So doubt goes to the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.requests.mail_agents import is_machine

Why = Literal["head", "prefetch", "agent", "unseen", "quick", "all_links"]

QUICK = timedelta(seconds=3)
"""No person opens and clicks so soon after delivery."""
TOGETHER = timedelta(seconds=5)
"""Who follows all links of a mail within this follows them by program."""

_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_NOT_YET = re.compile(r"prefetch|preview|prerender", re.IGNORECASE)


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


def at_once(hit: Hit) -> Why | None:
    """Why this request alone shows a machine, or None."""
    agent = hit.headers.get("user-agent", "").strip()
    if hit.method == "HEAD":
        return "head"
    if any(_NOT_YET.search(hit.headers.get(name, "")) for name in _PURPOSES):
        return "prefetch"
    if is_machine(agent):
        return "agent"
    if hit.number == 0:
        return "unseen"
    if hit.age < QUICK:
        return "quick"
    return None


def all_links(followed: set[str], targets: tuple[str, ...]) -> bool:
    """Whether these are all targets of a mail that has several (the unseen one aside)."""
    seen = {target for target in targets if target}
    return len(seen) > 1 and seen <= followed


def age(taken: datetime, now: datetime, speed: float) -> timedelta:
    """How old a mail is in the program's time, from two instants of the wall clock."""
    return (now - taken) * speed
