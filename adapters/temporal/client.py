"""The client's side of Temporal: enrol leads, send them events, act on them.

The file is long because one class has every way to a lead, and the errors that each may raise.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.ports import Journal, StoredLead
from activities.tracing import trace_context, traced
from models.envelopes import Json, LeadRun, MergeResult, MergeWork, ProgramClock
from models.program.program import Program
from models.refusal import RefusedError
from workflows.attributes import KEYS
from workflows.commands import LEADS
from workflows.details import name_of
from workflows.lead import TASK_TIMEOUT, LeadWorkflow
from workflows.merge import MergeWorkflow

ANSWER_SECONDS = 60.0
"""How long an act waits for a worker to answer it."""
_TRIES = 10
_LOOK_SECONDS = 0.05
_AGAIN = {
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.ABORTED,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.RESOURCE_EXHAUSTED,
}


class TemporalUnavailableError(Exception):
    """No Temporal server, or no worker, answers."""


class LeadNotFoundError(LookupError):
    """There is no lead of this id."""


def workflow_id(lead: str) -> str:
    """The id of a lead's workflow."""
    return f"lead/{lead}"


class Leads:
    """Leads for clients. `clock` is the clock of leads that are started here."""

    def __init__(
        self,
        client: Client,
        journal: Journal,
        *,
        prefix: str = "",
        clock: ProgramClock | None = None,
    ) -> None:
        self._client = client
        self._journal = journal
        self._queue = prefix + LEADS
        self._clock = clock

    async def enrol(
        self, lead: str, program: Program, profile: Json, *, arrived: str | None = None
    ) -> bool:
        """Create a lead on a published program; False if it is already there."""
        if await self._stored(lead) is not None:
            return False
        run = LeadRun(
            lead=lead,
            digest=program.digest,
            profile=profile,
            arrived=arrived,
            clock=self._clock,
            trace=trace_context(),
        )
        shown = TypedSearchAttributes(
            [
                SearchAttributePair(KEYS["stage"], "known"),
                SearchAttributePair(KEYS["program"], program.program),
            ]
        )
        try:
            await self._client.start_workflow(
                LeadWorkflow.run,
                run,
                id=workflow_id(lead),
                task_queue=self._queue,
                # A run that was terminated before its first turn left no row, so the lead is begun
                # again.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                task_timeout=TASK_TIMEOUT,
                static_summary=name_of(profile, lead),
                search_attributes=shown,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        """Send events to a lead, open or closed. Raises LeadNotFoundError."""
        await self._signal(lead, "events", list(events))

    async def leave(self, lead: str, do: str, fields: Json) -> None:
        """Leave an act as a signal, for a lead that no worker serves now. It is done once.

        Raises LeadNotFoundError and RPCError.
        """
        await self._signal(lead, do, fields)

    async def program(self, lead: str, body: Json) -> None:
        """Send a lead in flight what its program does to it: a publication, a pause, its end.

        A closed lead is left alone. A lead whose workflow was terminated begins again from its
        row. Raises LeadNotFoundError.
        """
        stored = await self._stored(lead)
        if stored is None or not stored.state.closed:
            await self._signal(lead, "program", body)

    async def merge(self, work: MergeWork) -> MergeResult:
        """Merge two leads by a workflow of their own, or join the one that is under way.

        Raises temporalio.service.RPCError. A caller that is cancelled leaves it running.
        """
        prefix = self._queue.removesuffix(LEADS)
        handle = await self._client.start_workflow(
            MergeWorkflow.run,
            work,
            id=f"{prefix}merge/{work['keep']}/{work['other']}",
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"merge {work['other']} into {work['keep']}",
        )
        return await handle.result()

    async def merge_side(self, lead: str, body: Json) -> None:
        """Give a lead its side of a merge; a closed one begins again from its row for it.

        Raises LeadNotFoundError.
        """
        await self._signal(lead, "merge", body)

    async def _signal(self, lead: str, name: str, body: Json | list[Json]) -> None:
        try:
            await self._handle(lead).signal(name, body)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            run, profile = await self._ended(lead)
            await self._client.start_workflow(
                LeadWorkflow.run,
                run,
                id=workflow_id(lead),
                task_queue=self._queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=name,
                start_signal_args=[body],
                task_timeout=TASK_TIMEOUT,
                static_summary=name_of(profile, lead),
            )

    async def act(self, lead: str, do: str, fields: Json) -> None:
        """Act on a lead, open or closed; done when this returns.

        Raises RefusedError with the rule's sentence and word, ValueError for what is malformed,
        LeadNotFoundError, and TemporalUnavailableError when no worker answers. Every act has
        an id, so that asking it again after a broken answer has no second effect.
        """
        message = traced({"id": uuid.uuid4().hex, **fields})
        again = f" The act may still be done; ask again with the id {message['id']}"
        task = asyncio.current_task()
        cancelled_before = task.cancelling() if task is not None else 0
        deadline = asyncio.timeout(ANSWER_SECONDS)
        try:
            async with deadline:
                await self._asked(lead, do, message)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            # Temporal's client raises one error for a time-out and for a caller that is cancelled.
            if task is not None and task.cancelling() > cancelled_before:
                raise asyncio.CancelledError from error
            if not deadline.expired():
                raise TemporalUnavailableError(f"Temporal broke off the request.{again}") from None
            raise TemporalUnavailableError(
                f"no worker answered within {ANSWER_SECONDS:.0f} seconds; is one running?{again}"
            ) from None

    async def _asked(self, lead: str, do: str, message: Json) -> None:
        for attempt in range(_TRIES):
            try:
                await self._updated(lead, do, message)
            except WorkflowUpdateFailedError as error:
                cause = error.cause
                kind = cause.type if isinstance(cause, ApplicationError) else None
                said = getattr(cause, "message", None) or str(cause)
                if kind == "Refused":
                    if (into := await self._merged_into(lead)) is not None:
                        lead = into
                        continue
                    why = next(iter(getattr(cause, "details", ())), None)
                    raise RefusedError(said, why=why) from None
                if kind != "AcceptedUpdateCompletedWorkflow":
                    raise ValueError(said) from None
            except RPCError as error:
                if error.status not in _AGAIN or attempt == _TRIES - 1:
                    raise
            else:
                return
            await asyncio.sleep(0.05 * 2**attempt)
        raise TemporalUnavailableError(f"the lead {lead} did not answer in {_TRIES} tries")

    async def _merged_into(self, lead: str) -> str | None:
        """The lead that this one was merged into after it was looked up; else None."""
        state = await asyncio.to_thread(self._journal.state, lead)
        return state.merged.into if state is not None and state.merged is not None else None

    async def _updated(self, lead: str, do: str, message: Json) -> None:
        try:
            await self._handle(lead).execute_update(do, message)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            run, profile = await self._ended(lead)
            start = WithStartWorkflowOperation(
                LeadWorkflow.run,
                run,
                id=workflow_id(lead),
                task_queue=self._queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=TASK_TIMEOUT,
                static_summary=name_of(profile, lead),
            )
            await self._client.execute_update_with_start_workflow(
                do, message, start_workflow_operation=start
            )

    async def describe(self, lead: str) -> WorkflowExecutionDescription:
        """What Temporal knows of a lead's latest run. Raises LeadNotFoundError."""
        with _found(lead):
            return await self._handle(lead).describe()

    async def standing(self, lead: str, *, patience: float = ANSWER_SECONDS) -> Json:
        """How the lead's workflow stands (`LeadWorkflow.standing`). Raises LeadNotFoundError.

        A query that comes with a workflow task may end the task while a turn of it runs, and if
        something else comes to the lead at that moment, its history can't be replayed
        (tests/server/bricked/l007.json). So the query waits until no task is pending. Raises
        TemporalUnavailableError if one is after `patience` seconds: a worker that comes now would
        take task and query together.
        """
        until = time.monotonic() + patience
        with _found(lead):
            while (await self._handle(lead).describe()).raw_description.HasField(
                "pending_workflow_task"
            ):
                if time.monotonic() > until:
                    raise TemporalUnavailableError(
                        f"the lead {lead} has a task that no worker has ended for {patience:.0f}"
                        " seconds; see that a worker runs, and ask again"
                    )
                await asyncio.sleep(_LOOK_SECONDS)
            return await self._handle(lead).query(LeadWorkflow.standing)

    def _handle(self, lead: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id(lead))

    async def _stored(self, lead: str) -> StoredLead | None:
        return await asyncio.to_thread(self._journal.stored, lead)

    async def _ended(self, lead: str) -> tuple[LeadRun, Mapping[str, Any]]:
        """What a lead without a running workflow begins again with, and its profile.

        That is its row; or, if its workflow was ended before its first turn, that workflow's
        argument. Raises LeadNotFoundError.
        """
        stored = await self._stored(lead)
        if stored is not None:
            clock = _clock_of(stored) or self._clock
            run = LeadRun(lead=lead, digest=stored.state.digest, clock=clock)
            return run, stored.state.profile
        with _found(lead):
            async for event in self._handle(lead).fetch_history_events(page_size=1):
                given = event.workflow_execution_started_event_attributes.input.payloads
                try:
                    (began,) = await self._client.data_converter.decode(given, [LeadRun])
                except (ValueError, RuntimeError):
                    break  # somebody began it with something else: no lead came of it
                if began.profile is not None:
                    return began, began.profile
                break
        raise _unknown(lead)


def _clock_of(stored: StoredLead) -> ProgramClock | None:
    """The clock on which a lead of a demonstration lives; None in production."""
    written = stored.fence.clock if stored.fence is not None else None
    return ProgramClock.model_validate(written) if written is not None else None


@contextmanager
def _found(lead: str) -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise _unknown(lead) from None
        raise


def _unknown(lead: str) -> LeadNotFoundError:
    return LeadNotFoundError(f"there is no lead '{lead}'; `leadflow leads` lists those there are")
