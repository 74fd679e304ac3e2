"""Can a CRM recognise an event that it gets twice (late answer, dead worker, reset lead)?

Why: docs/crm.md: at least once, a repeat has the same `webhook-id`, a lead's events come in
order. So the same entry (lead, seq, type) may not come under a second id, and what comes first
for a lead comes in the order of `seq`.
Limit: 200 seconds; takes about 110 (a dead worker's lease lasts a minute).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial


def all_sent(stack: ChaosStack) -> bool:
    return not stack.count("select count(*) from webhook_events where status <> 'sent'")


async def check(stack: ChaosStack) -> str:
    await stack.start("minutes.yaml", gateway=False)
    stack.mode("crm", "slow")
    await stack.enrol("late", "killed", "reset")
    await stack.until(lambda: len(stack.crm_events()) >= 3, "the CRM hears of each lead")
    stack.kill("worker")
    stack.mode("crm", "ok")
    stack.worker()
    for lead in ("late", "killed", "reset"):
        await stack.raise_hand(lead)
    await stack.until(
        lambda: all(stack.timeline(lead, "assigned") for lead in ("late", "killed", "reset")),
        "each lead has an owner",
    )
    await stack.until(partial(all_sent, stack), "the CRM took everything")
    stack.temporal_says(
        "workflow", "reset", "-w", "lead/reset", "--type", "FirstWorkflowTask", "--reason", "trial"
    )
    await asyncio.sleep(8)
    await becomes_true(partial(all_sent, stack), 60)
    ids: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    order: dict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for one in stack.crm_events():
        ids[one["lead"], one["seq"], one["type"]].add(one["id"])
        if one["taken"] and one["id"] not in seen:
            order[one["lead"]].append(one["seq"])
            seen.add(one["id"])
    twice = [
        f"{lead} {kind} (entry {seq})" for (lead, seq, kind), under in ids.items() if len(under) > 1
    ]
    backwards = [lead for lead, numbers in order.items() if numbers != sorted(numbers)]
    repeats = len(stack.crm_events()) - len({one["id"] for one in stack.crm_events()})
    if twice or backwards:
        raise FaultError(
            f"sent again under another id: {', '.join(twice) or 'none'}; out of order: {backwards}"
        )
    return f"{repeats} repeats, each under its own id, each lead in order"


if __name__ == "__main__":
    run_trial(check, limit=200, crm=True)
