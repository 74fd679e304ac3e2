"""A lead as a workflow: an inbox, one timer, one turn at a time.

The turn decides what should happen, and its outcome is recorded. This file knows no rules, so it
can stay as it is while the rules change. Whatever is changed in it must replay the histories in
tests/replay. Handlers only append to the inbox.

The file is long because a workflow is one class: Temporal finds its handlers there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    RetryState,
    is_cancelled_exception,
)
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    import structlog

    from activities.arrivals import ON_ITS_WAY
    from activities.late_rollouts import at_its_instant
    from activities.turn import CONTINUE_ANYWAY, CONTINUE_AT, TurnActivities
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
    from models.instants import parse_instant, write_instant
    from models.messages import is_read, read_event, written_event
    from models.patches import patched
    from workflows.acts import LeadActs
    from workflows.attributes import shown, updates
    from workflows.commands import grouped, perform, unanswered
    from workflows.details import describe
    from workflows.messages import created, resulted, resumed, signalled
    from workflows.present_timer import PresentTimer
    from workflows.seen_events import Seen
    from workflows.timer import Timer

MOST_CARRIED = 15
"""The most inputs that are carried into the next run; more are taken in first. Temporal carries at
most 2 MB, and an event from outside has up to 100 kB."""
MOST_AT_ONCE = 1_000
"""Inputs of one turn, which must end within its time."""

_log = structlog.get_logger(__name__)

TASK_TIMEOUT = timedelta(seconds=30)
"""Of a workflow task, whoever starts a lead says it. When 24 s of it have passed and a turn still
runs, the server is asked for another task, and a replay of that can go wrong (l004 in TEMPORAL.md:
an act that comes with the new task). So every turn must have ended by then."""
_ONE_TURN = timedelta(seconds=8)
"""So long a turn may take, with its tries and its wait for a thread: one a task, and 16 s are left
for the replay before it. Then it is tried again in a new task, after a timer of the server's."""
_LOCAL: Any = {
    "start_to_close_timeout": _ONE_TURN,
    "schedule_to_close_timeout": _ONE_TURN,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200), backoff_coefficient=2, maximum_attempts=3
    ),
}
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_MOST_FAILURES = 50
"""Turns that may fail in a run, each with its 7 events of history, before the next run goes on."""
_FEW = 20
"""Inputs of a turn that takes too long are halved while there are more than these."""
_NEW_TASK = timedelta(milliseconds=1)


@workflow.defn(name="LeadWorkflow")
class LeadWorkflow(LeadActs):
    """One lead, from its creation until it is closed."""

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
        self._refusals: dict[int, str] = {}
        self._received = 0
        self._numbers = 0
        self._busy = False
        self._timer: Timer | PresentTimer = PresentTimer(run.clock)
        self._recorded = False
        self._long = 0
        self._failures = 0
        self._most = MOST_AT_ONCE
        if run.profile is not None and run.state is None:
            self._inbox.append(created(run, self._now(), self._grace))

    @workflow.run
    async def run(self, run: LeadRun) -> None:
        """Take turns until the lead is closed."""
        # Runs that were begun before decide by the present and by the history's length until they
        # end.
        leaves = workflow.patched("timers-left-to-fire")
        self._recorded = leaves or workflow.patched("recorded-instants")
        if self._recorded:
            self._timer = Timer(run.clock, leaves=leaves)
        for group in run.flights:
            self._fly(group)
        self._timer.arm(run.wake, self._since(), flying=bool(run.flights))
        self._show()
        while True:
            await workflow.wait_condition(lambda: self._next() is not None)
            step = self._next()
            if step == "finish":
                return
            if step == "continue":
                workflow.continue_as_new(self._rest(), task_timeout=TASK_TIMEOUT)
            elif step == "reopen":
                await self._reopen()
            else:
                await self._turn()

    def _next(self) -> str | None:
        """What is to be done now. It depends only on recorded values, never on the present."""
        created = self._state is not None or any(one["kind"] == "created" for one in self._inbox)
        if not created and not self._recorded:
            return "reopen"
        quiet = not self._flights and workflow.all_handlers_finished()
        light = len(self._inbox) <= MOST_CARRIED
        long = self._long if self._recorded else self._long_now()
        if light and (long > 1 or (long and quiet)):
            return "continue"
        if self._inbox or self._timer.due or not created:
            return "turn"
        closed = self._state is not None and self._state.get("closed", False)
        return "finish" if closed and quiet else None

    def _long_now(self) -> int:
        """How runs that were begun before decide; since then the turn's outcome says it."""
        info = workflow.info()
        length = info.get_current_history_length()
        if self._state is None:
            return 0
        if length >= CONTINUE_ANYWAY:
            return 2
        return int(length >= CONTINUE_AT or info.is_continue_as_new_suggested())

    # What comes in.

    @workflow.signal(dynamic=True)
    def signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Take any signal: acts by their names, `events`, `create`; else it is malformed."""
        self._received += 1
        decode = workflow.payload_converter().from_payload
        payloads = [one.payload for one in args]
        came = signalled(name, payloads, decode, self._now(), self._grace)
        if self._state is not None:  # before its creation a lead takes nothing in
            came = [at_its_instant(one, self._clock, self._grace) for one in came]
        self._inbox += came

    @workflow.query
    def standing(self) -> Json:
        """The lead's stage, owner and turn; whether all that was received is done; what is next."""
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
        if most > self._most and (self._recorded or workflow.patched("turns-of-a-thousand")):
            most = self._most
        inputs, self._inbox = [self._marked(one) for one in self._inbox[:most]], self._inbox[most:]
        self._busy = True
        try:
            outcome = await workflow.execute_local_activity_method(
                TurnActivities.turn, self._request(inputs), **_LOCAL
            )
        except FailureError as error:
            cause = _cause(error)
            self._inbox = inputs + self._inbox
            await self._failed(cause, len(inputs))
            return
        finally:
            self._busy = False
        self._failures, self._most = 0, MOST_AT_ONCE
        if "resumed" in outcome:
            self._resume(inputs, outcome)
        else:
            self._apply(outcome, idle=not inputs)
        if self._recorded and self._next() == "turn":
            await workflow.sleep(_NEW_TASK)

    async def _failed(self, cause: BaseException, inputs: int) -> None:
        """Wait by the server's timer, so that the next try has a task of its own."""
        self._failures += 1
        if isinstance(cause, ActivityTimeoutError) and inputs > _FEW:
            self._most = inputs // 2
        if self._failures % _MOST_FAILURES == 0:
            self._long = 2
        _log.warning("turn failed", lead=self._lead, why=str(cause), tries=self._failures)
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures - 1, 6), _LONGEST_PAUSE)
        if isinstance(cause, ApplicationError) and cause.type == ON_ITS_WAY:
            pause = _FIRST_PAUSE
        await workflow.sleep(pause, summary="the turn failed; it is tried again")

    def _request(self, inputs: list[Envelope]) -> TurnRequest:
        info, now, wake = workflow.info(), self._now(), self._timer.wake
        if self._recorded and self._timer.due and wake is not None:
            # Its timer has fired, so it is due, whatever the clock says.
            now = max(now, parse_instant(wake["at"]))
        request = TurnRequest(
            lead=self._lead,
            digest=self._digest,
            state=self._state,
            wake=wake,
            shown=shown(info.typed_search_attributes),
            inputs=inputs,
            now=write_instant(now),
            grace=self._grace.total_seconds(),
            fence=(
                int(info.workflow_start_time.timestamp() * 1_000_000),
                info.get_current_history_length(),
            ),
            run=info.run_id,
            asked=[command for group in self._flights.values() for command in group],
            suggested=info.is_continue_as_new_suggested(),
        )
        if self._clock is not None:
            request["clock"] = self._clock.model_dump(mode="json")
        return request

    def _apply(self, outcome: TurnOutcome, *, idle: bool) -> None:
        self._state = patched(self._state or {}, outcome.get("patch", {}))
        self._digest = self._state.get("digest", self._digest)
        self._answers.update(outcome.get("answers", []))
        self._refusals.update(outcome.get("refusals", []))
        self._long = max(self._long, outcome.get("long", 0))
        for group in grouped(outcome.get("commands", [])):
            self._fly(group)
        if "attributes" in outcome:
            workflow.upsert_search_attributes(updates(outcome["attributes"]))
        wake = outcome.get("wake", self._timer.wake)
        self._timer.arm(wake, self._since(), idle=idle, flying=bool(self._flights))
        self._show()

    def _resume(self, inputs: list[Envelope], outcome: TurnOutcome) -> None:
        """Go on from the lead's row, which is newer than this run: nothing was decided yet."""
        found = outcome["resumed"]
        taken = set(found.get("taken", ()))
        inputs = [one for place, one in enumerate(inputs) if place not in taken]
        self._answers.update(outcome.get("answers", []))
        self._refusals.update(outcome.get("refusals", []))
        self._state = patched(self._state or {}, outcome.get("patch", {}))
        self._digest = self._state["digest"]
        self._seen = Seen()
        for event in found["seen"]:
            self._seen.remember(event, self._now())
        self._inbox = [_unmarked(one) for one in inputs + self._inbox]
        if found["tell"]:
            self._inbox.insert(0, resumed(self._now(), self._grace))
        flying = {command["key"] for group in self._flights.values() for command in group}
        for group in grouped([one for one in found["asked"] if one["key"] not in flying]):
            self._fly(group)
        if "wake" in outcome:
            self._timer.arm(outcome["wake"], self._since(), flying=bool(self._flights))
        self._show()

    def _marked(self, envelope: Envelope) -> Envelope:
        """The event, read if no door has read it, and whether its id was seen before."""
        if envelope["kind"] != "event" or "duplicate" in envelope:
            return envelope
        arrived, body = parse_instant(envelope["arrived"]), envelope["body"]
        if not is_read(body):
            try:
                body = written_event(read_event(body, arrived))
            except ValueError:
                return envelope  # the turn says what is wrong with it
        return {
            **envelope,
            "body": body,
            "duplicate": self._seen.remember(body["id"], arrived),
        }

    async def _reopen(self) -> None:
        """How runs that were begun before read the row; since then the turn does it."""
        try:
            found: Reopened = await workflow.execute_local_activity_method(
                TurnActivities.reopen, self._lead, **_LOCAL
            )
        except FailureError as error:
            await self._failed(_cause(error), 0)
            return
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
                if error.retry_state is RetryState.TIMEOUT:
                    self._timer.landed()
                elif workflow.patched("failed-by-hand"):
                    results = unanswered(group, "unknown_outcome")
                else:
                    raise
        for command, done in zip(group, results, strict=False):
            if done:
                self._inbox.append(resulted(command, done, self._now(), self._grace))
        del self._flights[flight]
        if not any(results):
            self._timer.landed()

    def _since(self) -> str | None:
        """The lead's last instant, as recorded."""
        return (self._state or {}).get("at")

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


def _cause(error: FailureError) -> BaseException:
    """Why a local activity failed: the same when it happens and in a replay.

    The SDK wraps a timeout in an ActivityError when it happens, and does not in a replay. Raises
    the error again where trying again makes no sense: there is no such lead, or the
    workflow is cancelled.
    """
    cause = error.cause if isinstance(error, ActivityError) and error.cause else error
    gone = isinstance(cause, ApplicationError) and cause.non_retryable
    if gone or is_cancelled_exception(error):
        raise error
    return cause


def _unmarked(envelope: Envelope) -> Envelope:
    """An input whose id is to be compared again, with those that the row remembers."""
    plain = envelope.copy()
    plain.pop("duplicate", None)
    return plain
