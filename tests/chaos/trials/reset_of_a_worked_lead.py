"""`temporal workflow reset` of a lead that sales has worked: does its past stay as it was?

Why: Reset is a button in Temporal's own pages, and docs/ call the timeline what happened. Entries
that were written (and sent to the CRM) must not be replaced by others, nor an accepted, qualified
lead become a new one.
Limit: 90 seconds; takes about 35.
"""

from __future__ import annotations

import asyncio

from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial


def stage(stack: ChaosStack) -> str:
    return str(stack.rows("select stage from leads where id = 'worked'")[0][0])


async def check(stack: ChaosStack) -> str:
    await stack.start("minutes.yaml", gateway=False)
    await stack.enrol("worked")
    await stack.until(lambda: stack.timeline("worked", "email_sent"), "a mail was sent")
    await stack.raise_hand("worked")
    await stack.until(lambda: stack.timeline("worked", "assigned"), "the lead has an owner")
    owner = stack.rows("select owner from leads where id = 'worked'")[0][0]
    acts: dict[str, dict[str, object]] = {
        "accept": {},
        "touch": {"channel": "call"},
        "qualify": {},
        "open_opportunity": {"amount": 100, "currency": "USD"},
    }
    for do, more in acts.items():
        await stack.leads.act("worked", do, {"by": owner, **more})
    await asyncio.sleep(2)
    before, was, events_before = stack.timeline("worked"), stage(stack), len(stack.crm_events())
    print(
        "  "
        + stack.temporal_says(
            "workflow",
            "reset",
            "-w",
            "lead/worked",
            "--type",
            "FirstWorkflowTask",
            "--reason",
            "trial",
        )
    )
    await asyncio.sleep(10)
    if not await stack.note("worked", "after the reset"):
        raise FaultError("the lead takes no note after the reset")
    after = stack.timeline("worked")
    changed = [one for one in before if one not in after]
    repeated = len(stack.crm_events()) - events_before
    if changed or stage(stack) != was:
        kinds = sorted({kind for _, kind, _ in changed})
        raise FaultError(
            f"{len(changed)} of {len(before)} entries are gone or rewritten ({', '.join(kinds)});"
            f" {was} became {stage(stack)}; the CRM got {repeated} more events"
        )
    return f"all {len(before)} entries stand, the lead is still in {was}"


if __name__ == "__main__":
    run_trial(check, limit=90, crm=True)
