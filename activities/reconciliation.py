"""The activity that compares the database with Temporal, on the queue `sales`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from temporalio import activity

from activities.heartbeat import pulse
from activities.meter import UNMETERED, Meter
from models.envelopes import ReconcileOutcome, ReconcileWork
from models.instants import parse_instant

Compare = Callable[[datetime | None], Awaitable[ReconcileOutcome]]
"""Compares all leads, or what changed since an instant (wall clock)."""

_log = structlog.get_logger(__name__)


class ReconcileActivities:
    """`compare` is `usecases.reconciling` with the real adapters."""

    def __init__(self, compare: Compare, meter: Meter = UNMETERED) -> None:
        self._compare = compare
        self._meter = meter

    @activity.defn(name="reconcile")
    async def reconcile(self, work: ReconcileWork) -> ReconcileOutcome:
        """Compare and repair; how much was found. Another try does no harm."""
        since = parse_instant(work["since"]) if "since" in work else None
        async with pulse():
            outcome = await self._compare(since)
        self._meter.reconciled(outcome)
        if any(outcome["left"].values()):
            left = {kind: number for kind, number in outcome["left"].items() if number}
            _log.warning("reconcile found what it can't repair", **left)
        return outcome
