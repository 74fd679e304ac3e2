"""The activity that carries a run of a re-engagement schedule out, on the queue `sales`.

It looks at all leads in flight in pages, keeps the longest idle ones that may be taken, sends them
the run, and asks what became of them. Its progress is in the database, so that whoever goes on
after a crash goes on from there. A lead takes each run in once, however often it is sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity

from activities.heartbeat import pulse
from activities.paced import MOST_UNTAKEN, PacedSending
from activities.ports import Journal, Programs
from activities.reengagement_runs import Reengagements
from activities.rollout import MOST_SWEEPS, ProgramLeads
from lifecycle.nurture.reengagement import NO_SCHEDULE
from lifecycle.nurture.selection import look
from lifecycle.program.rulebook import CompiledReengagement, rulebook
from lifecycle.program.versions import Versions
from models.envelopes import ReengageProgress, ReengageWork
from models.instants import whole_second
from models.reengagement import ReengagementRun
from models.rollout import RATE, reengage_body
from models.state import LeadState

_PAGE = 200
_SENT_AT_ONCE = MOST_UNTAKEN
"""Leads after which the progress is stored."""
_ONE_CALL = timedelta(seconds=30)
"""The activity returns after so long, so that the workflow shows the progress."""
_MOST_NAMED = 100
"""Leads that were not reached are named, so many at most."""
NO_ANSWER = "it has not taken the run in; is a worker running?"

_log = structlog.get_logger(__name__)


class ReengageActivities:
    """Over these adapters."""

    def __init__(
        self, runs: Reengagements, leads: ProgramLeads, programs: Programs, journal: Journal
    ) -> None:
        self._runs = runs
        self._leads = leads
        self._programs = programs
        self._journal = journal

    @activity.defn(name="reengage")
    async def reengage(self, work: ReengageWork) -> ReengageProgress:
        """Go on for half a minute, or to the end; how far it is. `pause`: seconds to wait."""
        async with pulse():
            run = await asyncio.to_thread(self._begin, work)
            body = reengage_body(run.run, run.version)
            paced = PacedSending(
                RATE, lambda lead: self._leads.program(lead, body), self._journal.turns
            )
            until = datetime.now(UTC) + _ONE_CALL
            pause = 0.0
            while run.ended is None and not pause and datetime.now(UTC) < until:
                if run.phase == "selecting":
                    run = await asyncio.to_thread(self._look_at_page, run)
                elif run.phase == "sending":
                    run = await self._send_page(run, paced)
                else:
                    run, pause = await asyncio.to_thread(self._ask_page, run)
            await paced.taken()
        return _progress(run, pause)

    def _begin(self, work: ReengageWork) -> ReengagementRun:
        return self._runs.begin(
            ReengagementRun(
                run=work["run"],
                name=work["program"],
                version=self._programs.newest_digest(work["program"]),
                at=whole_second(datetime.now(UTC)),
            )
        )

    # -- selecting ----------------------------------------------------------------

    def _look_at_page(self, run: ReengagementRun) -> ReengagementRun:
        """Look at the next leads of a stage. When all stages are through, choose."""
        asked = rulebook(self._programs.load(run.version)).reengagement
        if asked is None:
            leads = self._runs.in_other_stages(run.name, ())
            return self._end(replace(run, why_not=_added({NO_SCHEDULE: leads}, {})))
        if not asked.stages:
            return self._choose(run, asked)
        stage = run.stage or asked.stages[0]
        page = self._runs.page(run.name, stage, run.cursor, _PAGE)
        if not page:
            following = asked.stages[asked.stages.index(stage) + 1 :]
            if not following:
                return self._choose(run, asked)
            run = replace(run, stage=following[0], cursor="")
            self._runs.selected(run, {})
            return run
        eligible, why_not = self._looked(run, asked, page)
        run = replace(
            run,
            stage=stage,
            cursor=page[-1].lead,
            found=run.found + len(eligible),
            why_not=_added(run.why_not, why_not),
        )
        self._runs.selected(run, eligible)
        return run

    def _looked(
        self, run: ReengagementRun, asked: CompiledReengagement, page: Sequence[LeadState]
    ) -> tuple[dict[str, datetime], Counter[str]]:
        """The leads of a page that may be taken, and how many may not, by reason."""
        paused = self._programs.paused(run.name)
        eligible: dict[str, datetime] = {}
        why_not: Counter[str] = Counter()
        for state in page:
            try:
                own = rulebook(self._programs.load(state.digest))
                found = look(own, state, asked, run.at, self._versions(state, paused=paused))
            except Exception as error:  # noqa: BLE001 - one lead stops no other
                _log.warning(
                    "re-engagement: lead not looked into", lead=state.lead, why=repr(error)
                )
                why_not["error"] += 1
                continue
            if found.why is None:
                eligible[state.lead] = found.idle_since
            else:
                why_not[found.why] += 1
        return eligible, why_not

    def _versions(self, state: LeadState, *, paused: bool) -> Versions:
        return Versions(
            load=self._programs.load,
            newest=lambda: self._programs.newest_digest(state.program),
            paused=lambda: paused,
            timeline=lambda: self._journal.cycle(state.lead, state.cycle_at),
        )

    def _choose(self, run: ReengagementRun, asked: CompiledReengagement) -> ReengagementRun:
        elsewhere = self._runs.in_other_stages(run.name, asked.stages)
        surplus = 0 if asked.at_most is None else max(run.found - asked.at_most, 0)
        run = replace(
            run,
            phase="sending",
            stage="",
            cursor="",
            left_over=surplus,
            why_not=_added(run.why_not, {"stage": elsewhere}),
        )
        self._runs.choose(run, asked.at_most)
        return run

    # -- sending --------------------------------------------------------------------

    async def _send_page(self, run: ReengagementRun, paced: PacedSending) -> ReengagementRun:
        leads = await asyncio.to_thread(self._runs.unsent, run.run, _SENT_AT_ONCE)
        if not leads:
            await paced.taken()
            run = replace(run, phase="checking", cursor="")
            await asyncio.to_thread(self._runs.settle, run, ())
            return run
        failing = await paced.send(leads)
        before = {lead: why for lead, why in run.failed.items() if lead not in leads}
        run = replace(run, failed=_few(before | failing))
        await asyncio.to_thread(self._runs.sent, run, leads)
        return run

    # -- checking -------------------------------------------------------------------

    def _ask_page(self, run: ReengagementRun) -> tuple[ReengagementRun, float]:
        """Ask the next chosen leads what became of them; how long to wait then (seconds)."""
        page = self._runs.unsettled(run.run, run.cursor, _PAGE)
        if not page:
            return self._next_sweep(run)
        became = {lead: _became(state, run.run) for lead, state in page.items()}
        settled = {lead: how for lead, how in became.items() if how is not None}
        why_not = Counter(how for how in settled.values() if how != _TAKEN)
        run = replace(
            run,
            cursor=max(page),
            taken=run.taken + len(settled) - sum(why_not.values()),
            why_not=_added(run.why_not, why_not),
            failed={lead: why for lead, why in run.failed.items() if lead not in settled},
        )
        self._runs.settle(run, tuple(settled))
        return run, 0.0

    def _next_sweep(self, run: ReengagementRun) -> tuple[ReengagementRun, float]:
        """After all chosen leads were asked: end, or wait and go on with those that are left."""
        left = self._runs.left(run.run)
        run = replace(run, cursor="", sweep=run.sweep + 1)
        if not left or run.sweep >= MOST_SWEEPS:
            named = self._runs.unsettled(run.run, "", _MOST_NAMED)
            run = replace(
                run,
                failed={lead: run.failed.get(lead, NO_ANSWER) for lead in named},
                why_not=_added(run.why_not, {"not_reached": left}),
            )
            return self._end(run), 0.0
        if run.sweep == 1 and not run.failed:  # they may still be about it
            self._runs.settle(run, ())
        else:
            run = replace(run, phase="sending")
            self._runs.send_again(run)
        return run, min(2.0 ** (run.sweep - 1), 60.0)

    def _end(self, run: ReengagementRun) -> ReengagementRun:
        run = replace(run, phase="ended", ended=datetime.now(UTC))
        self._runs.end(run)
        _log.info(
            "re-engagement ended",
            run=run.run,
            found=run.found,
            taken=run.taken,
            left_over=run.left_over,
            why_not=dict(run.why_not),
        )
        return run


_TAKEN = "taken"


def _became(state: LeadState | None, run: str) -> str | None:
    """`taken`, or why not; None if the lead has not taken the run in yet."""
    if state is None or state.closed:
        return "closed"
    latest = state.reengage_run
    if latest is None or latest.run != run:
        return None
    return latest.why or _TAKEN


def _added(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(before) + Counter(more)).items()))


def _few(failed: dict[str, str]) -> dict[str, str]:
    return dict(list(failed.items())[:_MOST_NAMED])


def _progress(run: ReengagementRun, pause: float) -> ReengageProgress:
    return ReengageProgress(
        name=run.name,
        phase=run.phase,
        found=run.found,
        taken=run.taken,
        left_over=run.left_over,
        why_not=dict(run.why_not),
        failed=len(run.failed),
        ended=run.ended is not None,
        pause=pause,
    )
