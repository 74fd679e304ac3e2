"""The composition root: builds the adapters and runs the worker. `python worker.py`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta

import structlog
from pydantic import ValidationError
from standardwebhooks import Webhook
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.digest import DigestActivities
from activities.mail import MailActivities
from activities.ports import World
from activities.sales import SalesActivities
from activities.turn import TurnActivities
from adapters import logs
from adapters.chat_webhooks import ChatWebhooks
from adapters.crm_delivery import CrmDispatcher, Receiver
from adapters.crm_outbox import SqlCrmOutbox
from adapters.database import Database, DatabaseNotReadyError, check, open_database
from adapters.digest_mail import SqlDigests
from adapters.journal import SqlJournal
from adapters.link_secret import link_secret
from adapters.mail_render import MailRenderer
from adapters.mail_server import mailer_to
from adapters.outbox import SqlOutbox
from adapters.people import SqlPeople
from adapters.programs import SqlPrograms
from adapters.rates import SqlRates
from adapters.reports import SqlReports
from adapters.signed_links import SignedLinks
from adapters.temporal import TemporalUnavailableError, connect, missing_attributes
from lifecycle.decide import decide, new_lead
from settings import Settings, UnusableSettingError
from workflows.commands import LEADS, MAIL, SALES
from workflows.digest import DigestWorkflow
from workflows.lead import LeadWorkflow

_GRACEFUL = timedelta(seconds=10)
"""How long a worker that is stopped lets its activities end."""
MAIL_THREADS = 2
"""For templates and SQL of mails: more of them only wait for Python's one lock."""
_Policy = workflow.SandboxImportNotificationPolicy

_log = structlog.get_logger(__name__)


def sandbox() -> WorkflowRunner:
    """The workflow sandbox; what a workflow imports is passed through, and named in its file."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_import_notification_policy(
            _Policy.WARN_ON_DYNAMIC_IMPORT | _Policy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )


@contextmanager
def open_world(settings: Settings) -> Iterator[World]:
    """The real adapters, over one database that is up to date.

    Raises UnusableSettingError for a DKIM key that can't sign.
    """
    secret = settings.secret
    links = SignedLinks(
        public_url=settings.public_url,
        mail_domain=settings.mail_domain,
        secret=link_secret(settings.home, secret.get_secret_value() if secret else None),
    )
    try:
        mailer, alerts = mailer_to(settings), mailer_to(settings)
    except ValueError as error:
        raise UnusableSettingError(str(error)) from error
    database = open_database(settings.database)
    try:
        yield World(
            programs=SqlPrograms(database),
            people=SqlPeople(database),
            journal=SqlJournal(database, crm=bool(settings.crm_url)),
            timelines=SqlReports(database),
            outbox=SqlOutbox(database),
            renderer=MailRenderer(links),
            mailer=mailer,
            alerts=alerts,
            chat=ChatWebhooks(settings.alert_webhooks),
            rates=SqlRates(database),
            digests=SqlDigests(database, settings.public_url),
        )
    finally:
        database.close()


def turn_activities(world: World) -> TurnActivities:
    """The turn with the real rules."""
    return TurnActivities(
        world.programs, world.people, world.journal, decide=decide, new_lead=new_lead
    )


@asynccontextmanager
async def working(
    client: Client, settings: Settings, world: World, turns: TurnActivities | None = None
) -> AsyncIterator[None]:
    """Serve the three task queues while the block runs; leaving it shuts down gracefully.

    Turns have threads of their own, so that slow mail never holds one up. If there is a CRM, it
    is told what happens.
    """
    sales, digest = SalesActivities(world), DigestActivities(world)
    turns = turns or turn_activities(world)
    prefix = settings.queue_prefix
    async with AsyncExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(settings.turns_at_once, "turn"))
        writers = stack.enter_context(ThreadPoolExecutor(MAIL_THREADS, "mail"))
        mail = MailActivities(world, writers)
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=prefix + MAIL,
                activities=[mail.send_mail],
                max_concurrent_activities=settings.mails_at_once,
                max_task_queue_activities_per_second=settings.mail_per_second,
                graceful_shutdown_timeout=_GRACEFUL,
            )
        )
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=prefix + SALES,
                activities=[sales.alert, digest.send_digest],
                max_concurrent_activities=settings.sales_at_once,
                graceful_shutdown_timeout=_GRACEFUL,
            )
        )
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=prefix + LEADS,
                workflows=[LeadWorkflow, DigestWorkflow],
                activities=[turns.turn, turns.reopen],
                activity_executor=threads,
                workflow_runner=sandbox(),
                max_cached_workflows=settings.leads_in_memory,
                max_concurrent_local_activities=settings.turns_at_once,
                graceful_shutdown_timeout=_GRACEFUL,
            )
        )
        if settings.crm_url:
            await stack.enter_async_context(_telling_crm(settings))
        yield


@asynccontextmanager
async def _telling_crm(settings: Settings) -> AsyncIterator[None]:
    """Send the CRM its events while the block runs; tries under way end before it is left."""
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


async def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises what main() explains."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    check(settings.database)
    with open_world(settings) as world:
        client = await connect(settings)
        missing = await missing_attributes(client)
        if missing:
            raise TemporalUnavailableError(
                f"the namespace {client.namespace} lacks the search attributes"
                f" {', '.join(missing)}; register them: temporal operator search-attribute create"
                " --name LeadStage --type Keyword (LeadScore is a Double, LeadDue a Datetime, the"
                " others Keyword)"
            )
        async with working(client, settings, world):
            _log.info(
                "worker ready",
                address=client.service_client.config.target_host,
                namespace=client.namespace,
                queues=[settings.queue_prefix + name for name in (LEADS, MAIL, SALES)],
            )
            await stop.wait()
            _log.info("worker stops")


def main() -> int:
    """Run the worker; its exit status is 3 if the world fails it."""
    try:
        settings = Settings()
        logs.configure(settings.log_format, settings.log_level)
        asyncio.run(serve(settings))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            _log.error("settings are wrong", at=".".join(map(str, one["loc"])), why=one["msg"])
        return 2
    except UnusableSettingError as error:
        _log.error("settings are wrong", why=str(error))
        return 2
    except (TemporalUnavailableError, DatabaseNotReadyError) as error:
        _log.error("worker can't start", why=str(error))
        return 3
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # Temporal's client has threads that may abort Python's own, slower ending
