"""Records the histories that must replay: `python tests/replay/record.py`.

Record again only when the shell's commands were changed on purpose and no lead in flight
can have an older history (see the message of test_recorded_histories.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.temporal.client import Leads
from adapters.temporal.embedded import search_attributes, shipped
from models.envelopes import ProgramClock
from models.refusal import RefusedError
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack, running_worker_stack

_STACKS = re.compile(r'"stackTrace": "(?:[^"\\\\]|\\\\.)*"')
"""What a refused update's failure says of the code's place on the machine that recorded it."""
HISTORIES = Path(__file__).parent / "histories"
RILEY, MORGAN, ALEX = "riley@acme.example", "morgan@acme.example", "alex@acme.example"


async def a_won_lead(stack: WorkerStack) -> str:
    """Mails, a raised hand, acts by update and by signal, one refused; won."""
    lead = await stack.create_lead(first_name="Ana", company="Northwind")
    await until(lambda: stack.world.journal.entries_of(lead, "email_sent"))
    clicked = {"id": "click", "type": "email.clicked", "subject": "welcome"}
    await stack.leads.events(lead, [clicked, clicked])
    await stack.leads.events(lead, [{"type": "form.submitted", "subject": "demo"}])
    await until(lambda: stack.world.journal.states[lead].owner)
    with contextlib.suppress(RefusedError):
        await stack.leads.act(lead, "win", {"by": RILEY})
    await stack.leads.act(lead, "accept", {"by": RILEY})
    await stack.handle(lead).signal("touch", {"by": RILEY, "channel": "call"})
    await stack.handle(lead).signal("touch", "nonsense")
    await stack.leads.act(lead, "qualify", {"by": RILEY})
    await until(lambda: stack.world.journal.states[lead].owner == ALEX)
    await stack.leads.act(lead, "accept", {"by": ALEX})
    fields = {"by": ALEX, "amount": 24_000, "currency": "USD"}
    await stack.leads.act(lead, "open_opportunity", fields)
    await stack.leads.act(lead, "win", {"by": ALEX, "amount": 21_000})
    await stack.until_settled(lead)
    return lead


async def a_neglected_lead(stack: WorkerStack) -> str:
    """Nobody accepts: reminders, a breach, another owner."""
    lead = await stack.create_mql()
    await until(lambda: stack.world.journal.entries_of(lead, "breached"))
    await stack.until_settled(lead)
    return lead


async def a_closed_lead(stack: WorkerStack) -> str:
    """Disqualified, and its workflow completed."""
    lead = await stack.create_lead()
    await stack.leads.act(lead, "disqualify", {"by": MORGAN, "reason": "no_interest"})
    await stack.handle(lead).result()
    return lead


async def a_long_lead(stack: WorkerStack) -> str:
    """The run after a continue-as-new, with its timer and what was seen."""
    lead = await stack.create_mql()
    first = (await stack.leads.describe(lead)).run_id
    number = 0
    while (await stack.leads.describe(lead)).run_id == first:
        number += 1
        await stack.leads.act(lead, "note", {"by": RILEY, "note": f"note {number}"})
    await stack.leads.act(lead, "accept", {"by": RILEY})
    return lead


async def record() -> None:
    """Play every life once and write the history of its last run."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=shipped("temporal"),
        dev_server_log_level="never",
        dev_server_extra_args=[
            *search_attributes(),
            *("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=200"),
        ],
    )
    async with running_worker_stack(environment.client, "") as stack:
        for life in (a_won_lead, a_neglected_lead, a_closed_lead, a_long_lead):
            clock = ProgramClock(
                wall=datetime.now(UTC), program=datetime(2026, 3, 2, 14, tzinfo=UTC), speed=3_600
            )
            leads = Leads(environment.client, stack.world.journal, clock=clock)
            one = WorkerStack(
                client=environment.client, leads=leads, world=stack.world, program=stack.program
            )
            lead = await life(one)
            history = await one.handle(lead).fetch_history()
            text = _STACKS.sub('"stackTrace": ""', history.to_json())
            (HISTORIES / f"{life.__name__}.json").write_text(text)
    await environment.shutdown()
    await asyncio.sleep(0.3)


if __name__ == "__main__":
    asyncio.run(record())
