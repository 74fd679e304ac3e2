"""What the activities need of the world, as small Protocols that adapters satisfy.

All methods block (they run in the activities' threads) unless they are coroutines.
What is out of reach for a while raises, and Temporal tries again.

The file is long because each port is described whole, for whoever writes an adapter or a fake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from models.decision import Alert, Assign, CountAssignment, Decision, Entry, SendMail
from models.directory import Directory
from models.durations import Rate
from models.program.program import Program
from models.state import LeadState

Payload = dict[str, Any]
"""JSON values as they stand in a history, or go out."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fence:
    """Who writes a turn: the run's start (microseconds since 1970), its history's length, its id.

    It says who was there first when two come with the same turn; the turn's number decides.
    """

    run: int
    length: int
    run_id: str = ""


Taken = tuple[str, str | None]
"""An input that a turn took in: its fingerprint, and the refusal that its sender was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLead:
    """A lead as its row tells it."""

    state: LeadState
    seen: tuple[str, ...]
    """Ids of the latest 1,000 events on its timeline, oldest first."""
    asked: tuple[Payload, ...] = ()
    """Commands whose results it awaits, as `activities.turn.write_command` writes them."""
    fence: Fence | None = None
    """Who wrote it."""
    taken: tuple[Taken, ...] = ()
    """What its last turn took in."""


class Programs(Protocol):
    """Published programs."""

    def load(self, digest: str) -> Program:
        """The program of this digest. Raises LookupError if none was published."""
        ...


class People(Protocol):
    """The directory and its counters."""

    def directory(self) -> Directory:
        """The people as last applied; without any, an empty directory."""
        ...

    def assign(self, lead: str, command: Assign) -> tuple[str | None, str | None]:
        """Choose an owner in one transaction: (owner, None) or (None, why). Idempotent on key."""
        ...

    def count(self, lead: str, command: CountAssignment) -> None:
        """Count an assignment made by hand. Idempotent on key."""
        ...


class Journal(Protocol):
    """The timeline and the rows that lists and reports read."""

    def stored(self, lead: str) -> StoredLead | None:
        """The lead as its row tells it, or None."""
        ...

    def state(self, lead: str) -> LeadState | None:
        """The lead's state alone, or None."""
        ...

    def others(self, lead: str, addresses: Collection[str]) -> dict[str, str]:
        """Which of these addresses (by their keys) are another lead's, and whose."""
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

        Then the row is returned, and whoever came too late goes on from it. `taken` is what the
        turn took in. `asked` are the commands whose results the lead awaits after it. `addresses`
        are those that its inputs named: the lead gets the one it has now, and the others are free.
        Raises, and stores nothing, if that one became another lead's since `others` was asked.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is known of a mail before it is sent.

    `new`: nobody has tried, or the last try surely failed; it is now claimed.
    `unknown`: a try began and never told its end. The others are how it ended.
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
    """Whom the mail comes back to if it can't be delivered; None: the sender."""
    links: tuple[str, ...] = ()
    """Where its tracked links lead, by number; number 0 is the one that no person can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """An alert as a mail to one person, and as a message to the team's chat."""

    mail: Rendered
    chat: Payload
    """JSON as Slack's incoming webhooks take it."""


class MailLedger(Protocol):
    """What became of each mail, by its key."""

    def claim(self, lead: str, key: str, message: str, at: datetime) -> Claim:
        """Claim a mail for sending, in one transaction."""
        ...

    def release(self, key: str) -> None:
        """Give a claim back: the server surely did not take the mail."""
        ...

    def settle(
        self, key: str, status: Literal["sent", "skipped", "failed"], why: str | None = None
    ) -> None:
        """Note how it ended."""
        ...

    def standing(self, key: str, mail: Rendered, *, operational: bool) -> Claim | None:
        """How this mail ended or that its outcome is unknown; None if it may be sent now.

        It only reads. A suppressed address is `skipped`, though no row says so yet.
        """
        ...

    def begin(self, lead: str, command: SendMail, mail: Rendered) -> Claim:
        """Claim a nurture mail whose content goes next, unless its address gets none.

        One transaction, right before the content goes: what is suppressed is settled as skipped
        (`bounced`, `complained`, `unsubscribed`). What is needed to know the mail again by what
        comes back (the e-mail's name, the address, the links) is kept.
        """
        ...

    def addressed(self, key: str, mail: Rendered, handoff: int | None) -> None:
        """Keep what a claimed alert is known by when its buttons are pressed or it comes back."""
        ...


class Rates(Protocol):
    """The most mail in a time, for all workers together."""

    def reserve(self, rates: Mapping[str, Rate], patience: timedelta) -> timedelta:
        """How long to wait for a place under all these rates; taken if within `patience`."""
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


class Digests(Protocol):
    """Tells managers how their teams' handoffs stand."""

    def mail(
        self, program: Program, people: Directory, manager: str, at: datetime, key: str
    ) -> Rendered | None:
        """The digest of this program for one manager; None if no handoff of it is theirs.

        Raises ValueError if an address is not one.
        """
        ...


class MailUnsentError(Exception):
    """The server surely did not take the mail; worth another try."""


class MailRefusedError(Exception):
    """The server refused the mail for good; the message says why.

    `kind` says what that means for the address: it does not exist (`bounced`), it may be fine
    (`soft_bounced`: policy, a full mailbox), or nothing (`refused`).
    """

    def __init__(
        self, message: str, kind: Literal["bounced", "soft_bounced", "refused"] = "refused"
    ) -> None:
        super().__init__(message)
        self.kind = kind


class Mailer(Protocol):
    """Hands mail to a server."""

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Send one mail.

        `before_content` is awaited once the server waits for the content, right before it goes.
        If it raises, nothing is sent and its error goes up. Until then nothing has been sent.

        Raises MailUnsentError (surely not taken, e.g. no connection, 4xx before the data),
        MailRefusedError (5xx), or any other error where the outcome is unknown.
        """
        ...


class ChatAwayError(Exception):
    """The chat did not take a message; worth another try."""


class ChatRefusedError(Exception):
    """The chat refused a message for good; the message says why, without its URL."""


class Chat(Protocol):
    """The chats of sales teams."""

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
    """All that activities reach the world with."""

    programs: Programs
    people: People
    journal: Journal
    timelines: Timelines
    mail_ledger: MailLedger
    renderer: Renderer
    mailer: Mailer
    alerts: Mailer
    """For mail to sales: apart, so that none waits behind mail to leads."""
    chat: Chat
    rates: Rates
    digests: Digests
