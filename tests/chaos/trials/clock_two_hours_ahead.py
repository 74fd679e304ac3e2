"""A machine's clock is two hours ahead for ten seconds (libfaketime): does work go on?

Why: what was written meanwhile (a mail rate's next slot, an event's next try) lies two hours
ahead and holds up what comes after it. A machine whose clock is set by a time server does exactly
this once.
Needs libfaketime (Debian: faketime); without it exits 2. Limit: 300 seconds; takes about 75.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.chaos.processes import CannotRunError, becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

LEADS, WITHIN = 8, 40


def ahead() -> dict[str, str]:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise CannotRunError("libfaketime is not installed (apt-get install faketime)")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": "+2h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def done(stack: ChaosStack) -> tuple[int, int]:
    """Leads that got their mail, and events on timelines."""
    sent = stack.count("select count(distinct lead) from messages where status = 'sent'")
    return sent, stack.count("select count(*) from entries where kind = 'event'")


async def check(stack: ChaosStack) -> str:
    wrong = ahead()
    await stack.start("rated.yaml", worker=False, gateway=False)
    stack.worker(env=wrong)
    stack.gateway(env=wrong)
    leads = [f"lead-{n}" for n in range(LEADS)]
    await stack.enrol(*leads[:3])
    await stack.until(lambda: done(stack)[0], "a mail was sent by the wrong clock")
    await asyncio.sleep(5)
    event = {"id": "ahead", "type": "page.viewed", "subject": "/x", "lead": leads[0]}
    stack.post("events", {"events": [event]})
    await asyncio.sleep(1)
    for name in ("worker", "gateway"):
        stack.kill(name)
    stack.worker()
    stack.gateway()
    await stack.enrol(*leads[3:])
    stack.post("events", {"events": [event | {"id": "after"}]})
    await stack.somebody_answers(leads)
    await becomes_true(lambda: done(stack) == (LEADS, 2), WITHIN)
    sent, events = done(stack)
    if (sent, events) != (LEADS, 2):
        raise FaultError(
            f"{WITHIN} seconds after the clock is right {sent} of {LEADS} mails are sent,"
            f" {events} of 2 events recorded"
        )
    return f"{LEADS} mails sent and 2 events recorded within {WITHIN} seconds"


if __name__ == "__main__":
    run_trial(check, limit=300)
