"""What a launch would do: its rows, and the mails and MQLs of its new leads, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from adapters.files.leads import CheckedLeads
from adapters.files.rejects import counted_reason
from adapters.files.table import Row
from adapters.files.tried_rows import TriedRow
from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from adapters.sql.programs import SqlPrograms
from lifecycle.program.new_lead import NewLead
from lifecycle.words.person_name import person_name
from models.directory import Directory
from models.on_conflict import OnConflict
from models.program.program import Program
from simulation.pure import PureWorld
from simulation.quiet_future import play_quietly
from simulation.scenario import Newcomer
from usecases.launching import RowOutcome, dry_run

HORIZON = timedelta(days=30)
"""How far mails are expected, as in the impact of a publication."""
SAMPLE = 200
"""Futures of so many new leads, up to twice as many, are played: a second or two of a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMails:
    """Mails and MQLs a day (UTC) that new leads get and become if nobody does anything."""

    days: Mapping[date, int]
    """Mails."""
    mqls: Mapping[date, int]
    """Leads that become an MQL."""
    sampled: int
    """The new leads whose futures were played; the days are scaled up from these."""
    of: int
    """All new leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPlan:
    """What a launch would do."""

    counts: Mapping[str, int]
    """How many rows would `create`, `update`, leave `unchanged`, or be `rejected`."""
    mails: ExpectedMails
    rows: tuple[TriedRow, ...]
    """Each row with what it would do."""


def plan_launch(
    database: Database,
    leads: CheckedLeads,
    program: Program,
    people: Directory,
    *,
    conflict: OnConflict,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> LaunchPlan:
    """Say what launching these rows now would do. Rows that it would reject are put aside.

    Nothing is stored. Each new lead is taken as if it were started at once, whatever the rate.
    Addresses to which mail was stopped are not looked up. `progress` is told how many valid rows
    were tried.
    """
    counts = {"create": 0, "update": 0, "unchanged": 0, "rejected": leads.rejected}
    unusable = leads.rejected
    sample = EvenSample()
    rows = [
        _tried(one.row, RowOutcome("rejected", why=one.why))
        for one in leads.all_rows()
        if one.lead is None
    ]

    def count(lead: NewLead, row: Row, outcome: RowOutcome) -> None:
        counts[outcome.status] += 1
        rows.append(_tried(row, outcome, lead))
        progress(sum(counts.values()) - unusable)
        if outcome.status == "create":
            sample.add(lead)

    dry_run(
        SqlIntake(database, gather=timedelta(0)),
        leads,
        program,
        conflict=conflict,
        now=now,
        count=count,
    )
    paused = SqlPrograms(database).paused(program.program)
    mails = expected_mails(sample.taken, sample.seen, program, people, now=now, paused=paused)
    return LaunchPlan(counts=counts, mails=mails, rows=tuple(rows))


def _tried(row: Row, outcome: RowOutcome, lead: NewLead | None = None) -> TriedRow:
    profile = lead.profile if lead is not None else {}
    return TriedRow(
        what=outcome.status,
        line=row.line,
        lead=outcome.lead if outcome.status in ("update", "unchanged") else None,
        name=person_name(profile) or str(profile.get("email") or ""),
        why=outcome.why,
        reason=counted_reason(outcome.why),
    )


@dataclass(slots=True)
class EvenSample:
    """Leads of a list at equal distances, however long it is: the same list, the same sample."""

    taken: list[NewLead] = field(default_factory=list)
    seen: int = 0
    _every: int = 1

    def add(self, lead: NewLead) -> None:
        """Look at one more lead."""
        if self.seen % self._every == 0:
            self.taken.append(lead)
            if len(self.taken) == 2 * SAMPLE:
                self.taken = self.taken[::2]
                self._every *= 2
        self.seen += 1


def expected_mails(
    sample: Sequence[NewLead],
    of: int,
    program: Program,
    people: Directory,
    *,
    now: datetime,
    paused: bool = False,
) -> ExpectedMails:
    """Play the quiet futures of a sample of `of` new leads, and scale its mails up."""
    world = PureWorld(program, people)
    world.know({}, paused=paused, loads={})
    for place, one in enumerate(sample):
        profile = {**one.profile, **one.creation}
        world.create(Newcomer(lead=one.id, at=now, profile=profile), place)
    play_quietly(world, now, now + HORIZON)
    sent: Counter[date] = Counter()
    qualified: Counter[date] = Counter()
    for entries in world.entries.values():
        for entry in entries:
            if entry.kind == "email_sent":
                sent[entry.at.date()] += 1
            elif entry.kind == "stage" and entry.fields["to"] == "mql":
                qualified[entry.at.date()] += 1
    scale = of / len(sample) if sample else 0.0

    def scaled(counts: Counter[date]) -> dict[date, int]:
        return {day: round(count * scale) for day, count in sorted(counts.items())}

    return ExpectedMails(days=scaled(sent), mqls=scaled(qualified), sampled=len(sample), of=of)
