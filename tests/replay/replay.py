"""Replays recorded histories: `python tests/replay/replay.py FILE…`; exit status 1 if one can't."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from assembly.process import leave
from assembly.sandbox import sandbox
from workflows.lead import LeadWorkflow


async def replay(paths: list[Path]) -> int:
    """How many of them did not replay; each is printed."""
    replayer = Replayer(
        workflows=[LeadWorkflow],
        workflow_runner=sandbox(),
        data_converter=pydantic_data_converter,
    )
    failed = 0
    async with replayer.workflow_replay_iterator(_histories(paths)) as results:
        async for result in results:
            if result.replay_failure is not None:
                failed += 1
                print(f"{result.history.workflow_id}: {result.replay_failure}")  # noqa: T201 - what the test reads
    return failed


async def _histories(paths: list[Path]) -> AsyncIterator[WorkflowHistory]:
    for path in paths:
        yield WorkflowHistory.from_json(f"lead/{path.stem}", path.read_text())


if __name__ == "__main__":
    failed = asyncio.run(replay([Path(name) for name in sys.argv[1:]]))
    leave(min(1, failed))  # Temporal's client has threads that may abort Python's own end
