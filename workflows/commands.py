"""Commands as activities: which go together, on which queue, and how long they are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy

from models.envelopes import CommandResult, Json, Work
from models.known_fields import NewerReleaseError

LEADS, MAIL, SALES = "leads", "mail", "sales"
"""The task queues, after a prefix that keeps several leadflows in one namespace apart."""

_FOR_EVER = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)
_ONE_TRY = timedelta(minutes=2)
"""Longer than a mail server may take. A try that is cut off here has an unknown outcome."""
_ONE_FLIGHT = timedelta(days=3)
"""How long it is tried before the lead gives the command again."""
_SILENCE = timedelta(seconds=15)
"""A worker that sends no heartbeat for so long counts as dead."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One activity, which performs all commands of its kind that a turn decided."""

    activity: str
    queue: str
    priority: int
    what: Callable[[Json], str]


_MAIL = Kind("send_mail", MAIL, 4, lambda one: f"mail: {one['email']}")
_ALERT = Kind("alert", SALES, 2, lambda one: f"alert: {one['why']}")
_KINDS = {"send_mail": _MAIL, "alert": _ALERT}


def grouped(commands: list[Json]) -> list[list[Json]]:
    """The commands of one turn by the activity that performs them, in order.

    Raises NewerReleaseError for one of another kind: the workflow task fails and is tried again,
    and the lead goes on as soon as a newer worker gets it.
    """
    groups: dict[str, list[Json]] = {}
    for one in commands:
        if one["do"] not in _KINDS:
            raise NewerReleaseError(
                f"a newer leadflow gave the command {one['do']}, which this one does not know."
                " Replace this worker by one of the newer version; the lead goes on there"
            )
        groups.setdefault(_KINDS[one["do"]].activity, []).append(one)
    return list(groups.values())


async def perform(lead: str, program: str, group: list[Json]) -> list[CommandResult]:
    """Perform a group of commands; the result of each, in order.

    An engineer can complete an activity by hand with any value. If that is no list of results, each
    outcome is unknown. Raises ActivityError if it took more than three days of tries, or was failed
    by hand.
    """
    kind = _KINDS[group[0]["do"]]
    prefix = workflow.info().task_queue.removesuffix(LEADS)
    answer: RawValue = await workflow.execute_activity(
        kind.activity,
        Work(lead=lead, commands=group),
        result_type=RawValue,
        task_queue=prefix + kind.queue,
        schedule_to_close_timeout=_ONE_FLIGHT,
        start_to_close_timeout=_ONE_TRY,
        heartbeat_timeout=_SILENCE,
        retry_policy=_FOR_EVER,
        summary=", ".join(dict.fromkeys(kind.what(one) for one in group))[:200],
        priority=Priority(priority_key=kind.priority, fairness_key=program[:64]),
    )
    try:
        read = workflow.payload_converter().from_payload(answer.payload, list[CommandResult])
    except Exception:  # noqa: BLE001 - whatever was handed in, the lead must go on
        return unanswered(group, "unknown_outcome")
    return read if len(read) == len(group) else unanswered(group, "unknown_outcome")


def unanswered(group: list[Json], why: str) -> list[CommandResult]:
    """The results of commands whose activity was ended by hand."""
    results: list[CommandResult] = []
    for one in group:
        result: CommandResult = {"outcome": "failed", "why": why}
        if one["do"] == "alert":
            result["owner"] = one["to"]
        results.append(result)
    return results
