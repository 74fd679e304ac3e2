"""A person does the same act on several leads, each for itself.

Every lead is acted on by the same use case as through every other door. One that is refused does
not spoil the others.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from usecases.acting import ActDone, ActFailed, perform
from usecases.context import Acts, Context
from usecases.viewer import Viewer

_AT_ONCE = 5
"""Leads that are asked at the same time: each waits for a worker."""


async def perform_on_each(
    context: Context,
    acts: Acts,
    viewer: Viewer,
    *,
    leads: Sequence[str],
    do: str,
    fields: Mapping[str, Any] | Callable[[str], Mapping[str, Any]],
    identity: str,
) -> dict[str, ActFailed]:
    """Act on each lead, and return what failed, by lead.

    `fields` are the act's, the same for all or by lead. `identity` is that of the form: a form that
    is sent twice has one effect on each lead. Raises SQLAlchemyError as `perform` does.
    """
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(lead: str) -> ActFailed | None:
        own = hashlib.sha256(f"{identity}/{lead}".encode(errors="replace")).hexdigest()[:32]
        of_lead = fields(lead) if callable(fields) else fields
        async with room:
            outcome = await perform(
                context.reports,
                acts,
                context.arrivals,
                viewer,
                lead=lead,
                do=do,
                fields={**of_lead, "id": own} if identity else dict(of_lead),
                now=context.now(),
            )
        return None if isinstance(outcome, ActDone) else outcome

    outcomes = await asyncio.gather(*(one(lead) for lead in leads))
    return {
        lead: outcome for lead, outcome in zip(leads, outcomes, strict=True) if outcome is not None
    }
