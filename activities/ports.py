"""What activities need from outside, as small Protocols that adapters satisfy.

All methods block (they run in the activities' threads) unless they are coroutines.
If a server or database can't be reached, a method raises, and Temporal tries again.

The file is long because each port is described whole, for whoever writes an adapter or a fake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from activities.circuit_breaker import Breaker, Evidence
from activities.late_rollouts import RolloutsUnderWay
from activities.meter import UNMETERED, Meter
from models.decision import Alert, Assign, CountAssignment, Decision, Entry, SendMail, Wake
from models.directory import Directory
from models.durations import Rate
from models.program.program import Program
from models.state import LeadState

Payload = dict[str, Any]
"""JSON values, in a history or in a message that is sent."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fence:
    """Who writes a turn: the run's start (microseconds since 1970), its history's length, its id.

    It says which of two writers of the same turn was first; the turn's number decides. A lead of a
    demonstration has a `clock` (`ProgramClock` as JSON), on which a later run goes on.
    """

    run: int
    length: int
    run_id: str = ""
    clock: Payload | None = None


Taken = tuple[str, str | None, str | None]
"""An input that a turn took in: its fingerprint, and the refusal that its sender got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLead:
    """A lead as its row stores it."""

    state: LeadState
    seen: tuple[str, ...]
    """Ids of the latest 1,000 events on its timeline, oldest first."""
    asked: tuple[Payload, ...] = ()
    """Commands whose results it awaits, as `activities.turn.write_command` writes them."""
    fence: Fence | None = None
    """Who wrote it."""
    taken: tuple[Taken, ...] = ()
    """What its last turn took in."""
    wake: Wake | None = None
    """When the rules must run again without an input."""


class Programs(Protocol):
    """Published programs."""

    def load(self, digest: str) -> Program:
        """The program of this digest. Raises LookupError if none was published."""
        ...

    def newest_digest(self, name: str) -> str:
        """The digest of the newest version of this program. Raises LookupError if there is none."""
        ...

    def paused(self, name: str) -> bool:
        """Whether this program is paused."""
        ...


class People(Protocol):
    """The directory and its counters."""

    def directory(self) -> Directory:
        """The people as last applied; without any, an empty directory."""
        ...

    def assign(self, lead: str, command: Assign, turn: int) -> tuple[str | None, str | None]:
        """Choose an owner in one transaction: (owner, None) or (None, why). Idempotent on key.

        `turn` is the number of the lead's turn that asks. If the lead stores that turn, or a later
        one, without recording the assignment, it is taken back.
        """
        ...

    def count(self, lead: str, command: CountAssignment, turn: int) -> None:
        """Count an assignment made by hand, as `assign` does. Idempotent on key."""
        ...


class Journal(Protocol):
    """The timeline and the rows that lists and reports read."""

    def stored(self, lead: str) -> StoredLead | None:
        """The lead as its row stores it, or None."""
        ...

    def state(self, lead: str) -> LeadState | None:
        """The lead's state alone, or None."""
        ...

    def turns(self, leads: Sequence[str]) -> Mapping[str, int]:
        """The number of the last turn of each of these leads that has a row."""
        ...

    def others(self, lead: str, addresses: Collection[str]) -> dict[str, str]:
        """Which of these addresses (by their keys) are another lead's, and whose."""
        ...

    def cycle(self, lead: str, since: datetime | None) -> tuple[Entry, ...]:
        """The lead's entries `event`, `track_entered` and `recycled` from `since` on, by seq."""
        ...

    def known_events(self, leads: Collection[str], ids: Collection[str]) -> Collection[str]:
        """Which of these event ids are on the timelines of these leads."""
        ...

    def record(
        self,
        decision: Decision,
        fence: Fence,
        now: datetime,
        *,
        taken: Sequence[Taken] = (),
        asked: Sequence[Payload] = (),
        addresses: Collection[str] = (),
    ) -> StoredLead | None:
        """Store a turn in one transaction, once: if its number is stored, nothing changes.

        Then the row is returned, and a writer that came too late goes on from it. `taken` is what
        the turn took in. `asked` are the commands whose results the lead awaits after it.
        `addresses` are those that its inputs named: the lead gets the one it has now, and the
        others are free. Raises, and stores nothing, if that one became another lead's since
        `others` was asked.
        """
        ...


Arrived = tuple[str, str]
"""An act whose arrival is stored: its id, and the fingerprint of what it says."""


class Arrivals(Protocol):
    """When acts and events arrived at our doors, as stored at that time."""

    def of(
        self, lead: str, *, acts: Sequence[Arrived], events: Sequence[str]
    ) -> Mapping[Arrived | str, datetime]:
        """When these acts and events (by id) arrived, by the program's clock."""
        ...

    def asked(self, lead: str, due: datetime) -> Sequence[str]:
        """The ids of acts that arrived by `due` and whose answer somebody waits for now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """A signal as Temporal's history has it."""

    name: str
    body: Any
    at: datetime
    """When Temporal got it (wall clock)."""


class SignalTimes(Protocol):
    """Temporal's own record of signals."""

    def of(self, lead: str, run: str) -> Sequence[Signalled]:
        """The signals of a run, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is known of a mail before it is sent.

    `new`: nobody has tried, or the last try is known to have failed; it is now claimed. `unknown`:
    a try was claimed and never settled. The others are its outcome.
    """

    status: Literal["new", "unknown", "sent", "skipped", "failed"]
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A mail ready to be sent: both bodies are always there."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    """Without angle brackets."""
    headers: Mapping[str, str]
    envelope_from: str | None = None
    """Where a mail that can't be delivered is returned to; None: the sender."""
    links: tuple[str, ...] = ()
    """Where its tracked links lead, by number; number 0 is the one that no person can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """An alert as a mail to one person, and as a message to the team's chat."""

    mail: Rendered
    chat: Payload
    """JSON as Slack's incoming webhooks take it."""
    section: Payload = field(default_factory=dict)
    """What a mail with several alerts says of this one."""


class MailLedger(Protocol):
    """The mail ledger: the result of each mail, by its key."""

    def claim(self, lead: str, key: str, message: str, at: datetime) -> Claim:
        """Claim a mail for sending, in one transaction."""
        ...

    def release(self, key: str) -> None:
        """Release a claim: the server did not accept the mail."""
        ...

    def settle(
        self, key: str, status: Literal["sent", "skipped", "failed"], why: str | None = None
    ) -> Claim:
        """Record its outcome; the outcome that it has. The first one is kept."""
        ...

    def standing(self, key: str, mail: Rendered, *, operational: bool) -> Claim | None:
        """The outcome of this mail, which may be unknown; None if it may be sent now.

        It only reads. A mail to a suppressed address is `skipped`, also if it has no row yet.
        """
        ...

    def begin(self, lead: str, command: SendMail, mail: Rendered) -> Claim:
        """Claim a nurture mail whose content is sent next, unless its address is suppressed.

        One transaction, right before the content is sent: a mail to a suppressed address is settled
        as skipped (`bounced`, `complained`, `unsubscribed`). The e-mail's name, the address and the
        links are stored, so that bounces, clicks and replies can be matched.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingAlert:
    """An alert that is not sent yet."""

    lead: str
    command: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMail:
    """A mail to one person that was begun: the alerts that it holds are claimed."""

    key: str
    alerts: tuple[WaitingAlert, ...]
    """The most urgent first."""
    again: bool = False
    """Whether an earlier try began it, so that the person may have it."""


class AlertQueue(Protocol):
    """Alerts that wait for their person's next mail, and the mails that hold them.

    What a mail holds is stored before it is sent. So a try after a killed worker sends the same
    mail, with the same key.
    """

    def enter(
        self, lead: str, alert: Alert, every: timedelta
    ) -> Claim | timedelta | AlertMail | tuple[WaitingAlert, ...]:
        """Store an alert, once, and say what its activity does now.

        A Claim: nothing, this is the alert's outcome. A time: ask again after it. A mail: send it;
        an earlier try began it. Alerts: render them, `begin` a mail with those that can be
        rendered, and send it; this alert is among them, the most urgent is first.
        `every` is the time between two mails to a person.
        """
        ...

    def begin(self, alert: Alert, keys: Sequence[str], every: timedelta) -> AlertMail | None:
        """Claim these waiting alerts for one mail, which the activity of `alert` sends.

        None if that is no longer so: another one was faster. Then `enter` again.
        """
        ...

    def settle(
        self, mail: AlertMail, status: Literal["sent", "failed"], why: str | None = None
    ) -> None:
        """Record the outcome of a mail: that of each alert that it holds."""
        ...

    def unsent(self, mail: AlertMail, *, answered: bool) -> timedelta:
        """The server did not accept a mail: its alerts wait again. For how long.

        A mail that the person may have from an earlier try stays the same. `answered`: the server
        said "not now".
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A mail's place under some rates."""

    wait: timedelta
    """How long until it comes."""
    taken: Mapping[str, datetime] = field(default_factory=dict)
    """By rate, until when it was taken; empty if it was too far away to be taken."""


class Rates(Protocol):
    """The most mail in a time, for all workers together."""

    def reserve(self, rates: Mapping[str, Rate], patience: timedelta) -> Reservation:
        """A place under all these rates; taken if it comes within `patience`."""
        ...

    def give_back(self, rates: Mapping[str, Rate], place: Reservation) -> None:
        """Give back the place of a mail of which nothing was sent."""
        ...


class Breakers(Protocol):
    """Circuit breakers: which routes of mail are stopped, for all workers together."""

    def wait(self, routes: Sequence[str]) -> timedelta | None:
        """How long a mail on these routes waits; None: they are closed; zero: it is the probe."""
        ...

    def accepted(self, routes: Sequence[str]) -> tuple[Breaker, ...]:
        """Record that a mail was accepted; the routes as they were, if that changed any."""
        ...

    def refused(
        self, routes: Sequence[str], address: str, evidence: Evidence, why: str
    ) -> tuple[tuple[Breaker, ...], tuple[Breaker, ...]]:
        """Record a refusal: these routes after it, and those of them that it opened."""
        ...


class Renderer(Protocol):
    """Makes mail from templates."""

    def marketing(
        self, program: Program, state: LeadState, people: Directory, command: SendMail
    ) -> Rendered:
        """An e-mail of the program for this lead. Raises ValueError if it can't be rendered."""
        ...

    def alert(
        self,
        program: Program,
        state: LeadState,
        people: Directory,
        timeline: tuple[Entry, ...],
        command: Alert,
    ) -> AlertNotice:
        """An alert to a person of sales."""
        ...

    def alerts(self, notices: Sequence[AlertNotice], key: str) -> Rendered:
        """One mail with all these alerts to one person, the most urgent first. Its key is `key`."""
        ...

    def route_notice(self, program: Program, stopped: Breaker, contact: str, key: str) -> Rendered:
        """The mail to the operations contact about a route of mail that is stopped.

        Raises ValueError if an address is not one.
        """
        ...

    def operations_notice(
        self, program: Program, people: Directory, team: str | None, lead: str, command: Alert
    ) -> Rendered:
        """A mail to the operations contact: nobody is alerted for this team. `to` is an address."""
        ...


class Digests(Protocol):
    """Writes digests: managers read how the handoffs of their teams stand."""

    def mail(
        self, program: Program, people: Directory, manager: str, at: datetime, key: str
    ) -> Rendered | None:
        """The digest of this program for one manager; None if they have no handoff of it.

        Raises ValueError if an address is not one.
        """
        ...


class MailUnsentError(Exception):
    """The server surely did not take the mail; worth another try.

    `answered`: it was there and said "not now" (4XX), so that the next try has time. `about_us`:
    its words were about our servers, our rate or our login.
    """

    def __init__(self, message: str, *, answered: bool = False, about_us: bool = False) -> None:
        super().__init__(message)
        self.answered = answered
        self.about_us = about_us


RefusalKind = Literal["bounced", "soft_bounced", "refused", "unsendable"]


class MailRefusedError(Exception):
    """The server refused the mail permanently; the message says why.

    `kind` says what that means: the address does not exist (`bounced`), or it may be fine
    (`soft_bounced`: a full mailbox). `refused`: that is about our servers, our domain, our rate or
    our letters, so the mail may go when that is mended. `unsendable`: this mail never can.
    """

    def __init__(self, message: str, kind: RefusalKind = "unsendable") -> None:
        super().__init__(message)
        self.kind = kind


class Mailer(Protocol):
    """Gives mail to a mail server."""

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Send one mail.

        `before_content` is awaited when the server waits for the content, right before it is sent.
        If it raises, nothing is sent, and its error is raised. Raises MailUnsentError (not
        accepted, for example no connection, or 4xx before the data), MailRefusedError (5xx), or any
        other error if the outcome is unknown.
        """
        ...


class ChatAwayError(Exception):
    """The chat did not accept a message; another try may succeed."""


class ChatRefusedError(Exception):
    """The chat refused a message permanently; the error says why, without the URL."""


class Chat(Protocol):
    """The chats of sales teams."""

    @property
    def in_use(self) -> bool:
        """Whether any team has a chat. Without one, an alert does not ask which team it is of."""
        ...

    def reaches(self, team: str | None) -> bool:
        """Whether this team has a chat."""
        ...

    async def post(self, team: str | None, message: Payload) -> None:
        """Post a message to a team's chat. Raises ChatAwayError and ChatRefusedError."""
        ...


class Timelines(Protocol):
    """Timelines as stored."""

    def timeline(self, lead: str) -> tuple[Entry, ...]:
        """A lead's entries in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports that activities use."""

    programs: Programs
    people: People
    journal: Journal
    timelines: Timelines
    mail_ledger: MailLedger
    alert_queue: AlertQueue
    renderer: Renderer
    mailer: Mailer
    alerts: Mailer
    """For mail to sales: a mailer of its own, so that no alert waits behind mail to leads."""
    chat: Chat
    rates: Rates
    breakers: Breakers
    digests: Digests
    meter: Meter = UNMETERED
    operations_contact: str | None = None
    """Who hears of a team that is missing or has no manager, and of a route that is stopped."""
    arrivals: Arrivals | None = None
    rollouts: RolloutsUnderWay | None = None
