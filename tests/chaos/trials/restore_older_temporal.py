"""Temporal's store is restored from a backup older than the database: are acts still written down?

Why: a restore is the day one needs it. What is answered "done" must be on the timeline, and a
lead's row must say what its workflow says; if the two stores don't fit, something must say so
instead.
Limit: 150 seconds; takes about 50.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import Callable

from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

LEADS = ("worked", "quiet")


def copy(stack: ChaosStack) -> None:
    """A backup of Temporal's store, whose server is down."""
    with sqlite3.connect(stack.home / "temporal.db") as store:
        store.execute("vacuum into ?", (str(stack.home / "backup.db"),))
    store.close()


def restore(stack: ChaosStack) -> None:
    for suffix in ("", "-wal", "-shm"):
        (stack.home / f"temporal.db{suffix}").unlink(missing_ok=True)
    shutil.copy(stack.home / "backup.db", stack.home / "temporal.db")


async def again(stack: ChaosStack, between: Callable[[ChaosStack], None]) -> None:
    """Stop Temporal and the worker, do something, start them again."""
    for name in ("worker", "temporal"):
        stack.kill(name, signal.SIGTERM)
    between(stack)
    stack.temporal()
    await stack.until(stack.temporal_is_up, "Temporal is up")
    stack.worker()
    await stack.somebody_answers(LEADS)


async def check(stack: ChaosStack) -> str:
    await stack.start("minutes.yaml", gateway=False)
    await stack.enrol(*LEADS)
    sent = "select count(*) from entries where kind = 'email_sent'"
    await stack.until(lambda: stack.count(sent) == len(LEADS), "each lead got its mail")
    await again(stack, copy)
    await stack.raise_hand("worked")
    await stack.until(lambda: stack.timeline("worked", "assigned"), "the lead has an owner")
    owner = stack.rows("select owner from leads where id = 'worked'")[0][0]
    await stack.leads.act("worked", "accept", {"by": owner})
    await asyncio.sleep(2)
    await again(stack, restore)
    await asyncio.sleep(8)
    answered = [lead for lead in LEADS if await stack.note(lead, "after the restore")]
    await asyncio.sleep(3)
    unwritten = [lead for lead in answered if not stack.timeline(lead, "noted")]
    differ = []
    for lead in LEADS:
        says = await stack.leads.standing(lead)
        row = stack.rows("select turn, stage, owner from leads where id = :lead", lead=lead)[0]
        if row != (says["turn"], says["stage"], says["owner"]):
            differ.append(f"{lead}: workflow {says['stage']}, row {row[1]}")
    if unwritten or differ:
        raise FaultError(f"answered done and on no timeline: {unwritten}; {'; '.join(differ)}")
    return f"{len(answered)} acts answered and written, rows and workflows agree"


if __name__ == "__main__":
    run_trial(check, limit=150)
