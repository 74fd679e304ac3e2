"""What must hold after any disturbance, checked on what was read. Pure: no server, no clock.

`audit` gives complaints (promises broken) and notes (figures worth a look). test_auditor.py
proves it by planted faults.

The file is long because each promise is one function in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

ACTS = {"accept": "accepted", "touch": "touched", "qualify": "qualified", "recycle": "recycled"}
SENT_TO_CRM = ("accepted", "qualified", "recycled", "breached")
WITH_OWNER = ("mql", "sal", "sql")


@dataclass(frozen=True)
class TimelineRead:
    """One entry of a timeline."""

    lead: str
    seq: int
    at: datetime
    kind: str
    event: str | None = None
    fields: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass
class AttemptedAct:
    """What a person asked for, and the answer: ok, refused or unknown (nobody answered)."""

    lead: str
    do: str
    by: str
    asked: datetime | None = None
    """When it was stored that the act arrived; None if no door could take it."""
    answer: str = "unknown"
    note: str = ""
    seconds: float = 0.0


@dataclass
class AuditedMail:
    """A marketing mail in the ledger."""

    lead: str
    status: str
    why: str | None = None


@dataclass
class AuditedRow:
    """A lead's row."""

    stage: str
    owner: str | None
    turn: int
    closed: bool
    clock_due: datetime | None = None
    breached: bool = False
    read: datetime | None = None
    """When it was read: leads are looked at one after another, and that takes time."""


@dataclass
class Snapshot:
    """What was read when all was quiet. It is audited once."""

    leads: list[str]
    now: datetime
    entries: list[TimelineRead] = field(default_factory=list)
    lost: list[TimelineRead] = field(default_factory=list)
    """Entries that went with the database, when an older one was restored: their leads know them,
    and each number is used once. They count as recorded."""
    stood: dict[tuple[str, int], TimelineRead] = field(default_factory=dict)
    """Entries that were read long ago and were old already then: nothing may change them."""
    accepted: set[tuple[str, str]] = field(default_factory=set)
    """Lead and id of events that the gateway took."""
    waiting: set[tuple[str, str]] = field(default_factory=set)
    """Those of them that are still in its intake, or were sent after `entries` was read."""
    acts: list[AttemptedAct] = field(default_factory=list)
    rows: dict[str, AuditedRow] = field(default_factory=dict)
    standings: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """What each workflow says of itself; None if it does not answer."""
    tries: dict[str, list[str]] = field(default_factory=dict)
    """What a lead that has not settled waits for: its activities that will be tried again."""
    replays: dict[str, str] = field(default_factory=dict)
    """Leads whose history does not replay, and why."""
    messages: dict[str, AuditedMail] = field(default_factory=dict)
    """The mails by their Message-IDs; an end that came after `entries` was read is here too."""
    told_later: set[str] = field(default_factory=set)
    """Mails recorded as sent after `entries` was read, when each lead had done all it had to."""
    inbox: Counter[str] = field(default_factory=Counter)
    """How often each marketing mail was kept by the relay."""
    reached: set[str] = field(default_factory=set)
    """Mails that came through the relay's DATA."""
    unfinished: Counter[str] = field(default_factory=Counter)
    """How often the relay asked for the content of a mail to this lead, and it did not come."""
    crm_rows: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """The outbox: id to status, lead, seq."""
    crm_taken: list[tuple[str, str, int]] = field(default_factory=list)
    """Id, lead, seq in the order in which the CRM took them."""
    assignments: Counter[tuple[str, int | None, str]] = field(default_factory=Counter)
    """Counted by lead, handoff, owner."""
    faults: list[tuple[datetime, datetime]] = field(default_factory=list)
    """From when to when a part was away, until somebody answered again."""
    lost_tasks: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    """A lead's workflow tasks that timed out, from when to when: a worker was killed with them."""
    capacity: dict[str, int] = field(default_factory=dict)
    late: timedelta = timedelta(minutes=8)
    """A breach that is not there so long after its due instant never came."""
    on_time: timedelta = timedelta(minutes=5)
    """So late a breach may come, not counting the time of faults."""

    @cached_property
    def recorded(self) -> list[TimelineRead]:
        """The entries that are there, and those that were lost."""
        there = {(one.lead, one.seq) for one in self.entries}
        return self.entries + [one for one in self.lost if (one.lead, one.seq) not in there]

    @cached_property
    def timelines(self) -> dict[str, list[TimelineRead]]:
        """Each lead's entries by their numbers."""
        found: dict[str, list[TimelineRead]] = {lead: [] for lead in self.leads}
        for entry in sorted(self.recorded, key=lambda one: (one.lead, one.seq)):
            found[entry.lead].append(entry)
        return found


@dataclass
class AuditFindings:
    """The outcome: sentences that say what is broken, and figures."""

    complaints: list[str] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)

    def claim(self, what: str, offenders: Sequence[object]) -> None:
        """Complain of the offenders, if there are any."""
        if offenders:
            shown = ", ".join(str(one) for one in offenders[:3])
            self.complaints.append(
                f"{what}: {len(offenders)} ({shown}{', …' if len(offenders) > 3 else ''})"
            )


def audit(seen: Snapshot) -> AuditFindings:
    """Check everything."""
    found = AuditFindings()
    for check in (_events, _acts, _timelines, _mail, _workflows, _breaches, _crm, _assignments):
        check(seen, found)
    return found


def _events(seen: Snapshot, found: AuditFindings) -> None:
    times = Counter((one.lead, one.event) for one in seen.recorded if one.kind == "event")
    recorded = set(times) | {
        (one.lead, one.event) for one in seen.recorded if one.kind == "ignored"
    }
    found.claim("accepted events on no timeline", sorted(seen.accepted - seen.waiting - recorded))
    found.claim("events recorded twice", sorted(one for one in seen.accepted if times[one] > 1))
    found.notes["events accepted, recorded late or still waiting"] = (
        len(seen.accepted),
        len(seen.waiting - recorded),
    )


def _acts(seen: Snapshot, found: AuditFindings) -> None:
    answers = Counter((act.lead, act.do, act.note, act.answer) for act in seen.acts)
    wrong = []
    for lead, do, note in sorted({(act.lead, act.do, act.note) for act in seen.acts}):
        done = sum(_is(entry, do, note) for entry in seen.timelines[lead])
        ok, unknown = answers[lead, do, note, "ok"], answers[lead, do, note, "unknown"]
        if not ok <= done <= ok + unknown:
            wrong.append(f"{lead} {do} {note}: {ok} answered done, {done} on the timeline")
    found.claim("acts that differ from their answers", wrong)
    found.notes["acts"] = dict(Counter(act.answer for act in seen.acts))
    seconds = sorted(act.seconds for act in seen.acts)
    if seconds:
        found.notes["seconds of an act, half and 95 %"] = (
            seconds[len(seconds) // 2],
            seconds[int(len(seconds) * 0.95)],
        )


def _is(entry: TimelineRead, do: str, note: str) -> bool:
    """Whether an entry is what a person's act leaves."""
    if do == "note":
        return entry.kind == "noted" and entry.fields.get("note") == note
    return entry.kind == ACTS[do] and (do != "recycle" or "by" in entry.fields)


def _timelines(seen: Snapshot, found: AuditFindings) -> None:
    found.claim(
        "leads without a timeline", [lead for lead in seen.leads if not seen.timelines[lead]]
    )
    numbers = {lead: [one.seq for one in seen.timelines[lead]] for lead in seen.leads}
    found.claim(
        "timelines with gaps",
        [lead for lead, has in numbers.items() if has != list(range(1, len(has) + 1))],
    )
    backwards = [
        lead for lead in seen.leads if any(a.at > b.at for a, b in pairwise(seen.timelines[lead]))
    ]
    found.claim("timelines that go backwards", backwards)
    there = {(one.lead, one.seq): one for one in seen.recorded}
    pairs = [(was, there.get(key)) for key, was in sorted(seen.stood.items())]
    changed = [
        f"{was.lead} {was.seq}: {was.kind} became {now.kind if now else 'nothing'}"
        for was, now in pairs
        if now is None or _said(was) != _said(now)
    ]
    found.claim("entries rewritten after they stood", changed)
    found.notes["entries that only got another time"] = sum(was != now for was, now in pairs) - len(
        changed
    )
    found.notes["entries, and of these lost"] = (len(seen.recorded), len(seen.lost))
    again = [
        f"{one.lead} {one.seq}"
        for one in seen.lost
        if (one.lead, one.seq) in there and _said(there[one.lead, one.seq]) != _said(one)
    ]
    found.claim("numbers of lost entries that were used again", again)


def _said(entry: TimelineRead) -> tuple[object, ...]:
    """What an entry says but for its time: a turn that runs again may run later."""
    return (
        entry.kind,
        entry.event,
        {name: value for name, value in entry.fields.items() if name != "due"},
    )


def _mail(seen: Snapshot, found: AuditFindings) -> None:
    sent = Counter(one.fields["message"] for one in seen.recorded if one.kind == "email_sent")
    unknown = {key for key, one in seen.messages.items() if one.why == "unknown_outcome"}
    found.claim(
        "mails delivered twice", [message for message, times in seen.inbox.items() if times > 1]
    )
    found.claim(
        "mails recorded as sent that never arrived",
        [message for message in sent if not seen.inbox[message]],
    )
    untold = {message for message in seen.inbox if not sent[message]} - unknown
    found.claim("mails delivered that no timeline records", sorted(untold - seen.told_later))
    found.claim("mails given up that never came to the relay", _given_up(seen, unknown))
    found.claim(
        "mails still claimed",
        [message for message, one in seen.messages.items() if one.status == "claimed"],
    )
    found.notes["mails"] = {
        "kept": seen.inbox.total(),
        "told": sent.total(),
        "told later": len(untold & seen.told_later),
        "outcome unknown": len(unknown),
        "of these not come": len(unknown - seen.reached),
    }
    late = 0
    for entries in seen.timelines.values():
        off = [
            one.seq
            for one in entries
            if one.kind == "suppressed" and one.fields.get("why") == "unsubscribed"
        ]
        late += sum(one.kind == "email_sent" and bool(off) and one.seq > off[0] for one in entries)
    found.notes["mails recorded as sent after an unsubscription"] = late


def _given_up(seen: Snapshot, unknown: set[str]) -> list[str]:
    """Mails given up though the relay never asked for their content.

    A mail is claimed when the relay waits for its content. A worker that is killed between leaves
    open whether it came, so it is given up. That is sound as often as the relay waited in vain.
    """
    not_come: dict[str, list[str]] = defaultdict(list)
    for message in sorted(unknown - seen.reached):
        not_come[seen.messages[message].lead].append(message)
    return [
        message
        for lead, messages in not_come.items()
        for message in messages[seen.unfinished[lead] :]
    ]


def _workflows(seen: Snapshot, found: AuditFindings) -> None:
    differ, unsettled = [], []
    for lead, says in seen.standings.items():
        row = seen.rows.get(lead)
        if says is None:
            continue
        if row is None or (row.stage, row.owner, row.turn, row.closed) != tuple(
            says[key] for key in ("stage", "owner", "turn", "closed")
        ):
            differ.append(lead)
        elif not says["settled"]:
            unsettled.append(lead)
    found.claim(
        "leads that do not answer", [lead for lead, says in seen.standings.items() if says is None]
    )
    found.claim("rows that differ from their workflows", differ)
    found.claim(
        "histories that do not replay", [f"{lead}: {why}" for lead, why in seen.replays.items()]
    )
    found.claim(
        "leads that have something to do and do nothing",
        [lead for lead in unsettled if not seen.tries.get(lead)],
    )
    found.notes["not settled yet"] = {
        lead: seen.tries[lead] for lead in unsettled if lead in seen.tries
    }


def _breaches(seen: Snapshot, found: AuditFindings) -> None:
    missed = [
        lead
        for lead, row in seen.rows.items()
        if row.clock_due
        and not row.breached
        and not row.closed
        and row.clock_due < (row.read or seen.now) - seen.late
    ]
    found.claim("breaches that never came", missed)
    unfair, late = [], []
    for lead, entries in seen.timelines.items():
        for one in entries:
            if one.kind != "breached":
                continue
            due = datetime.fromisoformat(one.fields["due"])
            late.append((_late(one.at, due, _away(seen, lead)), f"{lead} {one.seq}"))
            unfair += [
                f"{lead} at {act.asked:%H:%M:%S}, due {due:%H:%M:%S}"
                for act in seen.acts
                if (act.lead, act.do, act.by) == (lead, "accept", one.fields.get("owner"))
                and act.answer != "ok"
                and act.asked is not None
                and due - timedelta(hours=1) < act.asked < due
                and one.fields.get("clock") == "accept"
            ]
    found.claim("breached though the owner had accepted in time", unfair)
    late.sort()
    found.claim(
        f"breaches over {seen.on_time} late outside faults",
        [f"{which} by {by}" for by, which in reversed(late) if by > seen.on_time],
    )
    half, most = (str(by) for by in (late[len(late) // 2][0], late[-1][0])) if late else ("", "")
    found.notes["breaches, and how late outside faults, half and most"] = (len(late), half, most)
    found.notes["tasks lost with killed workers"] = sum(
        len(_away(seen, lead)) - len(seen.faults) for lead in seen.lost_tasks
    )


def _away(seen: Snapshot, lead: str) -> list[tuple[datetime, datetime]]:
    """When a part was away, or the lead waited for a task that went with a killed worker.

    Temporal gives such a task to another worker when its time is over, and not before.
    """
    lost = [
        (began, ended)
        for began, ended in seen.lost_tasks.get(lead, [])
        if any(began < over and ended > fault for fault, over in seen.faults)
    ]
    return [*seen.faults, *lost]


def _late(at: datetime, due: datetime, faults: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """How late it came, without the time in which a part was away."""
    late, upto = timedelta(), due
    for began, ended in sorted(faults):
        late += max(min(began, at) - upto, timedelta())
        upto = max(upto, ended)
    return late + max(at - upto, timedelta())


def _crm(seen: Snapshot, found: AuditFindings) -> None:
    order: dict[str, list[int]] = defaultdict(list)
    times = Counter(one for one, _, _ in seen.crm_taken)
    first: set[str] = set()
    for one, lead, seq in seen.crm_taken:
        if one not in first:
            first.add(one)
            order[lead].append(seq)
    found.claim(
        "leads sent to the CRM out of order",
        [lead for lead, numbers in order.items() if numbers != sorted(numbers)],
    )
    ids: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one, lead, seq in seen.crm_taken:
        ids[lead, seq].add(one)
    found.claim(
        "entries sent to the CRM under two ids",
        [f"{lead} {seq}" for (lead, seq), under in ids.items() if len(under) > 1],
    )
    found.claim(
        "recorded as sent that the CRM never took",
        [
            one
            for one, (status, _, _) in seen.crm_rows.items()
            if status == "sent" and not times[one]
        ],
    )
    events = {(lead, seq) for _, lead, seq in seen.crm_rows.values()}
    unsent = [
        (one.lead, one.seq)
        for one in seen.entries
        if one.kind in SENT_TO_CRM and (one.lead, one.seq) not in events
    ]
    if seen.crm_rows:
        found.claim("entries that were not sent to the CRM", unsent)
    found.notes["CRM"] = {
        "taken": len(times),
        "repeated": times.total() - len(times),
        "taken and no longer in the outbox": sum(one not in seen.crm_rows for one in times),
    }


def _assignments(seen: Snapshot, found: AuditFindings) -> None:
    recorded: Counter[tuple[str, int | None, str]] = Counter(
        (one.lead, one.fields.get("handoff"), one.fields["owner"])
        for one in seen.entries  # an assignment is lost with its entry
        if one.kind == "assigned"
    )
    found.claim(
        "assignments counted that no timeline records",
        sorted(map(str, seen.assignments - recorded)),
    )
    found.claim(
        "assignments recorded that are not counted", sorted(map(str, recorded - seen.assignments))
    )
    loads = Counter(
        row.owner for row in seen.rows.values() if row.owner and row.stage in WITH_OWNER
    )
    over = [
        f"{owner} has {loads[owner]} of {most}"
        for owner, most in seen.capacity.items()
        if loads[owner] > most
    ]
    if not seen.lost:  # until each lead has taken a turn, the loads are those of the backup
        found.claim("owners over their capacity", over)
