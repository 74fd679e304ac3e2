"""A lead with 20,000 events: does `leadflow show` come back while somebody waits for it?

Why: a script that polls, or a partner's retry loop, makes such a lead in an afternoon; the first
thing that one does about it is `show`. Told by the API it takes no time, so the data is no
excuse.
Limit: 240 seconds; takes about 30.
"""

from __future__ import annotations

import time

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

EVENTS, PATIENCE = 20_000, 5


async def check(stack: ChaosStack) -> str:
    await stack.start(gateway=False)
    await stack.enrol("long")
    for first in range(0, EVENTS, 500):
        ids = range(first, first + 500)
        await stack.leads.events(
            "long", [{"id": f"e{n}", "type": "page.viewed", "subject": f"/p{n % 9}"} for n in ids]
        )
    events = "select count(*) from entries where lead = 'long' and kind = 'event'"
    if not await becomes_true(lambda: stack.count(events) == EVENTS, 120, every=1):
        raise RuntimeError(
            f"{stack.count(events)} of {EVENTS} events are recorded after two minutes"
        )
    began = time.monotonic()
    stack.leadflow("show", "long")
    took = time.monotonic() - began
    if took > PATIENCE:
        raise FaultError(f"`leadflow show` of {EVENTS:,} events takes {took:.0f} seconds")
    return f"`leadflow show` of {EVENTS:,} events takes {took:.1f} seconds"


if __name__ == "__main__":
    run_trial(check, limit=240)
