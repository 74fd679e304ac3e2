"""A lead changes its version (docs/language.md section 11): what that does, in its order.

The change is an input with an instant. What it makes overdue is due at that instant.
"""

from __future__ import annotations

from dataclasses import replace

from lifecycle.handoff.changed_clocks import follow_clocks
from lifecycle.moment import Moment
from lifecycle.moves.events import choose_motion, joined_notes
from lifecycle.moves.qualification import check_disqualify, check_scores
from lifecycle.nurture import place, tracks
from lifecycle.nurture.did_history import found_did
from lifecycle.nurture.sending import in_holdout
from lifecycle.program.profile import read_profile
from lifecycle.program.rulebook import Rulebook, rulebook
from lifecycle.scoring import name_rules, score_fit
from models.inputs import ProgramChanged
from models.publication import InFlight
from models.state import WaitingVersion


def apply_publication(m: Moment, given: ProgramChanged) -> None:
    """Do with a lead in flight what a publication says. It replaces a version that waits."""
    if m.state.closed:
        return
    m.change(finish=None)
    if given.in_flight == "pin" or given.to == m.state.digest:
        return
    if given.in_flight == "finish":
        m.change(finish=WaitingVersion(digest=given.to, recheck=given.recheck))
    else:
        _change(m, given.to, given.in_flight, recheck=given.recheck)


def change_when_finished(m: Moment) -> None:
    """Change to the version that waits, if neither a track runs nor a handoff is open."""
    waiting = m.state.finish
    if waiting is None or m.state.track is not None or m.handoff_open or m.state.closed:
        return
    m.change(finish=None)
    _change(m, waiting.digest, "finish", recheck=waiting.recheck)


def change_closed(m: Moment) -> None:
    """Take the newest version before an event or act reaches a closed lead."""
    newest = m.versions.newest()
    if newest != m.state.digest:
        _take(m, newest, "migrate")


def change_to_version_of(m: Moment, to: str) -> None:
    """Take the version of the lead that this one is about to be merged into (steps 1 to 5)."""
    if to != m.state.digest:
        follow_clocks(m, _take(m, to, "migrate"))


def _change(m: Moment, to: str, how: InFlight, *, recheck: bool) -> None:
    motion = m.state.motion
    old = _take(m, to, how)
    follow_clocks(m, old)
    found = place.restart(m) if how == "restart" else place.find(m, old)
    if recheck and not check_disqualify(m):
        check_scores(m)
    if m.state.motion != motion:
        tracks.check_motion(m)
    tracks.check_exit(m)
    place.go_on(m, found)
    tracks.enter_next(m, again=False)


def _take(m: Moment, to: str, how: InFlight) -> Rulebook:
    """Steps 1 to 4: the entry, profile, score and motion, and `did`. Returns the old version."""
    old, new = m.book, rulebook(m.versions.load(to))
    m.record("program_changed", **{"from": m.state.digest, "to": to, "how": how})
    name_rules(m)
    m.change(
        version_at=m.at,
        holdout=in_holdout(m),
        engagement=m.engagement(),
        engagement_at=m.at,
        mails=tuple(replace(one, version=one.version or m.state.digest) for one in m.state.mails),
    )
    m.follow(new)
    _read_again(m)
    _look_up(m, new.did_signatures - old.did_signatures)
    return old


def _read_again(m: Moment) -> None:
    """Read the profile by the new fields, then sum the fit and ask the doors."""
    profile = m.state.profile
    seen = {one: kept for one, kept in profile.items() if one in m.book.fields}
    read = read_profile(seen, m.book.program)
    lost = set(read.problems) | read.cleared
    kept = {one: value for one, value in profile.items() if one not in lost}
    m.change(profile=kept | read.values)
    score_fit(m)
    motion = m.state.motion
    if not m.state.was_mql:
        choose_motion(m)
    changed = [*sorted(lost), *(["motion"] if m.state.motion != motion else [])]
    if changed:
        m.record("profile", changed=changed, note=joined_notes(read.problems.values()))


def _look_up(m: Moment, asked: frozenset[str]) -> None:
    """Look up in the timeline whether the lead did what only the new version asks for."""
    if not asked:
        return
    in_cycle, in_track = found_did([*m.versions.timeline(), *m.entries], asked, m.state)
    m.change(did=m.state.did | in_cycle)
    if m.state.track is not None:
        m.change(track=replace(m.state.track, did=m.state.track.did | in_track))
