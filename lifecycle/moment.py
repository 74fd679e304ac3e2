"""A lead while the rules work on it: its state, the instant, and what was decided so far.

`decide` makes a moment, the rules change it one after the other, and `decide` reads the outcome
from it. A moment never leaves `decide`, so the rules are pure to their callers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.program.cel_library import cel
from lifecycle.program.expressions import Expression, context
from lifecycle.program.profile import lead_zone
from lifecycle.program.rulebook import Rulebook
from lifecycle.program.versions import Versions, unknown_version
from models.decision import OPERATIONS, Alert, Answer, AnyCommand, Entry, TrackMove
from models.directory import Directory
from models.inputs import Event
from models.instants import write_instant
from models.state import LeadState

_PLACES = 2
_BEFORE_CREATION = datetime.min.replace(tzinfo=UTC)


def rounded(value: float) -> float | int:
    """A number as the timeline shows it: two decimals, whole numbers without any."""
    short = round(value, _PLACES)
    return int(short) if short == int(short) else short


class Moment:
    """The lead as it is now, and what was decided so far in this turn."""

    def __init__(
        self,
        book: Rulebook,
        people: Directory,
        state: LeadState,
        taken: Mapping[str, str] | None = None,
        versions: Versions | None = None,
    ) -> None:
        self.book = book
        self.versions = versions or Versions(
            load=unknown_version,
            newest=lambda: state.digest,
            paused=lambda: False,
            timeline=tuple,
        )
        self.people = people
        self.state = state
        self.taken = taken or {}
        """Addresses of this turn's inputs that are another lead's: leads by address key."""
        self.at: datetime = state.at or _BEFORE_CREATION
        self.clock_at: datetime = self.at
        """The instant that clocks count by: when the input arrived, or when the item was due.

        It differs from `at` only after an outage: entries then have the real instant.
        """
        self._turn_began = self.at
        self.entries: list[Entry] = []
        self.commands: list[AnyCommand] = []
        self.answers: list[Answer] = []
        self.track_moves: list[TrackMove] = []
        self.seq = state.seq
        self._zone: tuple[Mapping[str, Any], ZoneInfo] | None = None
        self._context: cel.Context = context({}, self._did)
        self._variables: dict[str, object] = {}
        self._in_track = False
        self.via: str | None = None
        """The door of the act that is being done; entries that name a person have it too."""
        self.ended: set[str] = set()
        """The tracks that were left by the present input or due item, except by a stage."""

    # -- changes ------------------------------------------------------------------

    def move_to(self, at: datetime, *, when: datetime | None = None) -> None:
        """Move to `at`, never backwards. `when` is the instant for clocks, if not `at`."""
        self.ended.clear()
        self.at = at if self.state.at is None else max(at, self.state.at)
        self.clock_at = max(when or at, self._turn_began)
        self.change(at=self.at)

    def change(self, **fields: Any) -> None:
        """Change the lead."""
        before = self.state.track
        self.state = self.state.changed(**fields)
        after = self.state.track
        if after is None or after is before:
            return
        if before is None or (before.name, before.entered, before.step) != (
            *(after.name, after.entered, after.step),
        ):
            move = TrackMove(
                at=self.at, digest=self.state.digest, track=after.name, step=after.step
            )
            self.track_moves.append(move)

    def follow(self, book: Rulebook) -> None:
        """Go on by another version of the program."""
        self.book = book
        self.change(digest=book.program.digest, program=book.program.program)
        self._zone = None
        self._variables.clear()

    def reopen(self) -> None:
        """Open the lead again if it is closed."""
        if self.state.closed:
            self.change(closed=False)
            self.record("reopened", stage=self.state.stage)
            self.pause_with_program()

    def pause_with_program(self) -> None:
        """Stop the track of a lead that is created or reopened while its program is paused."""
        if self.versions.paused():
            self.pause()

    def pause(self) -> None:
        """Stop the track, because the program is paused. Paused twice is paused once."""
        if self.state.paused_since is None:
            self.change(paused_since=self.at)
            self.record("paused", why="program")

    def record(self, kind: str, **fields: Any) -> None:
        """Record a timeline entry. Fields that are None are left out; instants become text.

        An entry with `by` also has `via`, the door of the act.
        """
        if self.via is not None and "by" in fields:
            fields.setdefault("via", self.via)
        written = {
            name: write_instant(value) if isinstance(value, datetime) else value
            for name, value in fields.items()
            if value is not None
        }
        self.seq += 1
        self.entries.append(Entry(seq=self.seq, at=self.at, kind=kind, fields=written))

    def command(self, command: AnyCommand) -> None:
        """Give a command."""
        self.commands.append(command)

    def notify(self, to: str | None, why: str, text: str) -> None:
        """Alert a sales person without a timeline entry."""
        if to is not None:
            key = f"{self.state.lead}/alert/{self.seq}/{why}/{len(self.commands)}"
            handoff = self.state.handoff.number if self.state.handoff is not None else None
            self.command(Alert(key=key, at=self.at, to=to, why=why, text=text, handoff=handoff))

    def alert(self, to: str | None, why: str, text: str) -> None:
        """Alert a sales person, and record it on the timeline."""
        if to is not None:
            self.record("alerted", who=to, why=why)
            self.notify(to, why, text)

    def alert_responsible(self, to: str | None, why: str, text: str) -> None:
        """Alert who must decide. Without such a person, the operations contact hears of it.

        Then the program's team is missing or has no manager. The timeline has no entry for it,
        because the rules do not know the contact.
        """
        if to is not None:
            self.alert(to, why, text)
        elif self.book.program.handoff is not None:
            self.notify(OPERATIONS, why, text)

    # -- questions --------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """The lead's time zone."""
        if self._zone is None or self._zone[0] is not self.state.profile:
            self._zone = (self.state.profile, lead_zone(self.state.profile, self.book.program))
        return self._zone[1]

    @property
    def handoff_open(self) -> bool:
        """Whether sales has still to decide: until qualified, a second handoff until accepted."""
        return handoff_open(self.state)

    @property
    def manager(self) -> str | None:
        """The manager of the team that has the handoff."""
        handoff = self.state.handoff
        return None if handoff is None else self.people.manager_of(handoff.team)

    def engagement(self, at: datetime | None = None) -> float:
        """The engagement score, decayed to now or to a later instant."""
        state = self.state
        half_life = self.book.half_life
        if half_life is None or state.engagement == 0.0 or state.engagement_at is None:
            return state.engagement
        return state.engagement * decay(at or self.at, state.engagement_at, half_life)

    def holds(self, asked: Expression | None, *, track: bool = False) -> bool:
        """Whether an expression holds now. An expression that is not given does not hold.

        With `track`, `did()` looks at the time since the track was entered. Without it, `did()`
        looks at this cycle.
        """
        if asked is None:
            return False
        for name in asked.variables:
            self._set_variable(name)
        self._in_track = track
        return asked.holds(self._context)

    def did(self, signature: str, *, track: bool = False) -> bool:
        """What `did()` says now of a signature; `track` as in `holds`."""
        self._in_track = track
        return self._did(signature)

    def set_event(self, event: Event) -> None:
        """Make `event` the event that expressions ask about."""
        fields = {"type": event.type, "subject": event.subject, "data": dict(event.data)}
        try:
            self._context.add_variable("event", fields)
        except (OverflowError, ValueError, TypeError):
            # Data from outside may hold a value that CEL does not have, such as 10^30.
            self._context.add_variable("event", fields | {"data": {}})

    def _set_variable(self, name: str) -> None:
        """Set a variable of the expressions, unless it is set to the same value already."""
        state = self.state
        known, value = self._variables.get(name), self.value_of(name)
        if value is None or known is value or known == value:
            return
        self._variables[name] = value
        if name == "lead":
            seen = {one: kept for one, kept in state.profile.items() if one in self.book.fields}
            value = {**dict.fromkeys(self.book.flags, False), **seen}
        self._context.add_variable(name, value)

    def value_of(self, name: str) -> object:
        """The present value of a variable of expressions; None for `event`."""
        state = self.state
        if name == "score":
            engagement = self.engagement()
            total = state.fit + engagement
            return {"fit": state.fit, "engagement": engagement, "total": total}
        if name == "lead":
            return state.profile
        if name == "reached":
            return sorted(state.reached | {state.stage})
        return getattr(state, name) if name in ("stage", "motion", "cycle") else None

    def _did(self, signature: str) -> bool:
        track = self.state.track
        if self._in_track:
            return track is not None and signature in track.did
        return signature in self.state.did


def handoff_open(state: LeadState) -> bool:
    """`Moment.handoff_open` of any state."""
    handoff = state.handoff
    if handoff is None or handoff.over:
        return False
    if handoff.second:
        return state.stage == "sql" and handoff.accepted is None
    return state.stage in ("mql", "sal")


def decay(now: datetime, since: datetime, half_life: timedelta) -> float:
    """What is left of one point after the time from `since` to `now`: 0.5^(elapsed/half-life)."""
    elapsed = (now - since) / half_life
    return float(0.5**elapsed) if elapsed > 0 else 1.0
