"""Items that their leads were told and that no timeline has.

What a lead is told stands in its workflow's history until its next turn writes it down. If Temporal
is restored from a backup of before that, it is gone. The intake keeps what it told for 30 days, so
it is told again. Ids make that safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from adapters.reports.reconciliation import SqlReconciliation, ToldItem
from adapters.temporal.executions import LeadExecutions, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrecordedItems:
    """Finds them and has them told again. It takes the stores it reads."""

    rows: SqlReconciliation
    executions: LeadExecutions
    tell_again: Callable[[Sequence[int]], None]
    """Makes the intake relay items (`seq`) once more. It blocks."""

    async def found(self, since: datetime, most: int, *, dry_run: bool) -> list[ToldItem]:
        """Items told since then (wall clock), at most so many; unless `dry_run`, told again.

        Left out is what a lead has in hand: it has a workflow task until its turn is recorded.
        Raises RPCError and SQLAlchemyError.
        """
        told = await asyncio.to_thread(self.rows.unrecorded_items, since, most)
        lost = []
        for lead, items in groupby(told, key=lambda one: one.lead):
            standing = await self.executions.standing(lead)
            lost += [one.seq for one in items if _lacks(standing, one)]
        # A turn may have recorded some of them between the two looks.
        still = await asyncio.to_thread(self.rows.unrecorded_items, since, most)
        found = [one for one in still if one.seq in lost]
        if found and not dry_run:
            await asyncio.to_thread(self.tell_again, [one.seq for one in found])
        return found


def _lacks(standing: Standing, item: ToldItem) -> bool:
    """Whether the lead's workflow can't have this item in hand."""
    if item.kind == "lead":  # it has no row: a workflow that is there will create it
        return standing.status == "absent"
    return not (standing.status == "running" and (standing.has_task or standing.fails))
