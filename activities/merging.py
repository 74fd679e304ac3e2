"""The two activities that merge a lead into another, on the queue `sales`.

Each gives one lead its side of the merge as a signal, and returns when the lead's row shows it.
Whoever goes on after a crash looks at the rows first: what is done is not done again.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from temporalio import activity

from activities.heartbeat import pulse
from activities.ports import Programs
from lifecycle.moves.merge import judge
from lifecycle.stable_hash import short_hash
from models.envelopes import Json, MergeResult, MergeWork
from models.state import LeadState

_LOOK = 0.05
"""Seconds between two looks at a lead's row."""


class Pair(Protocol):
    """Two leads as they stand; `adapters.sql.merges.StandingPair` says what is what."""

    @property
    def keep(self) -> LeadState | None: ...  # noqa: D102 - said by the adapter
    @property
    def other(self) -> LeadState | None: ...  # noqa: D102
    @property
    def now(self) -> str | None: ...  # noqa: D102
    @property
    def coming(self) -> bool: ...  # noqa: D102


class Merges(Protocol):
    """What the database says of leads that are to be merged."""

    def pair(self, keep: str, other: str) -> Pair:
        """Both leads by their own ids."""
        ...


class MergedLeads(Protocol):
    """How a lead is reached; `adapters.temporal.client.Leads` is one."""

    async def merge_side(self, lead: str, body: Json) -> None:
        """Give a lead its side of a merge. Raises LeadNotFoundError."""
        ...


class MergeActivities:
    """Over these adapters."""

    def __init__(self, merges: Merges, leads: MergedLeads, programs: Programs) -> None:
        self._merges = merges
        self._leads = leads
        self._programs = programs

    @activity.defn(name="merge_other")
    async def merge_other(self, work: MergeWork) -> MergeResult:
        """End the lead that is merged into the other; or say why it can't be merged."""
        told: str | None = None
        async with pulse():
            while True:
                pair = await self._pair(work)
                keep = pair.keep
                if keep is None:
                    return MergeResult(verdict="gone", into=None)
                verdict = judge(keep.lead, work["other"], pair.now)
                waits = verdict == "unknown" and pair.coming
                if verdict != "do" and not waits:
                    done_now = verdict == "done" and told is not None
                    return MergeResult(verdict="do" if done_now else verdict, into=pair.now)
                if verdict == "do" and told != keep.lead:
                    # If the lead that goes on is merged meanwhile, the next look names another.
                    await self._leads.merge_side(work["other"], await self._into(work, keep))
                    told = keep.lead
                await asyncio.sleep(_LOOK)

    @activity.defn(name="merge_keep")
    async def merge_keep(self, work: MergeWork, outcome: MergeResult) -> None:
        """Give the lead that goes on what the other one left; or let it record the refusal."""
        told: str | None = None
        body = await self._from(work, outcome)
        async with pulse():
            while True:
                keep = (await self._pair(work)).keep
                if keep is None or _has_it(keep, work, body):
                    return
                if told != keep.lead:
                    await self._leads.merge_side(keep.lead, body)
                    told = keep.lead
                await asyncio.sleep(_LOOK)

    async def _pair(self, work: MergeWork) -> Pair:
        return await asyncio.to_thread(self._merges.pair, work["keep"], work["other"])

    async def _into(self, work: MergeWork, keep: LeadState) -> Json:
        digest = keep.digest
        if keep.closed:  # it takes the newest version before anything reaches it
            digest = await asyncio.to_thread(self._programs.newest_digest, keep.program)
        return {"do": "into", "keep": keep.lead, "to": digest, "arrived": work["at"]}

    async def _from(self, work: MergeWork, outcome: MergeResult) -> Json:
        said = {name: value for name, value in work.items() if name in ("by", "via")}
        body: Json = {"do": "from", "other": work["other"], "arrived": work["at"], **said}
        if outcome["verdict"] not in ("do", "done"):
            asked = activity.info().workflow_run_id or ""
            return {
                **body,
                "id": f"merge/{asked}",
                "why": outcome["verdict"],
                "into": outcome["into"],
            }
        other = (await self._pair(work)).other
        merged = other.merged if other is not None else None
        return {**body, "left": dict(merged.left) if merged is not None else None}


def _has_it(keep: LeadState, work: MergeWork, body: Json) -> bool:
    """Whether the lead took this in already."""
    if "why" in body:
        return short_hash(body["id"]) in keep.acts
    return work["other"] in keep.joined
