"""Leads are terminated and cancelled while a mail is on its way: do they come back?

Why: both are buttons in Temporal's own pages. The rows still say that the lead is open and in a
track; so either something takes it up again by itself, or the next contact (here a note) does.
Then the mail must go out, or the timeline must say why not.
Limit: 150 seconds; takes about 70.
"""

from __future__ import annotations

import asyncio

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack, TimelineRow
from tests.chaos.trial import FaultError, run_trial

HOW = {"terminated": ("terminate", "--reason", "trial"), "cancelled": ("cancel",)}


def outcome(stack: ChaosStack, lead: str) -> list[TimelineRow]:
    """What became of the lead's mail."""
    return stack.timeline(lead, "email_sent", "email_failed", "email_skipped")


async def check(stack: ChaosStack) -> str:
    stack.mode("relay", "refuse")
    await stack.start(gateway=False)
    await stack.enrol(*HOW)
    there = "select count(*) from leads"
    await stack.until(lambda: stack.count(there) == len(HOW), "each lead is there")
    await asyncio.sleep(3)
    for lead, (command, *options) in HOW.items():
        print(
            f"  {lead}:", stack.temporal_says("workflow", command, "-w", f"lead/{lead}", *options)
        )
    await asyncio.sleep(5)
    stack.mode("relay", "ok")
    if not await becomes_true(lambda: all(outcome(stack, lead) for lead in HOW), 15):
        answered = [await stack.note(lead, "come back") for lead in HOW]
        print(f"  nothing by itself within 15 seconds; a note is taken: {answered}")
        await becomes_true(lambda: all(outcome(stack, lead) for lead in HOW), 120)
    stuck = [lead for lead in HOW if not outcome(stack, lead)]
    if stuck:
        raise FaultError(
            f"{stuck}: the mail is neither sent nor failed, and the track waits for it for ever"
        )
    return "both leads came back, their mail has an outcome"


if __name__ == "__main__":
    run_trial(check, limit=150)
