"""The task queues: which worker serves which, with what, and how many tasks at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta

from standardwebhooks import Webhook
from temporalio.client import Client
from temporalio.worker import Worker

from activities.digest import DigestActivities
from activities.mail import MailActivities
from activities.nightly import NightlyActivities
from activities.ports import World
from activities.reconciliation import ReconcileActivities
from activities.sales import SalesActivities
from activities.turn import TurnActivities
from adapters.crm.delivery import CrmDispatcher, Receiver
from adapters.crm.outbox import SqlCrmOutbox
from adapters.sql.database import Database, open_database
from adapters.temporal.signal_times import TemporalSignalTimes
from assembly.launching import launching
from assembly.merging import merging
from assembly.nightly import nightly
from assembly.reconciling import comparing
from assembly.rolling_out import pausing_programs, reengaging, rolling_out
from assembly.sandbox import sandbox
from assembly.settings import Settings
from lifecycle.decide import decide, new_lead
from models.envelopes import ProgramClock
from workflows.commands import LEADS, MAIL, SALES
from workflows.digest import DigestWorkflow
from workflows.launch import LaunchWorkflow
from workflows.lead import LeadWorkflow
from workflows.merge import MergeWorkflow
from workflows.nightly import NightlyWorkflow
from workflows.program import ProgramWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.reengage import ReengageWorkflow
from workflows.rollout import RolloutWorkflow

_GRACE = timedelta(seconds=10)
"""How long a worker that stops waits for its activities to end."""
_REPLAY_SECONDS = 16.0
"""A workflow task takes 30 seconds at most, and its turn 8 (workflows/lead.py)."""
MAIL_THREADS = 2
"""For templates and SQL of mails: more of them only wait for Python's one lock."""


def turn_activities(world: World, signals: TemporalSignalTimes | None = None) -> TurnActivities:
    """The turn with the real rules."""
    return TurnActivities(
        world.programs,
        world.people,
        world.journal,
        decide=decide,
        new_lead=new_lead,
        meter=world.meter,
        arrivals=world.arrivals,
        signals=signals,
        rollouts=world.rollouts,
    )


@asynccontextmanager
async def working(
    client: Client,
    settings: Settings,
    world: World,
    turns: TurnActivities | None = None,
    clock: ProgramClock | None = None,
) -> AsyncIterator[None]:
    """Serve the three task queues while the block runs; leaving it shuts down gracefully.

    `clock` is that of a demonstration, whose leads launches start. Its minutes are shorter.

    Turns have threads of their own, so that slow mail never delays one. If there is a CRM, its
    events are sent as well.
    """
    every = timedelta(seconds=settings.alert_seconds)
    sales = SalesActivities(world, clock.wait(every) if clock is not None else every)
    digest = DigestActivities(world)
    turns = turns or turn_activities(world, TemporalSignalTimes(client))
    prefix = settings.queue_prefix
    async with AsyncExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(settings.turns_at_once, "turn"))
        writers = stack.enter_context(ThreadPoolExecutor(MAIL_THREADS, "mail"))
        mail = MailActivities(world, writers)
        reconcile = ReconcileActivities(
            stack.enter_context(comparing(client, settings)), world.meter
        )
        rollouts = stack.enter_context(rolling_out(client, settings))
        pauses = stack.enter_context(pausing_programs(client, settings))
        launches = stack.enter_context(launching(client, settings, clock))
        merges = stack.enter_context(merging(client, settings))
        nights = NightlyActivities(stack.enter_context(nightly(settings)))
        reengagement = stack.enter_context(reengaging(client, settings))
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=prefix + MAIL,
                activities=[mail.send_mail],
                max_concurrent_activities=settings.mails_at_once,
                max_task_queue_activities_per_second=settings.mail_per_second,
                graceful_shutdown_timeout=_GRACE,
            )
        )
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=prefix + SALES,
                activities=[
                    sales.alert,
                    digest.send_digest,
                    reconcile.reconcile,
                    nights.keep_reports_quick,
                    rollouts.roll_out,
                    pauses.set_program_paused,
                    launches.carry_out_launch,
                    merges.merge_other,
                    merges.merge_keep,
                    reengagement.reengage,
                ],
                max_concurrent_activities=settings.sales_at_once,
                graceful_shutdown_timeout=_GRACE,
            )
        )
        leads = _patient(
            Worker(
                client,
                task_queue=prefix + LEADS,
                workflows=[
                    LeadWorkflow,
                    DigestWorkflow,
                    LaunchWorkflow,
                    MergeWorkflow,
                    NightlyWorkflow,
                    ProgramWorkflow,
                    ReconcileWorkflow,
                    ReengageWorkflow,
                    RolloutWorkflow,
                ],
                activities=[turns.turn, turns.reopen],
                activity_executor=threads,
                workflow_runner=sandbox(),
                max_cached_workflows=settings.leads_in_memory,
                max_concurrent_local_activities=settings.turns_at_once,
                # More would be in hand at once than can be replayed before their tasks' time is
                # over (workflows/lead.py); they wait in the server's queue instead.
                max_concurrent_workflow_tasks=2 * settings.turns_at_once,
                graceful_shutdown_timeout=_GRACE,
            )
        )
        await stack.enter_async_context(leads)
        if settings.crm_url:
            await stack.enter_async_context(_sending_to_crm(settings))
        yield


def _patient(worker: Worker) -> Worker:
    """Let the worker's workflows take as long for a task as its time leaves for a replay.

    The SDK fails a task whose workflow did not yield within two seconds of the clock. Ours wait for
    nothing, but on a busy machine a lead with thousands of signals takes longer, and so do many
    leads that are replayed at once after a restart. Each such task would fail again, with pauses
    that grow to minutes. The SDK has no setting for it but its debug mode.
    """
    worker._workflow_worker._deadlock_timeout_seconds = _REPLAY_SECONDS  # type: ignore[union-attr]  # noqa: SLF001 - see above; test_slow_turns.py sees that it counts
    return worker


def rehearsing(client: Client, world: World) -> AbstractAsyncContextManager[None]:
    """Serve the task queues for a rehearsal, with default settings.

    Its inputs say when they arrive, on a clock that jumps. So Temporal's record is not used, and no
    alert waits for another.
    """
    return working(client, Settings(alert_seconds=0), world, turn_activities(world))


@asynccontextmanager
async def _sending_to_crm(settings: Settings) -> AsyncIterator[None]:
    """Send the CRM its events while the block runs; what is being sent is finished at its end."""
    database = open_database(settings.database)
    try:
        dispatcher = _dispatcher(settings, database)
        running = asyncio.create_task(dispatcher.run())
        try:
            yield
        finally:
            dispatcher.stop()
            await running
    finally:
        database.close()


def _dispatcher(settings: Settings, database: Database) -> CrmDispatcher:
    receiver = Receiver(
        url=settings.crm_url,
        secrets=[Webhook(one.get_secret_value()) for one in settings.crm_secrets],
        source=settings.public_url or "urn:leadflow",
    )
    return CrmDispatcher(SqlCrmOutbox(database), receiver)
