"""A lead is terminated before a worker ever saw it; then it is enrolled again: is there a lead?

Why: `enrol` and `launch` say "was there already", everything else says "there is no lead": it
can't be had again.
Limit: 90 seconds; takes about 25.
"""

from __future__ import annotations

import asyncio

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial


async def check(stack: ChaosStack) -> str:
    await stack.start(worker=False, gateway=False)
    await stack.enrol("early")
    stack.temporal_says("workflow", "terminate", "-w", "lead/early", "--reason", "trial")
    stack.worker()
    await asyncio.sleep(3)  # the worker need not run yet: the lead is to be had either way
    program = stack.program.program
    again = stack.leadflow(
        "enrol", "--id", "early", "--email", "early@x.example", "--program", program
    )
    if not await becomes_true(lambda: stack.count("select count(*) from leads") == 1, 240):
        event = stack.leadflow("event", "early", "page.viewed", "/x")
        raise FaultError(f"enrol: {again.stdout.strip()!r}, event: {event.stderr.strip()[:40]!r}")
    return "the lead is there after it was enrolled again"


if __name__ == "__main__":
    run_trial(check, limit=90)
