"""A lead as a workflow: an inbox, one timer, one turn at a time.

What should happen is decided in the turn, whose outcome is recorded; nothing of it is
known here. So this file can stay as it is while the rules change, and whatever is changed
in it must replay the histories in tests/replay. Handlers only append to the inbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

with workflow.unsafe.imports_passed_through():
    from activities.turn import TurnActivities
    from models.envelopes import (
        CommandResult,
        Envelope,
        Json,
        LeadRun,
        Reopened,
        TurnOutcome,
        TurnRequest,
        grace,
        program_now,
    )
    from models.inputs import ACTS
    from models.instants import parse_instant, write_instant
    from models.messages import read_act, read_event
    from models.patches import patched
    from workflows.attributes import shown, updates
    from workflows.commands import grouped, perform
    from workflows.details import describe
    from workflows.messages import acted, created, resulted, signalled
    from workflows.seen_events import Seen
    from workflows.timer import Timer

CONTINUE_AT = 300
"""Events of history after which a run ends and the next goes on; replaying them takes 0.25 s."""
CONTINUE_ANYWAY = 3 * CONTINUE_AT
"""Events after which it does so though somebody still waits for something."""
MOST_CARRIED = 15
"""Inputs that go along then at most; more are taken in first. Temporal lets no more than 2 MB go
along, and an event from outside has up to 100 kB."""
MOST_AT_ONCE = 1_000
"""Inputs of one turn, which must end within its time."""

_LOCAL: Any = {
    "start_to_close_timeout": timedelta(seconds=15),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=1),
    ),
    # Longer waits become the server's timers: else each is a task's heartbeats, event upon event.
    "local_retry_threshold": timedelta(seconds=8),
}


@workflow.defn(name="LeadWorkflow")
class LeadWorkflow:
    """One lead, for as long as it is of interest to anybody."""

    @workflow.init
    def __init__(self, run: LeadRun) -> None:
        self._lead = run.lead
        self._digest = run.digest
        self._clock = run.clock
        self._grace = grace(run.clock)
        self._state = run.state
        self._inbox = list(run.inbox)
        self._seen = Seen(run.seen)
        self._flights: dict[int, list[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: dict[int, str | None] = {}
        self._received = 0
        self._numbers = 0
        self._busy = False
        self._timer = Timer(run.clock)
        if run.profile is not None and run.state is None:
            self._inbox.append(created(run.profile, run.arrived, self._now(), self._grace))
        for do in ACTS:
            handler, validator = self._update(do)
            workflow.set_update_handler(do, handler, validator=validator)

    @workflow.run
    async def run(self, run: LeadRun) -> None:
        """Take turns until the lead is closed."""
        for group in run.flights:
            self._fly(group)
        self._timer.arm(run.wake, flying=bool(run.flights))
        self._show()
        while True:
            await workflow.wait_condition(lambda: self._next() is not None)
            step = self._next()
            if step == "finish":
                return
            if step == "continue":
                workflow.continue_as_new(self._rest())
            elif step == "reopen":
                await self._reopen()
            else:
                await self._turn()

    def _next(self) -> str | None:
        if self._state is None and not any(one["kind"] == "created" for one in self._inbox):
            return "reopen"
        length = workflow.info().get_current_history_length()
        quiet = not self._flights and workflow.all_handlers_finished()
        long = length >= CONTINUE_AT or workflow.info().is_continue_as_new_suggested()
        light = len(self._inbox) <= MOST_CARRIED
        if self._state is not None and long and light and (quiet or length >= CONTINUE_ANYWAY):
            return "continue"
        if self._inbox or self._timer.due:
            return "turn"
        closed = self._state is not None and self._state.get("closed", False)
        return "finish" if closed and quiet else None

    # What comes in.

    @workflow.signal(dynamic=True)
    def signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Take any signal: acts by their names, `events`, `create`; else it is malformed."""
        self._received += 1
        decode = workflow.payload_converter().from_payload
        self._inbox += signalled(
            name, args, lambda one: decode(one.payload), self._now(), self._grace
        )

    def _update(
        self, do: str
    ) -> tuple[Callable[..., Coroutine[Any, Any, Json]], Callable[..., None]]:
        """The handler and the validator of one act."""

        async def act(*args: Any) -> Json:
            self._received += 1
            self._numbers += 1
            ref = self._numbers
            self._inbox.append(acted(do, args[0], self._now(), self._grace, ref))
            await workflow.wait_condition(lambda: ref in self._answers)
            refused = self._answers.pop(ref)
            if refused is not None:
                raise ApplicationError(refused, type="Refused", non_retryable=True)
            return {"done": True}

        def validate(*args: Any) -> None:
            if len(args) != 1:
                raise ValueError(f"{do} takes one argument, a JSON object; {len(args)} came")
            body = acted(do, args[0], self._now(), self._grace, 0)["body"]
            read_act(do, body, self._now())

        return act, validate

    @workflow.query
    def standing(self) -> Json:
        """How the lead stands: what was received, whether all of it is done, what is next."""
        state = self._state or {}
        return {
            "received": self._received,
            "settled": not (self._inbox or self._busy or self._flights or self._timer.due)
            and self._state is not None,
            "wake": self._timer.wake,
            "now": write_instant(self._now()),
            "turn": state.get("turn", 0),
            "stage": state.get("stage", "known"),
            "owner": state.get("owner"),
            "closed": state.get("closed", False),
        }

    # One turn.

    async def _turn(self) -> None:
        most = len(self._inbox)
        if most > MOST_AT_ONCE and workflow.patched("turns-of-a-thousand"):
            most = MOST_AT_ONCE
        inputs, self._inbox = self._inbox[:most], self._inbox[most:]
        self._busy = True
        info = workflow.info()
        # A run that was reset has the start of the one it came from, and a shorter history.
        reset = info.run_id != info.original_execution_run_id
        began = workflow.now() if reset else info.workflow_start_time
        request = TurnRequest(
            lead=self._lead,
            digest=self._digest,
            state=self._state,
            wake=self._timer.wake,
            shown=shown(info.typed_search_attributes),
            inputs=[self._marked(one) for one in inputs],
            now=write_instant(self._now()),
            grace=self._grace.total_seconds(),
            fence=(int(began.timestamp() * 1_000_000), info.get_current_history_length()),
        )
        outcome = await workflow.execute_local_activity_method(
            TurnActivities.turn, request, **_LOCAL
        )
        self._busy = False
        self._apply(outcome, idle=not inputs)

    def _apply(self, outcome: TurnOutcome, *, idle: bool) -> None:
        self._state = patched(self._state or {}, outcome.get("patch", {}))
        self._digest = self._state.get("digest", self._digest)
        self._answers.update(outcome.get("answers", []))
        for group in grouped(outcome.get("commands", [])):
            self._fly(group)
        if "attributes" in outcome:
            workflow.upsert_search_attributes(updates(outcome["attributes"]))
        wake = outcome.get("wake", self._timer.wake)
        self._timer.arm(wake, idle=idle, flying=bool(self._flights))
        self._show()

    def _marked(self, envelope: Envelope) -> Envelope:
        """An event whose id was seen before is said to be a duplicate."""
        if envelope["kind"] != "event":
            return envelope
        arrived = parse_instant(envelope["arrived"])
        try:
            event = read_event(envelope["body"], arrived)
        except ValueError:
            return envelope
        return (
            {**envelope, "duplicate": True} if self._seen.remember(event.id, arrived) else envelope
        )

    async def _reopen(self) -> None:
        found: Reopened = await workflow.execute_local_activity_method(
            TurnActivities.reopen, self._lead, **_LOCAL
        )
        self._state, self._digest = found["state"], found["digest"]
        for event in found["seen"]:
            self._seen.remember(event, self._now())
        self._timer.due = True

    # What goes out.

    def _fly(self, group: list[Json]) -> None:
        """Perform commands in the background; their results come back through the inbox."""
        self._numbers += 1
        self._flights[self._numbers] = group
        task = asyncio.create_task(self._performed(self._numbers, group))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _performed(self, flight: int, group: list[Json]) -> None:
        program = (self._state or {}).get("program", "")
        results: list[CommandResult] | None = None
        while results is None:
            try:
                results = await perform(self._lead, program, group)
            except ActivityError as error:
                if error.retry_state is not RetryState.TIMEOUT:
                    raise
                self._timer.landed()
        for command, done in zip(group, results, strict=False):
            if done:
                self._inbox.append(resulted(command, done, self._now(), self._grace))
        del self._flights[flight]
        if not any(results):
            self._timer.landed()

    def _now(self) -> datetime:
        return program_now(self._clock, workflow.now())

    # What is shown, and what goes along into the next run.

    def _show(self) -> None:
        if self._state is not None:
            workflow.set_current_details(describe(self._state, self._timer.wake))

    def _rest(self) -> LeadRun:
        """Everything the next run needs. Those who wait for answers ask it again."""
        return LeadRun(
            lead=self._lead,
            digest=self._digest,
            clock=self._clock,
            state=self._state,
            wake=self._timer.wake,
            inbox=[{**one, "ref": 0} for one in self._inbox],
            flights=list(self._flights.values()),
            seen=self._seen.dump(),
        )
