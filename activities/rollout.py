"""The activity that carries a rollout out, on the queue `sales`.

Its progress is in the database, so that whoever goes on after a crash goes on from there. A lead
that is sent the same thing twice changes once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from temporalio import activity

from activities.heartbeat import pulse
from activities.late_rollouts import sent_body
from activities.paced import MOST_UNTAKEN, PacedSending
from activities.ports import Journal, People, Programs
from lifecycle.decide import decide
from lifecycle.program.rulebook import rulebook
from lifecycle.program.versions import Versions
from models.envelopes import Json, RolloutProgress, RolloutWork
from models.inputs import ProgramChanged
from models.rollout import PUBLISH, Rollout, needs
from models.state import LeadState

_PAGE = 100
_ONE_CALL = timedelta(seconds=30)
"""The activity returns after so long, so that the workflow shows the progress."""
MOST_SWEEPS = 12
"""A lead that could not be reached in so many sweeps stays listed as failed."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StandingLead:
    """A lead in flight, and when it is due."""

    state: LeadState
    due: datetime | None


class Rollouts(Protocol):
    """Rollouts and the leads in flight, in the database."""

    def rollout(self, number: int) -> Rollout:
        """The rollout of this number. Raises LookupError."""
        ...

    def waits_for_another(self, rollout: Rollout) -> bool:
        """Whether an earlier rollout of the same program has not ended."""
        ...

    def page(self, name: str, after: str, most: int) -> Sequence[StandingLead]:
        """The leads in flight of a program after this id, in order of their ids."""
        ...

    def save(self, rollout: Rollout) -> None:
        """Store how far it is."""
        ...


class ProgramLeads(Protocol):
    """How a lead is reached; `adapters.temporal.client.Leads` is one."""

    async def program(self, lead: str, body: Json) -> None:
        """Send a lead in flight what its program does."""
        ...


class RolloutActivities:
    """Over these adapters."""

    def __init__(
        self,
        rollouts: Rollouts,
        leads: ProgramLeads,
        programs: Programs,
        people: People,
        journal: Journal,
    ) -> None:
        self._rollouts = rollouts
        self._leads = leads
        self._programs = programs
        self._people = people
        self._journal = journal

    @activity.defn(name="roll_out")
    async def roll_out(self, work: RolloutWork) -> RolloutProgress:
        """Go on for half a minute, or to the end; how far it is. `pause`: seconds to wait."""
        async with pulse():
            rollout = await asyncio.to_thread(self._rollouts.rollout, work["number"])
            if rollout.ended is None and await asyncio.to_thread(
                self._rollouts.waits_for_another, rollout
            ):
                return _progress(rollout, pause=1.0)
            body = sent_body(rollout)
            paced = PacedSending(
                rollout.rate, lambda lead: self._leads.program(lead, body), self._journal.turns
            )
            until = datetime.now(UTC) + _ONE_CALL
            while rollout.ended is None and datetime.now(UTC) < until:
                page = await asyncio.to_thread(
                    self._rollouts.page, rollout.name, rollout.cursor, _PAGE
                )
                pause = 0.0
                if page:
                    rollout = await self._sent(rollout, page, paced)
                else:
                    await paced.taken()
                    rollout, pause = _next_sweep(rollout)
                await asyncio.to_thread(self._rollouts.save, rollout)
                if pause:
                    return _progress(rollout, pause=pause)
            await paced.taken()
        return _progress(rollout, pause=0.0)

    async def _sent(
        self, rollout: Rollout, page: Sequence[StandingLead], paced: PacedSending
    ) -> Rollout:
        """Send it to those of a page that need it, at the rollout's rate.

        After every few leads the progress is stored, for whoever asks how far it is. Whoever goes
        on after a crash looks at the page again, and those that have it need it no more.
        """
        chosen = await asyncio.to_thread(self._chosen, rollout, page)
        for place in range(0, len(chosen), MOST_UNTAKEN):
            some = chosen[place : place + MOST_UNTAKEN]
            failing = await paced.send(some)
            before = {lead: why for lead, why in rollout.failed.items() if lead not in some}
            rollout = replace(
                rollout,
                found=rollout.found + len(some),
                sent=rollout.sent + len(some) - len(failing),
                failed=before | failing,
            )
            await asyncio.to_thread(self._rollouts.save, rollout)
        return replace(rollout, cursor=page[-1].state.lead)

    def _chosen(self, rollout: Rollout, page: Sequence[StandingLead]) -> list[str]:
        needing = [one for one in page if needs(one.state, rollout.body)]
        if rollout.sweep > 0:
            return [one.state.lead for one in needing]
        due = {one.state.lead: self._earlier(rollout, one) for one in needing}
        urgent = [(at, lead) for lead, at in due.items() if at is not None]
        return [lead for _, lead in sorted(urgent)]

    def _earlier(self, rollout: Rollout, lead: StandingLead) -> datetime | None:
        """When the lead is due by it, if that is earlier than before: at once, or a wake moves."""
        state, body = lead.state, rollout.body
        at = state.at or rollout.at
        try:
            decision = decide(
                rulebook(self._programs.load(state.digest)),
                state,
                [
                    ProgramChanged(
                        arrived=at,
                        to=body["to"],
                        in_flight=body["in_flight"],
                        recheck=body["recheck"],
                    )
                ],
                at,
                people=self._people.directory(),
                versions=Versions(
                    load=self._programs.load,
                    newest=lambda: body["to"],
                    paused=lambda: False,
                    timeline=tuple,
                ),
            )
        except Exception as error:  # noqa: BLE001 - only its place in the order is lost
            _log.warning("rollout: lead not looked into", lead=state.lead, why=repr(error))
            return None
        wake = decision.wake
        if decision.commands:
            return at
        return wake.at if wake is not None and (lead.due is None or wake.at < lead.due) else None


def _next_sweep(rollout: Rollout) -> tuple[Rollout, float]:
    """The rollout after a sweep, and how long to wait before the next (seconds)."""
    if rollout.sweep and (not rollout.found or rollout.sweep >= MOST_SWEEPS):
        return replace(rollout, ended=datetime.now(UTC)), 0.0
    pause = 0.0 if rollout.sweep == 0 else min(2 ** (rollout.sweep - 2), 60)
    return replace(rollout, sweep=rollout.sweep + 1, cursor="", found=0), pause


def _progress(rollout: Rollout, pause: float) -> RolloutProgress:
    return RolloutProgress(
        name=rollout.name,
        do=rollout_words(rollout),
        sent=rollout.sent,
        failed=len(rollout.failed),
        ended=rollout.ended is not None,
        pause=pause,
    )


def rollout_words(rollout: Rollout) -> str:
    """What it does, in a few words: `publish 3f2a91bc0d12 (migrate)`."""
    body = rollout.body
    if body["do"] != PUBLISH:
        return str(body["do"])
    return f"publish {body['to'][:12]} ({body['in_flight']})"
