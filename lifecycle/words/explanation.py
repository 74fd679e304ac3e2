"""Why a lead does not go on: what is missing for the next stages, which track, and why not another.

Pure, like the rules: it asks the same questions of the lead's state and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lifecycle.moment import Moment
from lifecycle.nurture.consent import confirmation_awaited
from lifecycle.program.expressions import Expression
from lifecycle.program.rulebook import CompiledTrack, Rulebook
from lifecycle.stages import TRACKLESS, WITH_MARKETING
from lifecycle.words.clauses import Clause, clauses
from lifecycle.words.time_text import spoken_instant
from models.directory import Directory
from models.state import LeadState

_OWN_PAUSES = {"asked": "the person asked for it", "out_of_office": "the person is out of office"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A stage that the lead may reach by a rule, and the clauses of that rule."""

    stage: str
    clauses: tuple[Clause, ...]
    """Empty if the program has no such rule."""

    @property
    def missing(self) -> tuple[Clause, ...]:
        """The clauses that do not hold now."""
        return tuple(one for one in self.clauses if not one.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackChoice:
    """A track of the program: it runs, or why it does not."""

    name: str
    runs: bool
    why_not: str
    clauses: tuple[Clause, ...] = ()
    """Those of its `for`, where they are the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One lead at one instant."""

    lead: str
    stage: str
    motion: str
    closed_to_scores: str | None
    """Why scores do not move it now, whatever they are; None if they may."""
    goals: tuple[Goal, ...]
    tracks: tuple[TrackChoice, ...]
    exit: tuple[Clause, ...]
    """The running track's `exit`: when all of it holds, the track ends before its next step."""
    stands_still: tuple[str, ...] = ()
    """Why no mail or no step comes, whatever the tracks say, and which version it waits for."""


def explain(book: Rulebook, state: LeadState, people: Directory, at: datetime) -> Explanation:
    """Explain a lead at this instant of the program's clock."""
    m = Moment(book, people, state)
    m.at = max(at, m.at)
    running = book.tracks.get(state.track.name) if state.track is not None else None
    leaves = running.exit if running is not None else None
    return Explanation(
        lead=state.lead,
        stage=state.stage,
        motion=state.motion,
        closed_to_scores=_closed_to_scores(m),
        goals=tuple(_goals(m)),
        tracks=_tracks(m),
        exit=clauses(m, leaves, track=True) if leaves is not None else (),
        stands_still=tuple(_stands_still(m)),
    )


def _closed_to_scores(m: Moment) -> str | None:
    state = m.state
    if state.stage not in WITH_MARKETING:
        return f"a lead in stage {state.stage} is moved by people, not by scores"
    if state.cool_off_until is not None:
        return f"it is left alone until {_when(m, state.cool_off_until)}"
    if state.stage == "recycled" and not state.human_since_recycle:
        return "it was given back and has done nothing itself since then"
    return None


def _stands_still(m: Moment) -> Iterator[str]:
    state = m.state
    if state.paused_since is not None:
        since = _when(m, state.paused_since)
        yield f"its program is paused since {since}: no step of a track is done"
    for why, until in state.pauses.items():
        if until > m.at:
            said = _OWN_PAUSES.get(why, why)
            yield f"it gets no nurture mail until {_when(m, until)}: {said}"
    if state.suppressed:
        yield f"its address gets no marketing mail: {', '.join(state.suppressed)}"
    if state.finish is not None:
        own, to = state.digest[:12], state.finish.digest[:12]
        yield f"it stays on version {own} until no track runs and no handoff is open; then {to}"


def _goals(m: Moment) -> list[Goal]:
    if m.state.stage not in WITH_MARKETING:
        return []
    qualifies = m.book.mql if m.state.motion == "sales" else m.book.mql_self_serve
    goals = [Goal(stage="mql", clauses=_clauses(m, qualifies))]
    if m.state.stage != "engaged":
        goals.insert(0, Goal(stage="engaged", clauses=_clauses(m, m.book.engaged)))
    return goals


def _clauses(m: Moment, asked: Expression | None) -> tuple[Clause, ...]:
    return clauses(m, asked) if asked is not None else ()


def _tracks(m: Moment) -> tuple[TrackChoice, ...]:
    running = m.state.track.name if m.state.track is not None else None
    general = _no_track(m)
    found, first = [], running
    for name, track in m.book.tracks.items():
        why, parts = ("", ()) if name == running else _why_not(m, track, general, first)
        if name != running and not why:
            first = first or name
            why = "it is entered when something happens to the lead"
        found.append(TrackChoice(name=name, runs=name == running, why_not=why, clauses=parts))
    return tuple(found)


def _no_track(m: Moment) -> str:
    """Why no track at all may run; empty if one may."""
    state = m.state
    if state.stage in TRACKLESS:
        return f"no track runs in stage {state.stage}"
    if state.cool_off_until is not None:
        return f"the lead is left alone until {_when(m, state.cool_off_until)}"
    return "the lead has not confirmed its consent yet" if confirmation_awaited(m) else ""


def _why_not(
    m: Moment, track: CompiledTrack, general: str, first: str | None
) -> tuple[str, tuple[Clause, ...]]:
    if general:
        return general, ()
    if track.name in m.state.left and not track.again:
        return "the lead was in it before, and it has no `again`", ()
    if track.start_on is not None:
        return f"an event begins it: {track.start_on.source}", ()
    if not m.holds(track.for_):
        return "its `for` does not hold", clauses(m, track.for_)
    if first is not None:
        return f"the lead is in the track {first}", ()
    return "", ()


def _when(m: Moment, at: datetime) -> str:
    return spoken_instant(at, m.at, m.zone)
