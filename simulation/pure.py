"""The pure engine: the rules on a virtual clock, with a world in which mail just arrives.

At one instant come creations, then script lines, both in file order, then what is due, in
the order of leads; a command's result is taken in before the next input or due item.

The file is long because one world does all that a scenario's lines ask for.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from lifecycle.decide import decide, new_lead
from lifecycle.handoff.assignment import Loads
from lifecycle.handoff.company_owner import CompanyLead, company_owner
from lifecycle.handoff.roster import Roster
from lifecycle.moves.addresses import addresses_of
from lifecycle.moves.merge import judge, of_merged
from lifecycle.nurture.selection import select
from lifecycle.program.rulebook import rulebook
from lifecycle.program.versions import Versions
from lifecycle.stages import IN_SALES
from models.addresses import address_key
from models.company import company_keys
from models.decision import AnyCommand, Assign, CountAssignment, Entry, SendMail
from models.directory import Directory
from models.inputs import (
    Created,
    Event,
    Input,
    MergedFrom,
    MergedInto,
    ProgramChanged,
    ProgramPaused,
    Reengage,
    Result,
)
from models.program.program import Program
from models.state import LeadState, read_state
from simulation.scenario import (
    MergeLine,
    Newcomer,
    PauseLine,
    PublishLine,
    RunLine,
    Scenario,
    happenings,
)
from simulation.timeline import TimelineLine, in_order, line_of
from workflows.seen_events import Seen

_SECOND = timedelta(seconds=1)


class PureWorld:
    """Leads under one program and one directory, with their states and timelines."""

    def __init__(
        self,
        program: Program,
        people: Directory,
        *,
        shares: Mapping[str, Mapping[str, Fraction]] | None = None,
    ) -> None:
        self._newest = program
        self._versions = {program.digest: program}
        self._paused = False
        self._people = people
        self._roster = Roster(shares)
        self._past: dict[str, tuple[Entry, ...]] = {}
        self._loads: Counter[str] = Counter()
        self._seen: dict[str, Seen] = {}
        self._wakes: list[tuple[datetime, int, str]] = []
        self._places: dict[str, int] = {}
        self._next: dict[str, datetime] = {}
        self.states: dict[str, LeadState] = {}
        self.entries: dict[str, list[Entry]] = {}

    def create(self, newcomer: Newcomer, place: int) -> None:
        """Create a lead; if several are due at one instant, `place` orders them."""
        lead = newcomer.lead
        self._places[lead] = place
        self.states[lead] = new_lead(lead, self._newest)
        self.entries[lead] = []
        self._seen[lead] = Seen()
        created = Created(arrived=newcomer.at, profile=newcomer.profile)
        self._turn(lead, created, newcomer.at - _SECOND)

    @property
    def loads(self) -> Mapping[str, int]:
        """The leads in mql, sal and sql that each person works."""
        return {person: load for person, load in sorted(self._loads.items()) if load}

    def shares(self, team: str) -> Mapping[str, Fraction]:
        """The shares of a team's members, as assignments have made them."""
        return self._roster.shares(team)

    def know(
        self, versions: Mapping[str, Program], *, paused: bool, loads: Mapping[str, int]
    ) -> None:
        """What is so besides the leads: older versions, a pause, and leads of other programs."""
        self._versions |= versions
        self._paused = paused
        self._loads.update(loads)

    def adopt(self, state: LeadState, timeline: tuple[Entry, ...], place: int) -> None:
        """Take over a lead as it is stored. `entries` has what happens from here on."""
        lead = state.lead
        self._places[lead], self._past[lead] = place, timeline
        self.states[lead], self.entries[lead], self._seen[lead] = state, [], Seen()
        if state.owner is not None and state.stage in IN_SALES:
            self._loads[state.owner] += 1

    def catch_up(self, at: datetime) -> None:
        """Do at `at` what is overdue for the leads that were taken over, before all else."""
        for lead in sorted(self._past, key=self._places.__getitem__):
            if lead not in self._next:
                self._turn(lead, None, (self.states[lead].at or at) - _SECOND)
        while (due := self.next_due()) is not None and due < at:
            self.do_due(not_before=at)

    def settle(self, at: datetime) -> None:
        """Let each lead that was taken over look for what is due; its mails arrive at `at`."""
        for lead in sorted(self._past, key=self._places.__getitem__):
            for mail in self.states[lead].mails:
                self.take(lead, Result(key=mail.key, arrived=at, outcome="sent"))
            if lead not in self._next:
                self._turn(lead, None, (self.states[lead].at or at) - _SECOND)

    def take(self, lead: str, given: Input) -> None:
        """Give a lead an input at the instant it arrives.

        What is due at this instant waits, since other inputs of the same instant go before it.
        What is for a lead that was merged goes to the one it was merged into.
        """
        own = self._own(lead)
        if own != lead and isinstance(given, Event):
            given = of_merged(given)
        lead = own
        if isinstance(given, Event) and self._seen[lead].remember(given.id, given.arrived):
            given = dataclasses.replace(given, duplicate=True)
        self._turn(lead, given, given.arrived - _SECOND)

    def merge(self, line: MergeLine) -> None:
        """Merge a lead into another: the merged lead is given it first."""
        keep, other = self._own(line.lead), line.other
        now = self._own(other) if other in self.states else None
        verdict = judge(keep, other, now)
        if verdict == "done":
            return
        if verdict != "do":
            refused = MergedFrom(arrived=line.at, other=other, why=verdict, into=now)
            self.take(keep, refused)
            return
        state = self.states[keep]
        digest = self._newest.digest if state.closed else state.digest
        self.take(other, MergedInto(arrived=line.at, keep=keep, to=digest))
        merged = self.states[other].merged
        left = read_state(merged.left) if merged is not None else None
        self._seen[keep].join(self._seen[other])
        self.take(keep, MergedFrom(arrived=line.at, other=other, left=left))

    def _own(self, lead: str) -> str:
        """The lead that this one is by now: itself, or the one it was merged into."""
        while (merged := self.states[lead].merged) is not None:
            lead = merged.into
        return lead

    def publish(self, line: PublishLine) -> None:
        """Publish another version: the leads in flight are given it in the order of `leads`."""
        self._newest = line.program
        self._versions[line.program.digest] = line.program
        changed = ProgramChanged(
            arrived=line.at,
            to=line.program.digest,
            in_flight=line.in_flight,
            recheck=line.recheck,
        )
        self._tell_all(changed)

    def pause(self, line: PauseLine) -> None:
        """Pause the program, or let it go on."""
        self._paused = line.pause
        self._tell_all(ProgramPaused(arrived=line.at, pause=line.pause))

    def reengage(self, line: RunLine) -> None:
        """One run of the newest version's schedule; the leads are given it in order of `leads`."""
        chosen = select(
            self.states.values(),
            self._newest,
            line.run,
            line.at,
            lambda state: self._known(state.lead),
        )
        for lead in sorted(chosen.taken, key=self._places.__getitem__):
            version = self._newest.digest
            self.take(lead, Reengage(arrived=line.at, run=line.run, version=version))

    def _tell_all(self, given: Input) -> None:
        for lead in sorted(self.states, key=self._places.__getitem__):
            if not self.states[lead].closed:
                self.take(lead, given)

    def next_due(self) -> datetime | None:
        """When something is due next for any lead."""
        while self._wakes and self._next.get(self._wakes[0][2]) != self._wakes[0][0]:
            heapq.heappop(self._wakes)
        return self._wakes[0][0] if self._wakes else None

    def do_due(self, not_before: datetime | None = None) -> None:
        """Do what is due next, for one lead. What is overdue is done at `not_before`."""
        at, _, lead = heapq.heappop(self._wakes)
        self._turn(lead, None, at if not_before is None else max(at, not_before))

    def _turn(self, lead: str, given: Input | None, now: datetime) -> None:
        """Take an input, if any, and the results of its commands; then do what is due by `now`."""
        queue: list[Input | None] = [given]
        while queue:
            one = queue.pop(0)
            before = self.states[lead]
            inputs = () if one is None else (one,)
            decision = decide(
                rulebook(self._versions[before.digest]),
                before,
                inputs,
                now,
                people=self._people,
                taken=self._taken(lead, addresses_of(inputs)),
                versions=self._known(lead),
            )
            self.states[lead] = decision.state
            self.entries[lead].extend(decision.entries)
            self._count_load(before, decision.state)
            results = (self._perform(lead, command) for command in decision.commands)
            queue[:0] = [result for result in results if result is not None]
            wake = decision.wake
        self._next.pop(lead, None)
        if wake is not None:
            self._next[lead] = wake.at
            heapq.heappush(self._wakes, (wake.at, self._places[lead], lead))

    def _taken(self, lead: str, addresses: set[str]) -> dict[str, str]:
        """Which of these addresses are another lead's, and whose."""
        if not addresses:
            return {}
        owners = {
            address_key(str(state.profile.get("email", ""))): self._own(one)
            for one, state in self.states.items()
            if self._own(one) != lead
        }
        return {key: owners[key] for key in addresses & owners.keys()}

    def _known(self, lead: str) -> Versions:
        return Versions(
            load=self._versions.__getitem__,
            newest=lambda: self._newest.digest,
            paused=lambda: self._paused,
            timeline=lambda: (*self._past.get(lead, ()), *self.entries[lead]),
        )

    def _count_load(self, before: LeadState, after: LeadState) -> None:
        if (before.owner, before.stage) == (after.owner, after.stage):
            return
        if before.owner is not None and before.stage in IN_SALES:
            self._loads[before.owner] -= 1
        if after.owner is not None and after.stage in IN_SALES:
            self._loads[after.owner] += 1

    def _loads_of_others(self, lead: str) -> Loads:
        """Leads by owner as the assignment of this lead sees them: it counts for nobody yet."""
        state, loads = self.states[lead], self._loads.copy()
        if state.owner is not None and state.stage in IN_SALES:
            loads[state.owner] -= 1
        return lambda _members: loads

    def _with_company_owner(self, lead: str, asked: Assign) -> Assign:
        """The command, with the owner of another lead of the company to be tried first."""
        team = self._people.teams.get(asked.team or "")
        if not asked.company or team is None:
            return asked
        keys = set(asked.company)
        others = [
            CompanyLead(
                lead=one, stage=state.stage, owner=state.owner, assigned=self._assigned(one)
            )
            for one, state in self.states.items()
            if one != lead and state.merged is None and keys & set(company_keys(state.profile))
        ]
        found = company_owner(others, {one.email for one in team.members})
        return asked if found is None else dataclasses.replace(asked, prefer=found)

    def _assigned(self, lead: str) -> datetime | None:
        """When the lead's present handoff was last assigned."""
        handoff = self.states[lead].handoff
        if handoff is None:
            return None
        for one in reversed((*self._past.get(lead, ()), *self.entries[lead])):
            if one.kind == "assigned" and one.fields.get("handoff") == handoff.number:
                return one.at
        return None

    def _perform(self, lead: str, command: AnyCommand) -> Result | None:
        if isinstance(command, SendMail):
            return Result(key=command.key, arrived=command.at, outcome="sent")
        if isinstance(command, Assign):
            asked = self._with_company_owner(lead, command)
            choice = self._roster.assign(self._people, asked, self._loads_of_others(lead))
            return Result(
                key=command.key,
                arrived=command.at,
                outcome="unassigned" if choice.owner is None else "assigned",
                owner=choice.owner,
                why=choice.why,
            )
        if isinstance(command, CountAssignment):
            self._roster.count(self._people, command, self._loads_of_others(lead))
        return None


def play(scenario: Scenario) -> list[TimelineLine]:
    """Play a scenario; returns its timeline in order."""
    world = PureWorld(scenario.program, scenario.people)
    places = {lead: place for place, lead in enumerate(scenario.leads)}
    for happening in happenings(scenario):
        _run_until(world, happening.at, including=False)
        if isinstance(happening, Newcomer):
            world.create(happening, places[happening.lead])
        elif isinstance(happening, PublishLine):
            world.publish(happening)
        elif isinstance(happening, PauseLine):
            world.pause(happening)
        elif isinstance(happening, MergeLine):
            world.merge(happening)
        elif isinstance(happening, RunLine):
            world.reengage(happening)
        else:
            world.take(happening.lead, happening.given)
    _run_until(world, scenario.until, including=True)
    return in_order(
        line_of(lead, entry) for lead, entries in world.entries.items() for entry in entries
    )


def _run_until(world: PureWorld, at: datetime, *, including: bool) -> None:
    while (due := world.next_due()) is not None and (due < at or (including and due == at)):
        world.do_due()
