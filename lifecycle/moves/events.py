"""Creation and events: timeline, profile, scores, suppression, lifecycle rules, track."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.handoff import meetings, unreachable_owner
from lifecycle.handoff.handoff import change_handoff
from lifecycle.moment import Moment, rounded
from lifecycle.moves.addresses import without_taken
from lifecycle.moves.qualification import check_disqualify, check_hand_raise, check_scores, is_late
from lifecycle.nurture import consent, opt_in, pause, suppression, tracks
from lifecycle.program.creation import CREATION_FIELDS, read_creation
from lifecycle.program.expressions import did_signature
from lifecycle.program.profile import read_profile, zone_problem
from lifecycle.scoring import score_event, score_fit
from lifecycle.stages import IMPORTED
from models.inputs import Created, Event

NOT_HUMAN = frozenset(
    {
        "email.delivered",
        "email.bounced",
        "email.complained",
        "email.unsubscribed",
        "email.resubscribed",
        "email.reinstated",
        "profile.updated",
        meetings.CANCELLED,
        unreachable_owner.LEFT,
        unreachable_owner.UNREACHABLE,
    }
)
"""Event types that are not human engagement."""

_CHANGES_PROFILE = frozenset({"profile.updated", consent.GIVEN, consent.CONFIRMED})

_MAX_PROBLEMS_IN_NOTE = 10
"""The most problems of a profile that one note names."""


def create_lead(m: Moment, creation: Created) -> None:
    """Create the lead. Creation counts as a profile change, but no track is left by its exit."""
    program = m.book.program
    given = {
        name: creation.profile.get(name) for name in CREATION_FIELDS if name not in program.fields
    }
    begins = read_creation(given)
    rest = {name: value for name, value in creation.profile.items() if name not in given}
    own, taken = without_taken(m, rest)
    read = read_profile(own, program)
    m.change(
        created=m.at,
        since=m.at,
        cycle_at=m.at,
        last_human=m.at,
        profile=read.values,
        stage=begins.stage,
        reason=IMPORTED if begins.stage == "disqualified" else None,
        previous_owner=begins.owner,
    )
    choose_motion(m)
    # The motion of who was a customer before stays, as that of who became one here.
    m.change(was_mql=begins.stage == "customer")
    notes = [*begins.problems, *read.problems.values(), taken, zone_problem(read.values, program)]
    m.record(
        "created",
        program=program.program,
        digest=m.state.digest,
        stage=m.state.stage,
        motion=m.state.motion,
        note=joined_notes(notes),
    )
    m.pause_with_program()
    score_fit(m)
    if not (begins.stage != "disqualified" and check_disqualify(m)):
        check_scores(m)
    opt_in.request_confirmation(m)
    tracks.enter_next(m)


def apply_event(m: Moment, event: Event) -> None:
    """Apply an event."""
    human = event.type not in NOT_HUMAN
    if _ignored(m, event, human=human):
        return
    late = is_late(event)
    m.set_event(event)
    _remember(m, event, human=human, late=late)
    motion = m.state.motion
    update = None
    if event.type in _CHANGES_PROFILE:
        consents = event.type != "profile.updated"
        update = _update_profile(m, {"consent": True} if consents else event.data)
    points = score_event(m, event)
    m.record(
        "event",
        event=event.id,
        type=event.type,
        subject=event.subject or None,
        points=rounded(points),
        engagement=rounded(m.state.engagement),
        late=late or None,
        machine=event.machine or None,
        happened=event.at if event.at != m.at else None,
    )
    if event.type in (consent.GIVEN, consent.CONFIRMED):
        consent.record_consent(m, event)
    if update is not None:
        _record_update(m, update)
    suppression.apply_event(m, event)
    pause.apply_event(m, event, back=human and not late)
    unreachable_owner.apply_event(m, event)
    changed = update is not None and bool(update.names)
    if not (changed and check_disqualify(m)) and not check_hand_raise(m, event):
        check_scores(m)
    if event.type in meetings.TYPES:
        if meetings.apply_event(m, event) and m.state.owner is not None:
            log_touch(m, m.state.owner, "meeting")
        meetings.hold(m)
    if m.state.motion != motion:
        tracks.check_motion(m)
    if event.type == consent.CONFIRMED:
        tracks.enter_next(m)
    tracks.follow_event(m, event, late=late, changed=changed)


def _ignored(m: Moment, event: Event, *, human: bool) -> bool:
    """Whether the event has no effect: a duplicate, or engagement by a machine."""
    if event.duplicate:
        m.record("ignored", event=event.id, type=event.type, why="duplicate")
        return True
    if event.machine and human:
        m.record("ignored", event=event.id, type=event.type, why="machine")
        pause.apply_out_of_office(m, event)
        return True
    return False


def _remember(m: Moment, event: Event, *, human: bool, late: bool) -> None:
    state = m.state
    if human and (state.last_human is None or event.at > state.last_human):
        m.change(last_human=event.at)
    since = state.cycle_at
    in_cycle = since is None or event.at >= since
    if human and in_cycle and not state.human_since_recycle:
        m.change(human_since_recycle=True)
    if late or event.machine:
        return
    both = {did_signature(event.type), did_signature(event.type, event.subject)}
    asked = m.book.did_signatures & both
    if asked:
        if in_cycle and not asked <= state.did:
            m.change(did=state.did | asked)
        tracks.remember_event(m, event, asked)


def joined_notes(notes: Iterable[str | None]) -> str | None:
    """The notes of an entry as one text, at most ten of them; None if there is none."""
    given = [note for note in notes if note]
    more = (
        [f"and {len(given) - _MAX_PROBLEMS_IN_NOTE} more"]
        if len(given) > _MAX_PROBLEMS_IN_NOTE
        else []
    )
    return "; ".join([*given[:_MAX_PROBLEMS_IN_NOTE], *more]) or None


@dataclass(frozen=True, slots=True)
class _Update:
    """What a change of the profile changed."""

    names: list[str]
    """The fields that changed, and `motion` if that did."""
    notes: list[str | None]


def _update_profile(m: Moment, data: Mapping[str, Any]) -> _Update:
    """Change the profile, the motion and the fit. It is recorded after the event."""
    before = m.state.profile
    data, taken = without_taken(m, data)
    read = read_profile(data, m.book.program)
    profile = {name: value for name, value in before.items() if name not in read.cleared}
    profile |= read.values
    names = sorted(
        name
        for name in {*before, *profile}
        if before.get(name) != profile.get(name) or (name in before) != (name in profile)
    )
    notes: list[str | None] = [*read.problems.values(), taken]
    if not names:
        return _Update(names, notes)
    m.change(profile=profile)
    if "timezone" in names:
        notes.append(zone_problem(profile, m.book.program))
    motion = m.state.motion
    if not m.state.was_mql:
        choose_motion(m)
    if m.state.motion != motion:
        names.append("motion")
    score_fit(m)
    return _Update(names, notes)


def _record_update(m: Moment, update: _Update) -> None:
    note = joined_notes(update.notes)
    if update.names or note is not None:
        m.record("profile", changed=update.names, note=note)
    if "email" in update.names:
        suppression.forget_soft_bounces(m)
        m.change(confirmed=None)
        suppression.lift(m, "bounced")
        opt_in.request_confirmation(m)


def choose_motion(m: Moment) -> None:
    """Set the motion: that of the first door that holds."""
    for when, motion in m.book.doors:
        if when is None or m.holds(when):
            m.change(motion=motion)
            return
    m.change(motion="sales")


def log_touch(m: Moment, by: str, channel: str | None, note: str | None = None) -> None:
    """Record a touch and count it in the handoff. The first touch ends the first_touch clock."""
    handoff = m.state.handoff
    number = None
    if handoff is not None:
        number = handoff.touches + 1
        kept = tuple(clock for clock in handoff.clocks if clock.name != "first_touch")
        change_handoff(m, touches=number, clocks=kept)
    m.record("touched", by=by, channel=channel, n=number, note=note)
