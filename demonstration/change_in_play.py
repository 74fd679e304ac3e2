"""A changed program, published while the demonstration plays: the plan before, its truth after.

The plan plays what each lead does by itself once it has the new version. A lead follows the plan
until somebody does something: an event, an answer, an act. So each timeline is compared with the
plan up to there. Leads that moved between the plan and the publication are counted only. Instants
are not compared: a publication takes a second to reach a lead, and that is a day here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.rollouts import SqlRollouts
from adapters.temporal.rollouts import RolloutRuns
from models.decision import Entry
from models.program.program import Program
from models.state import LeadState
from simulation.impact import HORIZON, Impact, ProgramStanding, happening, impact, published_world
from simulation.impact_words import happening_words
from simulation.quiet_future import play_quietly
from simulation.scenario import PublishLine
from usecases.impacting import standing_of
from usecases.publishing import LeadsInFlight, publish

_PAUSE = 0.1
_FROM_ITSELF = ("email_sent", "email_skipped", "track_entered", "track_left")
"""Entries that are compared: what nurture does."""
_FROM_OUTSIDE = frozenset(
    {
        "event",
        "ignored",
        "suppressed",
        "unsuppressed",
        "consented",
        "paused",
        "unpaused",
        "email_failed",
        "merged",
        "reopened",
        "reengaged",
        "task_done",
        "accepted",
        "touched",
        "held",
        "resumed",
        "qualified",
        "recycled",
        "disqualified",
        "opportunity",
        "won",
        "lost",
        "noted",
        "refused",
        "resumed_from_journal",
    }
)
"""Entries by which somebody or something outside has changed a lead's future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTruth:
    """A plan beside what came."""

    impact: Impact
    changed: int
    """Leads that changed their version, each once."""
    followed: int
    """Leads that were as the plan knew them when the publication reached them."""
    happened: int
    """Mails, and tracks entered or left, that came as the plan says."""
    differences: tuple[str, ...]
    """What came otherwise, each a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedChange:
    """A version that was published in mid-play, and what the plan said of each lead."""

    program: Program
    impact: Impact
    states: Mapping[str, LeadState]
    """The leads that were to change, as they stood."""
    futures: Mapping[str, Sequence[Entry]]

    def truth(self, timeline: Callable[[str], Sequence[Entry]]) -> PlanTruth:
        """Compare the plan with the leads' timelines, as far as they go by now."""
        differences = list[str]()
        changed = followed = happened = 0
        for lead, state in self.states.items():
            came = [one for one in timeline(lead) if one.seq > state.seq]
            times = sum(one.kind == "program_changed" for one in came)
            changed += times == 1
            if times != 1 and not (times == 0 and any(one.kind == "closed" for one in came)):
                differences.append(f"lead {lead}: changed its version {times} times, not once")
            if not came or came[0].kind != "program_changed":
                continue
            followed += 1
            right, otherwise = self._compared(self.futures[lead], came)
            happened += right
            if otherwise:
                differences.append(f"lead {lead}: {otherwise}")
        return PlanTruth(
            impact=self.impact,
            changed=changed,
            followed=followed,
            happened=happened,
            differences=tuple(differences),
        )

    def _compared(self, said: Sequence[Entry], came: Sequence[Entry]) -> tuple[int, str]:
        """How much came as it was said, and the first thing that came otherwise."""
        expected, right = _happenings(said), 0
        for one, at in _happenings(came):
            if at > self.impact.at + HORIZON:
                break
            meant, _ = next(expected, (None, at))
            if one != meant:
                planned = happening_words(*meant) if meant else "nothing more"
                return right, f"the plan says {planned}, and {happening_words(*one)} came"
            right += 1
        return right, ""


def _happenings(entries: Sequence[Entry]) -> Iterator[tuple[tuple[str, str], datetime]]:
    for one in entries:
        if one.kind in _FROM_OUTSIDE:
            return
        if one.kind in _FROM_ITSELF:
            yield happening(one), one.at


def plan_change(database: Database, program: Program, now: datetime) -> PublishedChange:
    """Play what the version does to each lead in flight. It changes nothing yet."""
    standing = standing_of(database, program)
    latest = max((one.state.at for one in standing.leads if one.state.at), default=now)
    line = PublishLine(at=max(now, latest), program=program, in_flight="migrate", recheck=False)
    return change_of(standing, line)


def change_of(standing: ProgramStanding, line: PublishLine) -> PublishedChange:
    """What a publication does to each of these leads."""
    world = published_world(standing, line)
    play_quietly(world, line.at, line.at + HORIZON)
    return PublishedChange(
        program=line.program,
        impact=impact(standing, line),
        states={
            one.state.lead: one.state
            for one in standing.leads
            if one.state.digest != line.program.digest
        },
        futures=world.entries,
    )


async def publish_change(database: Database, runs: RolloutRuns, change: PublishedChange) -> None:
    """Publish it, and return when every lead in flight was sent it."""
    leads = LeadsInFlight(in_flight="migrate")
    note = "published in the demonstration"
    who = SqlDirectory(database).directory().admin_of_marketing or ""
    await asyncio.to_thread(publish, database, change.program, None, by=who, note=note, leads=leads)
    rollouts = SqlRollouts(database)
    await runs.start(rollouts.under_way())
    while await asyncio.to_thread(rollouts.under_way):  # noqa: ASYNC110  # rows tell nobody
        await asyncio.sleep(_PAUSE)
