"""The state of a lead between two turns. It holds absolute instants and has about 2 kB.

These are plain frozen dataclasses, because the rules make thousands of them a second. `dump_state`
leaves out values that equal their default.

The file is long because a lead's state is described whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from models.known_fields import check_known


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackState:
    """The track a lead is in, and where."""

    name: str
    entered: datetime
    step: str
    """The id of the step that waits or is being sent."""
    until: datetime | None = None
    """When the step is due: the end of a wait, a limit, the next check of a deferred mail.

    A step without it whose mail is not being sent has not begun, because the program is paused.
    """
    reached: datetime | None = None
    """When the present wait or limit began; None if an older release began it."""
    stood: int = 0
    """Seconds by which the program's pauses have made this wait or limit longer."""
    sending: bool = False
    """Whether the step's mail is being sent and has no result yet."""
    did: frozenset[str] = frozenset()
    """The `did()` signatures that happened since the track was entered."""
    paused: bool = False
    """Whether the step's mail was deferred because the lead paused its mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMail:
    """A mail that is being sent: the fields of the entry that records its result."""

    key: str
    at: datetime
    email: str
    step: str
    track: str
    message: str
    variant: str | None = None
    operational: bool = False
    version: str | None = None
    """The digest of the version that sends it, if the lead has changed its version since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """One running deadline. Seconds are counted (open) seconds."""

    name: str
    start: datetime
    total: int
    counted: int
    """Seconds counted before `since`."""
    since: datetime
    """Counting goes on from here. During a hold it is in the future."""
    due: datetime
    reminders: tuple[tuple[str, int], ...] = ()
    """The reminders to come: the share as written, and its counted seconds."""
    breached: bool = False
    ran: tuple[tuple[datetime, datetime], ...] = ()
    """The stretches before `since` in which it counted, so that another calendar can count them."""
    reminded: tuple[str, ...] = ()
    """The shares that were reminded of."""
    when: str | None = None
    """The `when` of the clock in the program's list that runs: its settings count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffState:
    """The handoff a lead is in or was last in, in this cycle."""

    number: int
    team: str | None = None
    opened: datetime
    second: bool = False
    """Whether this is the handoff after qualification (`then_to`)."""
    calendar: str | None = None
    """The route's calendar: of all clocks that name none."""
    over: bool = False
    """Whether it has ended: the lead went to another team, was won, or left sales."""
    attempt: int = 0
    """The number of owners so far."""
    tried: tuple[str, ...] = ()
    """Those owners, in order."""
    prefer: str | None = None
    """Who is tried first: the previous owner, if the route prefers that."""
    company: bool = False
    """Whether the owner of another lead of the same company is tried first."""
    assigned: datetime | None = None
    accepted: datetime | None = None
    touches: int = 0
    asking: str | None = None
    """The key of the assignment command that has no result yet."""
    asked: datetime | None = None
    tries: int = 0
    """How often an owner was looked for, so that every command has its own key."""
    retry_at: datetime | None = None
    complaints: tuple[str, ...] = ()
    """Reasons for which `unassigned` is already recorded."""
    unreachable: tuple[tuple[str, str], ...] = ()
    """Alerts to the manager so far about unreachable owners: the reason and the owner."""
    clocks: tuple[ClockState, ...] = ()
    held_since: datetime | None = None
    """When the present hold began, by an act or for a meeting."""
    held_until: datetime | None = None
    """When the hold by an act ends."""
    held_seconds: int = 0
    """Elapsed seconds of holds that have ended."""
    meeting_until: datetime | None = None
    """Until when the running qualify clock is held for meetings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingState:
    """A meeting of the lead, as its latest event says."""

    said: datetime
    """The latest event's own time. An event that is older changes nothing."""
    starts: datetime | None = None
    """When it starts; None if it is cancelled, or if nobody said when."""
    touched: bool = False
    """Whether it has counted as a touch."""
    resumed: bool = False
    """Whether a `resume` has ended its hold. It holds anew when it is moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """An open task."""

    id: str
    kind: str
    owner: str | None = None
    team: str | None = None
    note: str | None = None
    """What the program says is to be done; None if an older release opened it."""
    name: str | None = None
    """What it is called; None: by its kind."""
    until: datetime | None = None
    """By when it should be done; None: whenever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneAct:
    """What an act said that was done, so that its id names no other act later."""

    do: str
    by: str
    said: str
    """A fingerprint of its other fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What an opportunity is worth."""

    amount: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedState:
    """Of a lead that was merged into another: what the other one takes over."""

    into: str
    left: Mapping[str, Any]
    """The lead as it was at the merge, as `dump_state` writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingVersion:
    """The version that a lead changes to when it has finished what it is in."""

    digest: str
    recheck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRun:
    """The latest run of a re-engagement schedule that chose this lead."""

    run: str
    why: str | None = None
    """Why the lead was not taken after all; None if it was."""


@dataclass(frozen=True, kw_only=True)
class LeadState:
    """One lead."""

    lead: str
    program: str
    digest: str
    turn: int = 0
    """The number of turns so far."""
    seq: int = 0
    """The number of the last timeline entry."""
    at: datetime | None = None
    """The instant of the last change; None before creation."""
    created: datetime | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    stage: str = "known"
    since: datetime | None = None
    """When the stage was entered."""
    reached: frozenset[str] = frozenset()
    """The stages that the lead has left or entered so far; empty before the first move."""
    motion: str = "sales"
    was_mql: bool = False
    cycle: int = 1
    cycle_at: datetime | None = None
    fit: float = 0.0
    engagement: float = 0.0
    engagement_at: datetime | None = None
    rule_points: Mapping[str, float] = field(default_factory=dict)
    """Undecayed points that a capped rule added in this cycle, by what the rule says."""
    rule_window: Mapping[str, tuple[tuple[datetime, float], ...]] = field(default_factory=dict)
    """Undecayed points in a rule's rolling window, with the time of the event."""
    did: frozenset[str] = frozenset()
    """The `did()` signatures that happened in this cycle."""
    last_human: datetime | None = None
    human_since_recycle: bool = False
    suppressed: tuple[str, ...] = ()
    soft_bounces: int = 0
    """Soft bounces in a row; those of one e-mail count once."""
    soft_bounced: tuple[str, ...] = ()
    """The names of the e-mails of these bounces, as far as they are known."""
    confirmed: datetime | None = None
    """When the consent was confirmed (double opt-in)."""
    pauses: Mapping[str, datetime] = field(default_factory=dict)
    """The lead's own pauses of its mail (`asked`, `out_of_office`) and when each ends."""
    track: TrackState | None = None
    left: frozenset[str] = frozenset()
    """Tracks finished or left in this cycle, except those left by a stage."""
    entered: Mapping[str, datetime] = field(default_factory=dict)
    """When each track was last entered."""
    times_entered: Mapping[str, int] = field(default_factory=dict)
    """How often each track was entered in this cycle."""
    sent: frozenset[str] = frozenset()
    """E-mails sent in this cycle."""
    sends: tuple[datetime, ...] = ()
    """Instants of nurture mails that frequency caps still count."""
    mails: tuple[PendingMail, ...] = ()
    owner: str | None = None
    previous_owner: str | None = None
    handoff: HandoffState | None = None
    """The handoff of this cycle, kept when it is over; None before one and after a recycle."""
    handoffs: int = 0
    """The number of handoffs so far, in all cycles."""
    handoff_at: datetime | None = None
    """When the last one was opened."""
    meetings: Mapping[str, MeetingState] = field(default_factory=dict)
    """The latest 32 meetings, by the hash of their id (of nothing, without one)."""
    deal: Deal | None = None
    cool_off_until: datetime | None = None
    recycles: int = 0
    """Recycles by a person's act."""
    reason: str | None = None
    """Why the lead was last recycled, disqualified or lost."""
    tasks: tuple[TaskState, ...] = ()
    task_count: int = 0
    acts: Mapping[str, int] = field(default_factory=dict)
    """Hashed ids of the latest 64 acts that were done, each with its turn."""
    acts_said: Mapping[str, DoneAct] = field(default_factory=dict)
    """What each of these acts said; not of those that an older release did."""
    closed: bool = False
    holdout: bool | None = None
    """Whether the lead was in the holdout at its creation; None if its present version says it,
    because the lead has never changed its version."""
    version_at: datetime | None = None
    """When the lead last changed its version. What that made overdue was due then."""
    finish: WaitingVersion | None = None
    """The version that waits until the lead has finished what it is in."""
    paused_since: datetime | None = None
    """Since when the program's pause stops this lead's track; None without one."""
    joined: tuple[str, ...] = ()
    """The leads that were merged into this one, by their own ids; also those merged into them."""
    merged: MergedState | None = None
    """If this lead was merged into another. Then it is closed, and what reaches it is sent on."""
    reengaged: datetime | None = None
    """When a schedule last re-engaged the lead."""
    reengage_run: LatestRun | None = None

    def changed(self, **fields: Any) -> LeadState:
        """The same lead with other values in these fields.

        `dataclasses.replace` costs ten times as much on so many fields, and the rules call this
        all the time. Raises TypeError for a field that does not exist.
        """
        new = object.__new__(LeadState)
        values = new.__dict__
        values.update(self.__dict__)
        values.update(fields)
        if len(values) != len(self.__dict__):
            unknown = sorted(set(values) - set(self.__dict__))
            raise TypeError(f"a lead has no {', '.join(unknown)}")
        return new


_STATES: TypeAdapter[LeadState] = TypeAdapter(LeadState)


def dump_state(state: LeadState) -> dict[str, Any]:
    """The state as JSON values, without defaults. Sets are sorted."""
    data: dict[str, Any] = _STATES.dump_python(state, mode="json", exclude_defaults=True)
    for name in ("did", "left", "reached", "sent"):
        if name in data:
            data[name] = sorted(data[name])
    if "did" in data.get("track", {}):
        data["track"]["did"] = sorted(data["track"]["did"])
    return data


def read_state(data: Mapping[str, Any]) -> LeadState:
    """A state from `dump_state`'s values. Raises pydantic.ValidationError."""
    if "paused_until" in data:  # release 0.1 knew one pause, the later of both kinds
        data = {**data, "pauses": {data.get("paused_why", "asked"): data["paused_until"]}}
    return _STATES.validate_python(data)


_OF_OLDER_RELEASES = {"paused_until", "paused_why"}


def read_whole_state(data: Mapping[str, Any]) -> LeadState:
    """A state that a turn goes on with: all of it must be known, or a newer release's is lost.

    Raises NewerReleaseError, and pydantic.ValidationError.
    """
    what = f"the state of lead {data.get('lead', '')}"
    check_known(LeadState, data, what, older=_OF_OLDER_RELEASES)
    return read_state(data)
