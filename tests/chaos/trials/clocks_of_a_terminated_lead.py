"""A lead is terminated while its owner's deadline runs: does the breach come by itself?

Why: a deadline that dies silently is a lead nobody calls. The schedule that every installation has
(`leadflow temporal setup`) compares rows and workflows every five minutes. The trial does not wait
so long: it triggers the schedule, and a worker does the rest. `--contact` touches the lead (a note)
instead; then the breach must come at once. The clock is the wall clock, and the deadline a minute.
Limit: 240 seconds; takes about 90.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from tests.chaos.processes import CannotRunError, becomes_true
from tests.chaos.stack import ChaosStack, instant
from tests.chaos.trial import FaultError, run_trial


def breached(stack: ChaosStack, lead: str) -> bool:
    return bool(stack.timeline(lead, "breached"))


async def check(stack: ChaosStack) -> str:
    await stack.start("one_minute.yaml", gateway=False)
    made = stack.leadflow("temporal", "setup")
    if made.returncode:
        raise CannotRunError(f"temporal setup failed: {made.stderr.strip()[-200:]}")
    await stack.enrol("alive", "ended")
    for lead in ("alive", "ended"):
        await stack.raise_hand(lead)
    sql = "select clock_due from leads where clock = 'accept'"
    await stack.until(lambda: len(stack.rows(sql)) == 2, "each lead has an owner")
    due = max(instant(at) for (at,) in stack.rows(sql))
    where = ("-w", "lead/ended", "--reason", "trial")
    print("  ended:", stack.temporal_says("workflow", "terminate", *where))
    while datetime.now(UTC) < due + timedelta(seconds=5):  # noqa: ASYNC110 - of a clock
        await asyncio.sleep(0.3)
    if not await becomes_true(lambda: breached(stack, "alive"), 120):
        raise CannotRunError("not even the lead that was left alone is breached")
    if "--contact" in sys.argv:
        print("  a note is taken:", await stack.note("ended", "come back"))
    else:
        print("  schedule:", stack.temporal_says("schedule", "trigger", "-s", "reconcile"))
    if not await becomes_true(lambda: breached(stack, "ended"), 120):
        raise FaultError("the terminated lead is not breached two minutes after its deadline")
    (breach,) = stack.timeline("ended", "breached")
    late = (datetime.now(UTC) - instant(str(breach[2]["due"]))).total_seconds()
    return f"the terminated lead is breached like the other, {late:.0f} seconds after its deadline"


if __name__ == "__main__":
    run_trial(check, limit=240)
