"""Fakes of the ports, in memory.

The file is long because every port has its fake here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from activities.circuit_breaker import (
    Breaker,
    Evidence,
    RefusedAddress,
    after_acceptance,
    after_refusal,
    probing,
    wait,
)
from activities.ports import (
    AlertMail,
    AlertNotice,
    AlertQueue,
    Claim,
    Fence,
    Payload,
    Rendered,
    Reservation,
    StoredLead,
    Taken,
    WaitingAlert,
    World,
)
from adapters.mail.operations_notice import route_notice
from models.addresses import address_key
from models.decision import Alert, Assign, CountAssignment, Decision, Entry, SendMail, Wake
from models.directory import Directory
from models.durations import Rate
from models.envelopes import MergeResult, MergeWork
from models.program.program import Program
from models.state import LeadState


@dataclass
class FakePrograms:
    published: dict[str, Program] = field(default_factory=dict)
    pauses: set[str] = field(default_factory=set)

    def newest_digest(self, name: str) -> str:
        of_name = [one.digest for one in self.published.values() if one.program == name]
        if not of_name:
            raise LookupError(name)
        return of_name[-1]

    def paused(self, name: str) -> bool:
        return name in self.pauses

    def load(self, digest: str) -> Program:
        return self.published[digest]


@dataclass
class FakePeople:
    """Gives every lead to the first member of the team."""

    people: Directory
    counted: list[str] = field(default_factory=list)

    def directory(self) -> Directory:
        return self.people

    def assign(self, _lead: str, command: Assign, _turn: int) -> tuple[str | None, str | None]:
        team = self.people.teams.get(command.team or "")
        free = [m.email for m in (team.members if team else ()) if m.email not in command.tried]
        return (free[0], None) if free else (None, "tried")

    def count(self, _lead: str, command: CountAssignment, _turn: int) -> None:
        self.counted.append(command.key)


@dataclass
class FakeJournal:
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, LeadState] = field(default_factory=dict)
    fences: dict[str, Fence] = field(default_factory=dict)
    taken: dict[str, tuple[Taken, ...]] = field(default_factory=dict)
    asked: dict[str, tuple[Payload, ...]] = field(default_factory=dict)
    wakes: dict[str, Wake | None] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    """The leads whose state was asked for."""

    def stored(self, lead: str) -> StoredLead | None:
        if lead not in self.states:
            return None
        ids = [one.fields["event"] for one in self.entries[lead] if "event" in one.fields]
        return StoredLead(
            state=self.states[lead],
            seen=tuple(dict.fromkeys(ids))[-1000:],
            asked=self.asked.get(lead, ()),
            fence=self.fences.get(lead),
            taken=self.taken.get(lead, ()),
            wake=self.wakes.get(lead),
        )

    def state(self, lead: str) -> LeadState | None:
        self.reads.append(lead)
        return self.states.get(lead)

    def turns(self, leads: Sequence[str]) -> dict[str, int]:
        return {lead: self.states[lead].turn for lead in leads if lead in self.states}

    def others(self, lead: str, addresses: Collection[str]) -> dict[str, str]:
        owners = {address_key(str(s.profile.get("email"))): one for one, s in self.states.items()}
        return {one: owners[one] for one in addresses if owners.get(one, lead) != lead}

    def known_events(self, leads: Collection[str], ids: Collection[str]) -> set[str]:
        entries = [one for lead in leads for one in self.entries[lead]]
        return {one for one in ids if any(e.fields.get("event") == one for e in entries)}

    def record(
        self,
        decision: Decision,
        fence: Fence,
        _now: datetime,
        *,
        taken: Sequence[Taken] = (),
        asked: Sequence[Payload] = (),
        addresses: Collection[str] = (),  # noqa: ARG002 - the port's
    ) -> StoredLead | None:
        lead = decision.state.lead
        if lead in self.states and self.states[lead].turn >= decision.state.turn:
            return self.stored(lead)
        self.entries[lead] += decision.entries
        self.states[lead], self.fences[lead] = decision.state, fence
        self.taken[lead], self.asked[lead] = tuple(taken), tuple(asked)
        self.wakes[lead] = decision.wake
        return None

    def cycle(self, lead: str, since: datetime | None) -> tuple[Entry, ...]:
        return tuple(one for one in self.entries[lead] if since is None or one.at >= since)

    def timeline(self, lead: str) -> tuple[Entry, ...]:
        return tuple(self.entries[lead])

    def entries_of(self, lead: str, kind: str) -> list[Entry]:
        """The entries of one kind on a lead's timeline."""
        return [one for one in self.entries[lead] if one.kind == kind]


@dataclass
class FakeMailLedger:
    claims: dict[str, Claim] = field(default_factory=dict)
    suppressed: dict[str, str] = field(default_factory=dict)
    known: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def claim(self, _lead: str, key: str, _message: str, _at: datetime) -> Claim:
        known = self.claims.get(key)
        if known is not None:
            return known
        self.claims[key] = Claim(status="unknown")
        return Claim(status="new")

    def standing(self, key: str, mail: Rendered, *, operational: bool) -> Claim | None:
        why = None if operational else self.suppressed.get(mail.to)
        return self.claims.get(key) or (Claim(status="skipped", why=why) if why else None)

    def release(self, key: str) -> None:
        del self.claims[key]

    def settle(
        self, key: str, status: Literal["sent", "skipped", "failed"], why: str | None = None
    ) -> Claim:
        known = self.claims[key]
        if known.status == "unknown":
            known = self.claims[key] = Claim(status=status, why=why)
        return known

    def begin(self, lead: str, command: SendMail, mail: Rendered) -> Claim:
        claim = self.claim(lead, command.key, command.message, command.at)
        why = None if command.operational else self.suppressed.get(mail.to)
        if claim.status == "new" and why is not None:
            claim = self.claims[command.key] = Claim(status="skipped", why=why)
        elif claim.status == "new":
            self.known[command.key] = (command.email, mail.links)
        return claim


@dataclass
class FakeAlertQueue:
    """Alerts that wait for nothing: each is a mail of its own."""

    ledger: FakeMailLedger

    def enter(
        self, lead: str, alert: Alert, _every: timedelta
    ) -> Claim | timedelta | AlertMail | tuple[WaitingAlert, ...]:
        known = self.ledger.claims.get(alert.key)
        waiting = (WaitingAlert(lead=lead, command=alert),)
        if known is None:
            return waiting
        return AlertMail(key=alert.key, alerts=waiting) if known.status == "unknown" else known

    def begin(self, alert: Alert, _keys: Sequence[str], _every: timedelta) -> AlertMail:
        self.ledger.claim("", alert.key, "", alert.at)
        return AlertMail(key=alert.key, alerts=(WaitingAlert(lead="", command=alert),))

    def settle(
        self, mail: AlertMail, status: Literal["sent", "failed"], why: str | None = None
    ) -> None:
        self.ledger.settle(mail.key, status, why)

    def unsent(self, mail: AlertMail, *, answered: bool) -> timedelta:  # noqa: ARG002 - the port's
        self.ledger.release(mail.key)
        return timedelta(seconds=1)


@dataclass
class FakeRenderer:
    """Mails that hold only their names. `failure` is raised for a marketing mail."""

    failure: ValueError | None = None

    def marketing(
        self, _program: Program, state: LeadState, _people: Directory, command: SendMail
    ) -> Rendered:
        if self.failure is not None:
            raise self.failure
        return _mail(str(state.profile["email"]), command.email, command.message)

    def route_notice(self, program: Program, stopped: Breaker, contact: str, key: str) -> Rendered:
        return route_notice(program, stopped, contact, key)

    def operations_notice(
        self, _program: Program, _people: Directory, _team: str | None, _lead: str, command: Alert
    ) -> Rendered:
        return _mail(command.to, command.why, command.key)

    def alert(
        self,
        _program: Program,
        _state: LeadState,
        _people: Directory,
        _timeline: tuple[Entry, ...],
        command: Alert,
    ) -> AlertNotice:
        return AlertNotice(
            mail=_mail(command.to, command.why, command.key), chat={"text": command.why}
        )

    def alerts(self, notices: Sequence[AlertNotice], key: str) -> Rendered:
        """A mail whose text has a line for each alert."""
        mail = _mail(notices[0].mail.to, notices[0].mail.subject, key)
        return replace(mail, text="\n".join(one.mail.message_id for one in notices))


def _mail(to: str, subject: str, message: str) -> Rendered:
    return Rendered(
        sender="hello@acme.example",
        to=to,
        subject=subject,
        text=subject,
        html=subject,
        message_id=message,
        headers={},
    )


@dataclass
class FakeMailer:
    """Collects mails; `failures` of a recipient are raised first, one for each try."""

    sent: list[Rendered] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    """Raised before the server asks for the content."""
    after_content: dict[str, list[Exception]] = field(default_factory=dict)

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        waiting = self.failures.get(mail.to)
        if waiting:
            raise waiting.pop(0)
        if before_content is not None:
            await before_content()
        trouble = self.after_content.get(mail.to)
        if trouble:
            raise trouble.pop(0)
        self.sent.append(mail)

    def to(self, address: str) -> list[str]:
        """The subjects of the mails to one address."""
        return [one.subject for one in self.sent if one.to == address]


@dataclass
class FakeChat:
    """Collects the messages to teams; `failures` are raised first, one a try."""

    teams: frozenset[str] = frozenset()
    posted: list[tuple[str | None, Payload]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    @property
    def in_use(self) -> bool:
        return bool(self.teams)

    def reaches(self, team: str | None) -> bool:
        return team in self.teams

    async def post(self, team: str | None, message: Payload) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.posted.append((team, message))


@dataclass
class FakeActs:
    """Collects acts; `failures` are raised first, one for each act."""

    done: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    left: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        self.left.append((lead, do, fields))

    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.done.append((lead, do, fields))

    async def merge(self, work: MergeWork) -> MergeResult:
        if self.failures:
            raise self.failures.pop(0)
        self.done.append((work["keep"], "merge", dict(work)))
        return MergeResult(verdict="do", into=work["keep"])


@dataclass
class FakeRates:
    """Delays mails by `waits`, one for each mail; when none is left, mail does not wait."""

    waits: list[timedelta] = field(default_factory=list)
    asked: list[dict[str, Rate]] = field(default_factory=list)

    given_back: list[Reservation] = field(default_factory=list)

    def reserve(self, rates: Mapping[str, Rate], _patience: timedelta) -> Reservation:
        self.asked.append(dict(rates))
        taken = dict.fromkeys(rates, datetime(2026, 3, 2, 9, tzinfo=UTC))
        return Reservation(wait=self.waits.pop(0) if self.waits else timedelta(0), taken=taken)

    def give_back(self, _rates: Mapping[str, Rate], place: Reservation) -> None:
        self.given_back.append(place)


@dataclass
class FakeBreakers:
    """The breakers of one worker, without a database, at an instant that tests move."""

    now: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)
    routes: dict[str, Breaker] = field(default_factory=dict)

    def wait(self, routes: Sequence[str]) -> timedelta | None:
        found = [self.routes.get(one, Breaker(route=one)) for one in routes]
        waits = wait(found, self.now)
        if waits == timedelta(0):
            self.routes |= {one.route: probing(one, self.now) for one in found}
        return waits

    def accepted(self, routes: Sequence[str]) -> tuple[Breaker, ...]:
        before = tuple(self.routes[one] for one in routes if one in self.routes)
        self.routes |= {one.route: after_acceptance(one, self.now) for one in before}
        return before

    def refused(
        self, routes: Sequence[str], address: str, evidence: Evidence, why: str
    ) -> tuple[tuple[Breaker, ...], tuple[Breaker, ...]]:
        domain = address.rpartition("@")[2]
        refused = RefusedAddress(address=address, domain=domain, evidence=evidence)
        before = [self.routes.get(one, Breaker(route=one)) for one in routes]
        after = tuple(after_refusal(one, refused, why, self.now) for one in before)
        self.routes |= {one.route: one for one in after}
        opened = [b for a, b in zip(before, after, strict=True) if b.is_open and not a.is_open]
        return after, tuple(opened)


@dataclass
class FakeDigests:
    """A digest for every manager, except for those in `without_digest`."""

    without_digest: frozenset[str] = frozenset()
    failures: list[Exception] = field(default_factory=list)

    def mail(
        self, program: Program, _people: Directory, manager: str, _at: datetime, key: str
    ) -> Rendered | None:
        if self.failures:
            raise self.failures.pop(0)
        return None if manager in self.without_digest else _mail(manager, program.program, key)


@dataclass(frozen=True)
class FakeWorld:
    programs: FakePrograms
    people: FakePeople
    journal: FakeJournal = field(default_factory=FakeJournal)
    mail_ledger: FakeMailLedger = field(default_factory=FakeMailLedger)
    alert_queue: AlertQueue | None = None
    """None: one whose alerts wait for nothing."""
    renderer: FakeRenderer = field(default_factory=FakeRenderer)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    alerts: FakeMailer | None = None
    """For alerts; None: the same mailer."""
    rates: FakeRates = field(default_factory=FakeRates)
    breakers: FakeBreakers = field(default_factory=FakeBreakers)
    chat: FakeChat = field(default_factory=FakeChat)
    digests: FakeDigests = field(default_factory=FakeDigests)
    operations_contact: str | None = None

    @property
    def ports(self) -> World:
        return World(
            programs=self.programs,
            people=self.people,
            journal=self.journal,
            timelines=self.journal,
            mail_ledger=self.mail_ledger,
            alert_queue=self.alert_queue or FakeAlertQueue(self.mail_ledger),
            renderer=self.renderer,
            mailer=self.mailer,
            alerts=self.alerts or self.mailer,
            chat=self.chat,
            rates=self.rates,
            breakers=self.breakers,
            digests=self.digests,
            operations_contact=self.operations_contact,
        )
