"""A bare workflow with as many signals, updates, timers and activities as the reference life.

Local activities too: one for each turn. But it has no rules, no journal and no mail, and its
activities only wake whoever waits. What it costs is Temporal's own cost, on this machine, at
this minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from assembly.sandbox import sandbox
    from bench.life import ACTS, EVENTS, MAILS, Post

QUEUE = "bare"
_SOON = timedelta(minutes=2)
_FAR = timedelta(hours=1)


@workflow.defn
class BareWorkflow:
    """Five mails with timers between, six signals, two alerts about one timer, five updates."""

    @workflow.init
    def __init__(self, name: str, wait: float) -> None:
        self._name = name
        self._wait = timedelta(seconds=wait)
        self._signals = 0
        self._acts = 0
        self._wanted = 1
        self._taken = 0

    @workflow.run
    async def run(self, name: str, wait: float) -> None:  # noqa: ARG002  # as __init__ takes them
        """Live."""
        turns = asyncio.create_task(self._turns())
        for number in range(MAILS):
            if number:
                await self._pause()
            await self._tell()
            self._wanted += 1
        await self._until(self._events)
        await self._tell()
        await self._pause()
        await self._tell()
        await self._until(self._accepted)
        await workflow.wait_condition(
            lambda: self._acts == len(ACTS) and workflow.all_handlers_finished()
        )
        turns.cancel()

    async def _turns(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._taken < self._wanted)
            await workflow.execute_local_activity("nothing", start_to_close_timeout=_SOON)
            self._taken += 1

    async def _pause(self) -> None:
        await workflow.sleep(self._wait)
        self._wanted += 1

    async def _tell(self) -> None:
        await workflow.execute_activity("wake", self._name, start_to_close_timeout=_SOON)

    async def _until(self, condition: Any) -> None:
        """Wait with a timer that is cancelled, as one for idleness or a deadline is."""
        await workflow.wait_condition(condition, timeout=_FAR)

    def _events(self) -> bool:
        return self._signals == EVENTS

    def _accepted(self) -> bool:
        return self._acts > 0

    @workflow.signal
    def events(self, *_: Any) -> None:
        """An event."""
        self._signals += 1
        self._wanted += 1

    @workflow.update
    async def act(self, _: dict[str, Any]) -> None:
        """An act; it returns when a turn was taken."""
        self._acts += 1
        self._wanted += 1
        mine = self._wanted
        await workflow.wait_condition(lambda: self._taken >= mine)


@asynccontextmanager
async def working(client: Client, post: Post) -> AsyncIterator[None]:
    """A worker for bare workflows while the block runs."""

    @activity.defn(name="wake")
    async def wake(name: str) -> None:
        post.note(name)

    @activity.defn(name="nothing")
    async def nothing() -> None:
        """What a turn costs without its rules and rows."""

    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[BareWorkflow],
        activities=[wake, nothing],
        workflow_runner=sandbox(),
    ):
        yield


async def live(client: Client, post: Post, name: str, wait: float) -> None:
    """Run one bare life to its end, with the same messages as a lead of the reference life."""
    handle = await client.start_workflow(
        BareWorkflow.run, args=[name, wait], id=f"bare/{name}", task_queue=QUEUE
    )
    for number in range(EVENTS):
        if number < MAILS:
            await post.arrival(name)
        viewed = {"id": f"view-{number}", "type": "page.viewed", "subject": f"/pages/{number}"}
        await handle.signal("events", [viewed])
    await post.arrival(name)
    await post.arrival(name)
    for do, fields in ACTS:
        await handle.execute_update("act", {"do": do, **fields})
    await asyncio.wait_for(handle.result(), 60)
