"""A lead is terminated while its owner's deadline runs: does the breach come by itself?

Why: a deadline that dies silently is a lead nobody calls. Something must notice by itself.
`--contact` touches the lead (a note) after the deadline; then the breach must come at once.
Limit: 150 seconds; takes about 60 (the clock runs 60 times as fast).
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack, instant
from tests.chaos.trial import FaultError, run_trial


def breached(stack: ChaosStack, lead: str) -> bool:
    return bool(stack.timeline(lead, "breached"))


async def check(stack: ChaosStack) -> str:
    await stack.start(gateway=False)
    now = stack.clocked(60)
    await stack.enrol("alive", "ended")
    for lead in ("alive", "ended"):
        await stack.raise_hand(lead)
    sql = "select clock_due from leads where clock = 'accept'"
    if not await becomes_true(lambda: len(stack.rows(sql)) == 2, 20):
        raise RuntimeError("the leads got no owner within 20 seconds")
    due = max(instant(at) for (at,) in stack.rows(sql))
    print(
        "  ended:",
        stack.temporal_says("workflow", "terminate", "-w", "lead/ended", "--reason", "trial"),
    )
    while now() < due + timedelta(minutes=5):  # noqa: ASYNC110 - of a clock
        await asyncio.sleep(0.3)
    if not await becomes_true(lambda: breached(stack, "alive"), 20):
        raise RuntimeError("not even the lead that was left alone is breached")
    if not await becomes_true(lambda: breached(stack, "ended"), 10) and "--contact" in sys.argv:
        print("  a note is taken:", await stack.note("ended", "come back", 25))
        await becomes_true(lambda: breached(stack, "ended"), 10)
    if not breached(stack, "ended"):
        overdue = (now() - due).total_seconds() / 60
        raise FaultError(
            f"{overdue:.0f} minutes after its deadline the terminated lead is not breached"
        )
    return "the terminated lead is breached like the other"


if __name__ == "__main__":
    run_trial(check, limit=150)
