"""A launch's workflow goes on until the launch is over, in runs of bounded length."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.launch import LaunchActivities
from adapters.temporal.launches import LaunchRuns
from assembly.sandbox import sandbox
from models.envelopes import LaunchProgress
from models.launch import Launch
from tests.waiting import LIMIT
from workflows.commands import LEADS, SALES
from workflows.launch import CALLS_A_RUN, LaunchWorkflow

PREFIX = "launching-"


class CountedSteps:
    """Steps of a launch that is paused after some, and over after all; the second one fails."""

    def __init__(self, *, paused_after: int, over_after: int) -> None:
        self.paused_after, self.over_after, self.done, self.failed = paused_after, over_after, 0, 0

    async def step(self, number: int) -> LaunchProgress:
        if self.done == 1 and not self.failed:
            self.failed += 1
            raise OSError("the database is away")
        self.done += 1
        over = self.done in (self.paused_after, self.over_after)
        return LaunchProgress(said=f"launch {number}, {self.done} rows", over=over, pause=0.001)


async def test_it_is_retried_paused_resumed_and_continued_as_new(
    dev_server: WorkflowEnvironment,
) -> None:
    client = dev_server.client
    steps = CountedSteps(paused_after=2, over_after=CALLS_A_RUN + 4)
    launch = Launch(
        number=7,
        program="acme",
        digest="",
        file="list.csv",
        file_digest="",
        on_conflict="keep",
        options={},
        read_as={},
        form={},
        at=datetime.now(UTC),
        standing="running",
    )
    runs = LaunchRuns(client, prefix=PREFIX)
    async with (
        Worker(
            client,
            task_queue=PREFIX + SALES,
            activities=[LaunchActivities(steps).carry_out_launch],
        ),
        Worker(
            client,
            task_queue=PREFIX + LEADS,
            workflows=[LaunchWorkflow],
            workflow_runner=sandbox(),
        ),
    ):
        await runs.start([launch])
        handle = client.get_workflow_handle(f"{PREFIX}launch/7")
        paused = await handle.result(rpc_timeout=timedelta(seconds=LIMIT))
        assert (paused["over"], steps.done, steps.failed) == (True, 2, 1)
        await runs.start([launch, launch])
        resumed = await client.get_workflow_handle(f"{PREFIX}launch/7").describe()
        ended = await client.get_workflow_handle(f"{PREFIX}launch/7").result()
        assert ended["said"] == f"launch 7, {CALLS_A_RUN + 4} rows"
        first = await client.get_workflow_handle(
            f"{PREFIX}launch/7", run_id=resumed.run_id
        ).describe()
        assert first.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
        assert first.history_length <= 300
