"""One run of a re-engagement schedule: which leads it takes, and why it takes no others.

Pure functions over stored states, for the simulator, the preview and the real run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle.moment import Moment
from lifecycle.nurture.reengagement import NO_SCHEDULE, idle_since, why_not
from lifecycle.program.rulebook import CompiledReengagement, Rulebook, rulebook
from lifecycle.program.versions import Versions
from models.directory import Directory
from models.program.program import Program
from models.state import LeadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A lead in flight as a run sees it. `why` it is not taken; None if it may be taken."""

    lead: str
    idle_since: datetime
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The leads that a run takes, the longest idle first, and what becomes of the others."""

    taken: tuple[str, ...]
    left_over: tuple[str, ...]
    """Those for the next run, because this one takes no more."""
    why_not: Mapping[str, int]
    """How many leads are not taken for each reason."""


def look(
    book: Rulebook,
    state: LeadState,
    asked: CompiledReengagement | None,
    at: datetime,
    versions: Versions,
) -> Looked:
    """Look at a lead at `at`, or at its last change if that is later. `book`: its own version."""
    m = Moment(book, Directory(), state, versions=versions)
    m.move_to(at)
    since = idle_since(state) or m.at
    why = NO_SCHEDULE if asked is None else why_not(m, asked)
    return Looked(lead=state.lead, idle_since=since, why=why)


def choose(looked: Iterable[Looked], at_most: int | None) -> Selection:
    """Choose at most so many leads, the longest idle first, then by id."""
    leads = list(looked)
    eligible = sorted((one.idle_since, one.lead) for one in leads if one.why is None)
    found = tuple(lead for _, lead in eligible)
    reasons = Counter(one.why for one in leads if one.why is not None)
    return Selection(
        taken=found[:at_most],
        left_over=() if at_most is None else found[at_most:],
        why_not=dict(sorted(reasons.items())),
    )


def select(
    states: Iterable[LeadState],
    newest: Program,
    run: str,
    at: datetime,
    versions_of: Callable[[LeadState], Versions],
) -> Selection:
    """Choose among all leads in flight. Those that this run has chosen before are left aside.

    The ones that it took before count in `at_most`, so the same run twice takes nobody twice.
    """
    asked = rulebook(newest).reengagement
    looked: list[Looked] = []
    before = 0
    for state in states:
        latest = state.reengage_run
        if state.closed or (latest is not None and latest.run == run):
            before += latest is not None and latest.run == run and latest.why is None
            continue
        versions = versions_of(state)
        looked.append(look(rulebook(versions.load(state.digest)), state, asked, at, versions))
    most = asked.at_most if asked is not None else None
    return choose(looked, None if most is None else max(most - before, 0))
