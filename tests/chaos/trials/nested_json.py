"""An event with deeply nested data beside two ordinary ones: are all three recorded?

Why: a partner's webhook sends what it likes. What was answered `accepted` must come on the
timeline (or be refused while the sender listens), and no event may stop a lead for ever.
Limit: 100 seconds; takes about 45.
"""

from __future__ import annotations

import json

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

DEPTHS = (100, 197, 250)


def nested(depth: int) -> object:
    return json.loads('{"a":' * depth + "1" + "}" * depth)


def recorded(stack: ChaosStack, lead: str) -> set[str]:
    return {recorded["event"] for _, _, recorded in stack.timeline(lead, "event", "ignored")}


async def check(stack: ChaosStack) -> str:
    await stack.start()
    leads = {depth: f"nested-{depth}" for depth in DEPTHS}
    await stack.enrol(*leads.values())
    there = "select count(*) from leads"
    await stack.until(lambda: stack.count(there) == len(leads), "each lead is there")
    promised: dict[str, set[str]] = {}
    for depth, lead in leads.items():
        events: list[dict[str, object]] = [
            {"id": "deep", "type": "page.viewed", "lead": lead, "data": nested(depth)},
            {"id": "raise", "type": "form.submitted", "subject": "demo", "lead": lead},
            {"id": "bye", "type": "email.unsubscribed", "lead": lead},
        ]
        status, answer = stack.post("events", {"events": events})
        taken = zip(events, answer.get("results", []), strict=False)
        promised[lead] = {
            str(event["id"]) for event, result in taken if result["status"] == "accepted"
        }
        print(f"  {lead}: HTTP {status}, accepted {sorted(promised[lead])}")
    await becomes_true(
        lambda: all(promised[lead] <= recorded(stack, lead) for lead in promised), 90
    )
    lost = {lead: sorted(promised[lead] - recorded(stack, lead)) for lead in promised}
    stuck = [lead for lead in promised if not await stack.note(lead, "alive")]
    all_promised, missing = (sum(map(len, which.values())) for which in (promised, lost))
    if missing or stuck:
        raise FaultError(
            f"of {all_promised} accepted events {missing} are on no timeline; stuck: {stuck}"
        )
    return f"all {all_promised} accepted events are on the timelines, every lead answers"


if __name__ == "__main__":
    run_trial(check, limit=100)
