"""A lead as it holds now: by a publication or a pause that its rollout has not brought to it yet.

A rollout reaches the leads in flight one after the other. Each takes it in at the rollout's instant
before it does anything else. So whoever looks at a lead meanwhile is shown it as its next turn will
find it, by the same rules. Nothing is stored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from activities.envelopes import read_input
from activities.late_rollouts import with_rollout
from activities.ports import Fence
from activities.stored_versions import stored_versions
from adapters.reports.leads import LeadLine, StoredDossier
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal, lead_row
from adapters.sql.programs import SqlPrograms
from adapters.sql.rollouts import SqlRollouts
from lifecycle.decide import decide
from lifecycle.program.rulebook import rulebook
from models.decision import Decision
from models.envelopes import ProgramClock, TurnRequest, grace, program_now
from models.instants import write_instant
from models.state import LeadState

_STORED = frozenset({"id", "profile", "updated"})
"""What a lead's line keeps: no rollout changes who it is, and `updated` is when it was stored."""


def current_dossier(database: Database, found: StoredDossier) -> StoredDossier:
    """The lead as it holds now, with its timeline as far as it is stored."""
    decision = _after_rollout(database, found.state)
    if decision is None:
        return found
    row = lead_row(decision, Fence(run=0, length=0), found.line.updated)
    changed = {
        name: row[name] for name in LeadLine.__slots__ if name in row and name not in _STORED
    }
    return replace(found, state=decision.state, line=replace(found.line, **changed))


def _after_rollout(database: Database, state: LeadState) -> Decision | None:
    """What the rollout under way brings about in this lead; None if it brings about nothing."""
    rollouts = SqlRollouts(database)
    if rollouts.first_under_way(state.program) is None:
        return None
    journal, programs = SqlJournal(database), SqlPrograms(database)
    stored = journal.stored(state.lead)
    if stored is None:
        return None
    written = stored.fence.clock if stored.fence is not None else None
    clock = ProgramClock.model_validate(written) if written is not None else None
    versions = stored_versions(state, programs, journal)
    request = TurnRequest(
        lead=state.lead,
        digest=state.digest,
        state=None,
        wake=None,
        shown={},
        inputs=[],
        now=write_instant(program_now(clock, datetime.now(UTC))),
        grace=grace(clock).total_seconds(),
        fence=(0, 0),
    )
    if written is not None:
        request["clock"] = written
    waiting = with_rollout(
        request, (), state, rollouts, newest=versions.newest, paused=versions.paused
    )
    inputs = [read_input(one) for one in waiting]
    if not inputs:
        return None
    return decide(
        rulebook(programs.load(state.digest)),
        state,
        inputs,
        inputs[0].arrived,
        people=SqlDirectory(database).directory(),
        versions=versions,
    )
