"""When signals reached a lead, as Temporal's own history says it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import TimeoutError as WaitedTooLongError
from datetime import UTC

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from activities.ports import Signalled
from adapters.temporal.client import workflow_id

_SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
_SECONDS = 3.0
"""Less than a turn may take."""


class TemporalSignalTimes:
    """Reads a run's history, for the rare turn that needs it. Make it in the worker's event loop.

    Its method blocks the thread that calls it, not the loop.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()

    def of(self, lead: str, run: str) -> Sequence[Signalled]:
        """The signals of a run with one argument, in order. Raises OSError if it takes too long."""
        asked = asyncio.run_coroutine_threadsafe(self._signals(lead, run), self._loop)
        try:
            return asked.result(_SECONDS)
        except WaitedTooLongError as error:
            asked.cancel()
            raise OSError(f"the history was not read within {_SECONDS:.0f} seconds") from error

    async def _signals(self, lead: str, run: str) -> list[Signalled]:
        handle = self._client.get_workflow_handle(workflow_id(lead), run_id=run)
        found: list[Signalled] = []
        async for event in handle.fetch_history_events():
            if event.event_type != _SIGNALED:
                continue
            signal = event.workflow_execution_signaled_event_attributes
            try:
                (body,) = await self._client.data_converter.decode(signal.input.payloads)
            except ValueError:
                continue  # several arguments, or none that can be read: it is malformed
            at = event.event_time.ToDatetime(tzinfo=UTC)
            found.append(Signalled(name=signal.signal_name, body=body, at=at))
        return found
