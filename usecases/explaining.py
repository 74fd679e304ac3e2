"""Why a lead does not go on, and what will happen to it by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from activities.ports import Programs
from lifecycle.program.rulebook import Rulebook, rulebook
from lifecycle.stages import WITH_MARKETING
from lifecycle.words.explanation import Explanation, explain
from models.decision import Entry
from models.directory import Directory
from models.state import LeadState
from simulation.impact import InFlightLead, ProgramStanding, world_of
from simulation.quiet_future import quiet_steps

HORIZON = timedelta(days=400)
"""How far the quiet future is looked at: longer than the idle rules of real programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMail:
    """The next mail that the lead gets by itself."""

    email: str
    at: datetime
    stoppers: tuple[str, ...]
    """What could still stop it, as ends of "unless …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLead:
    """An explanation with the lead's quiet future."""

    explanation: Explanation
    next_mail: NextMail | None
    next_stage: Entry | None
    """The next `stage` entry that comes by itself; None if none does within the horizon."""
    until: datetime
    """The end of the horizon."""


def explain_lead(
    state: LeadState,
    timeline: Sequence[Entry],
    programs: Programs,
    people: Directory,
    now: datetime,
) -> ExplainedLead:
    """Explain a lead by its own version of the program. `now` is the program's clock.

    `timeline` is looked at only if the lead waits for another version.
    """
    own = programs.load(state.digest)
    newest = programs.load(programs.newest_digest(state.program))
    waits = [programs.load(state.finish.digest)] if state.finish is not None else []
    world = world_of(
        ProgramStanding(
            leads=[InFlightLead(state=state, timeline=tuple(timeline))],
            versions={one.digest: one for one in (own, newest, *waits)},
            newest=newest,
            paused=programs.paused(state.program),
            people=people,
        )
    )
    entries = world.entries[state.lead]
    at = max(now, state.at or now)
    for _ in quiet_steps(world, at, at + HORIZON):
        if any(one.kind == "stage" for one in entries):
            break
    stage = next((one for one in entries if one.kind == "stage"), None)
    before = takewhile(lambda one: one is not stage, entries)
    mail = next((one for one in before if one.kind == "email_sent"), None)
    book = rulebook(programs.load(world.states[state.lead].digest))
    return ExplainedLead(
        explanation=explain(rulebook(own), state, people, now),
        next_mail=_next_mail(book, state, mail) if mail is not None else None,
        next_stage=stage,
        until=at + HORIZON,
    )


def _next_mail(book: Rulebook, state: LeadState, entry: Entry) -> NextMail:
    email = str(entry.fields["email"])
    stoppers = ["its address bounces for good", "it complains"]
    if not book.program.emails[email].operational:
        stoppers.insert(0, "unsubscribes")
    track = book.tracks.get(str(entry.fields.get("track") or ""))
    if track is not None and track.exit is not None:
        stoppers.append(f"the track's exit holds before: {track.exit.source}")
    if state.stage in WITH_MARKETING:
        stoppers.append("sales takes the lead")
    return NextMail(email=email, at=entry.at, stoppers=tuple(stoppers))
