"""A lead with 20,000 events: does `leadflow show` come back while somebody waits for it?

Why: a script that polls, or a partner's retry loop, makes such a lead in an afternoon; the first
thing that one does about it is `show`. Told by the API it takes no time, so the data is no
excuse. On a busy machine the command itself starts slowly, so it is compared with a short lead's.
Limit: 240 seconds; takes about 30.
"""

from __future__ import annotations

import time

from tests.chaos.processes import CannotRunError
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

EVENTS, PATIENCE = 20_000, 5


def seconds_to_show(stack: ChaosStack, lead: str) -> float:
    began = time.monotonic()
    if (done := stack.leadflow("show", lead)).returncode:
        raise CannotRunError(f"show {lead} failed: {done.stderr.strip()[-200:]}")
    return time.monotonic() - began


async def check(stack: ChaosStack) -> str:
    await stack.start(gateway=False)
    await stack.enrol("long", "short")
    for first in range(0, EVENTS, 500):
        ids = range(first, first + 500)
        await stack.leads.events(
            "long", [{"id": f"e{n}", "type": "page.viewed", "subject": f"/p{n % 9}"} for n in ids]
        )
    events = "select count(*) from entries where lead = 'long' and kind = 'event'"
    await stack.until(lambda: stack.count(events) == EVENTS, "the events are recorded")
    short, long = seconds_to_show(stack, "short"), seconds_to_show(stack, "long")
    said = (
        f"`leadflow show` of {EVENTS:,} events takes {long:.1f} seconds,"
        f" that of a lead without any {short:.1f}"
    )
    if long - short > PATIENCE:
        raise FaultError(said)
    return said


if __name__ == "__main__":
    run_trial(check, limit=240)
