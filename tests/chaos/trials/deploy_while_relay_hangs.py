"""A worker is replaced while the relay is silent (SIGTERM, SIGKILL): is every mail sent?

Why: as in relay_hangs.py: a mail that never came to DATA was surely not sent, and must be tried
again.
Limit: 180 seconds; takes about 60.
"""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

MAILS = 40


async def lost_by(stack: ChaosStack, how: signal.Signals) -> int:
    """How many of the mails under way do not come to the relay that is well for three minutes."""
    stack.mode("relay", "silent")
    stack.worker()
    leads = [f"{how.name.lower()}-{n}" for n in range(MAILS)]
    await stack.enrol(*leads)
    these = f"{how.name.lower()}-%"
    there = "select count(*) from leads where id like :these"
    await stack.until(lambda: stack.count(there, these=these) == MAILS, "each lead is there")
    await asyncio.sleep(5)  # the mails wait for the relay now
    stack.kill("worker", how)
    stack.mode("relay", "ok")
    stack.worker()
    sql = (
        "select count(*) from entries"
        " where lead like :these and kind in ('email_sent', 'email_failed')"
    )
    await becomes_true(lambda: stack.count(sql, these=these) == MAILS, 180)
    stack.kill("worker", signal.SIGTERM)
    came = {mail["to"].partition("@")[0] for mail in stack.mails()}
    lost = [lead for lead in leads if lead not in came]
    print(f"  {how.name}: {len(lost)} of {MAILS} mails never came to the relay")
    return len(lost)


async def check(stack: ChaosStack) -> str:
    await stack.start(gateway=False, worker=False)
    lost = {how.name: await lost_by(stack, how) for how in (signal.SIGTERM, signal.SIGKILL)}
    if any(lost.values()):
        raise FaultError(
            f"never came to the relay, though it is well again, of {MAILS} mails each: {lost}"
        )
    return f"all {2 * MAILS} mails were sent"


if __name__ == "__main__":
    run_trial(check, limit=180)
