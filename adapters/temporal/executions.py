"""What Temporal knows of leads' workflows, in pages: the other half of `leadflow reconcile`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from adapters.temporal.client import workflow_id
from models.instants import write_instant
from workflows.attributes import KEYS
from workflows.commands import LEADS

_PREFIX = workflow_id("")
_PAGE = 1_000
_IDS_A_QUERY = 200
_PROBLEMS = SearchAttributeKey.for_keyword_list("TemporalReportedProblems")
_ENDED = "('Terminated', 'Canceled', 'Failed', 'TimedOut')"

MAIL_ACTIVITY = "send_mail"
"""The activity that sends the mails of a lead (workflows/commands.py)."""

FAILING_TRIES = 3
"""A workflow task that is tried for so often fails: one that is merely slow has a try or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCommand:
    """An activity that a lead's workflow waits for: mails or alerts."""

    activity: str
    begun: bool
    """Whether a worker ever took it."""
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The status of a lead's workflow. `absent`: Temporal knows none, or retention removed it."""

    status: Literal["running", "ended", "completed", "absent"]
    started: datetime | None = None
    program: str | None = None
    """The lead's program, as its last turn told Temporal."""
    tries: int = 0
    """How often the present workflow task was tried."""
    has_task: bool = False
    """Whether a workflow task is pending: a worker has it, or will get it."""
    problems: tuple[str, ...] = ()
    """What the server reports about workflow tasks that fail, such as their cause."""
    pending: tuple[PendingCommand, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether its workflow task fails again and again."""
        return bool(self.problems) or self.tries >= FAILING_TRIES


class LeadExecutions:
    """The workflows of the leads of one installation, which is told by its task queue."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._ours = f"WorkflowType = 'LeadWorkflow' AND TaskQueue = {_quoted(prefix + LEADS)}"

    async def standing(self, lead: str) -> Standing:
        """The status of a lead's latest run, from the server's own store, which is never late."""
        try:
            found = await self._client.get_workflow_handle(workflow_id(lead)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Standing(status="absent")
            raise
        status: Literal["running", "ended", "completed"] = "ended"
        if found.status is WorkflowExecutionStatus.RUNNING:
            status = "running"
        elif found.status is WorkflowExecutionStatus.COMPLETED:
            status = "completed"
        raw = found.raw_description
        return Standing(
            status=status,
            started=found.start_time,
            program=found.typed_search_attributes.get(KEYS["program"]),
            tries=raw.pending_workflow_task.attempt,
            has_task=raw.HasField("pending_workflow_task"),
            problems=tuple(found.typed_search_attributes.get(_PROBLEMS) or ()),
            pending=tuple(
                PendingCommand(
                    activity=one.activity_type.name,
                    begun=one.HasField("last_started_time"),
                    tries=one.attempt,
                )
                for one in raw.pending_activities
            ),
        )

    async def not_running(self, leads: Sequence[str]) -> list[str]:
        """Which of these leads no running workflow is listed for. The list may lag behind."""
        running: set[str] = set()
        for start in range(0, len(leads), _IDS_A_QUERY):
            ids = ", ".join(
                _quoted(workflow_id(one)) for one in leads[start : start + _IDS_A_QUERY]
            )
            query = f"{self._ours} AND ExecutionStatus = 'Running' AND WorkflowId IN ({ids})"
            running |= {one async for page in self._pages(query) for one in page}
        return [one for one in leads if one not in running]

    def running(self, since: datetime | None = None) -> AsyncIterator[list[str]]:
        """All running leads in pages, or those whose run began since then."""
        began = f" AND StartTime >= '{write_instant(since)}'" if since is not None else ""
        return self._pages(f"{self._ours} AND ExecutionStatus = 'Running'{began}")

    def ended(self, since: datetime) -> AsyncIterator[list[str]]:
        """Leads whose workflow somebody ended, or that failed, since then, in pages."""
        at = write_instant(since)
        return self._pages(f"{self._ours} AND ExecutionStatus IN {_ENDED} AND CloseTime >= '{at}'")

    async def failing(self) -> AsyncIterator[list[str]]:
        """Leads whose workflow task fails, in pages; none where the server does not report it."""
        query = (
            f"{self._ours} AND ExecutionStatus = 'Running' AND {_PROBLEMS.name} IN"
            " ('category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut')"
        )
        try:
            async for page in self._pages(query):
                yield page
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise  # an older server does not know the attribute: due instants show it later

    async def _pages(self, query: str) -> AsyncIterator[list[str]]:
        listed = self._client.list_workflows(query, page_size=_PAGE)
        while True:
            await listed.fetch_next_page()
            page = listed.current_page or ()
            yield [one.id.removeprefix(_PREFIX) for one in page]
            if not listed.next_page_token:
                return


def _quoted(text: str) -> str:
    """A text in a visibility query."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
