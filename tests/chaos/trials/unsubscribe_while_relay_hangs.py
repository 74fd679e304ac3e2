"""Ten people unsubscribe while their mail waits for a silent relay: is it held back?

Why: the suppression stands on the timeline and in the list; 30 seconds later the mail must not go
out all the same. (Those whose connection was open before it are the relay's; the rest are ours.)
Limit: 120 seconds; takes about 60.
"""

from __future__ import annotations

import asyncio
import time

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

MAILS = 10


async def check(stack: ChaosStack) -> str:
    stack.mode("relay", "silent")
    await stack.start(gateway=False)
    leads = [f"lead-{n}" for n in range(MAILS)]
    await stack.enrol(*leads)
    there = "select count(*) from leads"
    await stack.until(lambda: stack.count(there) == MAILS, "each lead is there")
    await asyncio.sleep(3)  # each mail waits for the relay now
    goodbye = [{"id": "bye", "type": "email.unsubscribed"}]
    await asyncio.gather(*(stack.leads.events(lead, goodbye) for lead in leads))
    stopped = "select count(*) from suppressions"
    await stack.until(lambda: stack.count(stopped) == MAILS, "the unsubscriptions are taken in")
    off = time.time()
    await asyncio.sleep(20)
    stack.mode("relay", "ok")
    ended = (
        "select count(*) from entries where kind in ('email_sent', 'email_skipped', 'email_failed')"
    )
    await becomes_true(lambda: stack.count(ended) == MAILS, 120)
    late = [mail["at"] - off for mail in stack.mails()]
    if late:
        raise FaultError(
            f"{len(late)} of {MAILS} mails went out {min(late):.0f} seconds and more"
            " after the unsubscription"
        )
    return f"none of {MAILS} mails went out after its reader unsubscribed"


if __name__ == "__main__":
    run_trial(check, limit=120)
