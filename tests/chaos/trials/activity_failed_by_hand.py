"""An engineer fails, or completes with nonsense, a mail that waits: does the lead go on?

Why: after it the mail needs an outcome, and the lead must answer and go on in its track.
Limit: 150 seconds; takes about 60.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack, TimelineRow
from tests.chaos.trial import FaultError, run_trial

HOW = {
    "failed": ("fail", "--reason", "trial"),
    "completed": ("complete", "--result", '"done"'),
}


def pending(stack: ChaosStack, lead: str) -> list[str]:
    description = json.loads(
        stack.temporal_says("workflow", "describe", "-w", f"lead/{lead}", "-o", "json")
    )
    return [one["activityId"] for one in description.get("pendingActivities", [])]


def outcome(stack: ChaosStack, lead: str) -> list[TimelineRow]:
    """What became of the lead's mail."""
    return stack.timeline(lead, "email_sent", "email_failed", "email_skipped")


async def check(stack: ChaosStack) -> str:
    # Silent, so that a try is under way: Temporal fails no activity that pauses between two.
    stack.mode("relay", "silent")
    await stack.start("minutes.yaml", gateway=False)
    await stack.enrol(*HOW)
    for lead in HOW:
        await stack.until(partial(pending, stack, lead), f"a mail of {lead} waits")
    for lead, (command, *options) in HOW.items():
        activity = pending(stack, lead)[0]
        print(
            f"  {lead}:",
            stack.temporal_says(
                "activity", command, "-w", f"lead/{lead}", "--activity-id", activity, *options
            )[-80:],
        )
    await asyncio.sleep(3)
    stack.mode("relay", "ok")
    await becomes_true(lambda: all(outcome(stack, lead) for lead in HOW), 120)
    answers = {lead: await stack.note(lead, "alive") for lead in HOW}
    stuck = [lead for lead in HOW if not answers[lead]]
    waiting = [lead for lead in HOW if not outcome(stack, lead)]
    if stuck or waiting:
        raise FaultError(
            f"no answer any more: {stuck}; mail without an outcome, track at a stand: {waiting}"
        )
    return "both leads answer and go on"


if __name__ == "__main__":
    run_trial(check, limit=150)
