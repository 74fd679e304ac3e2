"""An owner accepts in time while no worker runs; the worker is back after the deadline.

Why: a person acted in time; that the machinery was away must not make it a breach (PROGRAM.md,
order in a turn: inputs count by the instant they arrived). Asked by the HTTP API and, for a
second lead, by Temporal's signal.
Limit: 120 seconds; takes about 60 (the clock runs 60 times as fast: a second is a minute).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.chaos.processes import CannotRunError, becomes_true
from tests.chaos.stack import ChaosStack, instant
from tests.chaos.trial import FaultError, run_trial

LEADS = ("by-http", "by-signal")


def act_entries(stack: ChaosStack, lead: str) -> list[str]:
    return [kind for _, kind, _ in stack.timeline(lead, "accepted", "breached", "refused")]


async def check(stack: ChaosStack) -> str:
    await stack.start()
    admin = stack.admin_key()
    now = stack.clocked(60)
    await stack.enrol(*LEADS)
    for lead in LEADS:
        await stack.raise_hand(lead)
    sql = "select id, owner, clock_due from leads where clock = 'accept'"
    await stack.until(lambda: len(stack.rows(sql)) == 2, "each lead has an owner")
    owner = {lead: who for lead, who, _ in stack.rows(sql)}
    due = min(instant(at) for _, _, at in stack.rows(sql))
    stack.kill("worker")
    print(f"  no worker; accepted at {now():%H:%M:%S}, due at {due:%H:%M:%S}")
    if now() > due - timedelta(minutes=3):
        raise CannotRunError("the machine is too slow: nobody can accept in time")
    body = {"do": "accept", "by": owner["by-http"], "id": "in-time"}
    asked = asyncio.create_task(asyncio.to_thread(stack.post, "leads/by-http/acts", body, admin))
    await stack.client.get_workflow_handle("lead/by-signal").signal(
        "accept", {"by": owner["by-signal"]}
    )
    while now() < due + timedelta(minutes=5):  # noqa: ASYNC110 - of a clock
        await asyncio.sleep(0.2)
    stack.worker()
    print(f"  the worker is back at {now():%H:%M:%S}")
    status, answer = await asked
    print(f"  HTTP {status}: {answer.get('detail', answer)}")
    await becomes_true(lambda: all(act_entries(stack, lead) for lead in LEADS), 120)
    await asyncio.sleep(2)
    late = {
        lead: act_entries(stack, lead)
        for lead in LEADS
        if act_entries(stack, lead)[:1] != ["accepted"]
    }
    if late:
        raise FaultError(f"accepted in time, and yet: {late}")
    return "both acceptances count as in time, nothing is breached"


if __name__ == "__main__":
    run_trial(check, limit=120)
