"""A bare workflow start, beside which a launch is measured.

The file holds nothing else, because the SDK's sandbox loads it again for every workflow.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class BareStart:
    """A workflow that starts, does one local activity, and waits for months."""

    @workflow.run
    async def run(self) -> None:
        """Start and wait."""
        await workflow.execute_local_activity(
            "start_nothing", start_to_close_timeout=timedelta(seconds=10)
        )
        await workflow.sleep(timedelta(days=90))
