"""The journal: a turn's rows in one transaction. A turn is stored once, and never changed.

This code runs most often, so it uses SQLAlchemy Core: ORM objects cost a tenth more.

The file is long because all rows of a turn are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from activities.ports import Fence, Payload, StoredLead, Taken
from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from adapters.sql.lead_names import SqlLeadNames
from adapters.sql.lead_search import record_words
from adapters.sql.lead_tags import move_tags
from adapters.sql.new_item import NewItem
from adapters.sql.projection import HANDOFF_KINDS, TASK_KINDS, handoff_rows, task_rows
from adapters.sql.standings import SqlStandings
from adapters.sql.step_visits import record_visits
from adapters.sql.storable_text import storable
from models.addresses import address_key
from models.company import domain_key, name_key
from models.decision import Decision, Entry, Forward, Wake
from models.state import LeadState, dump_state, read_state, read_whole_state
from models.tables.columns import table_of
from models.tables.leads import Consent, HandoffRow, LeadRow, TaskRow, TimelineEntry
from models.tables.mail import Suppression

_C = table_of(Consent)
_E = table_of(TimelineEntry)
_H = table_of(HandoffRow)
_L = table_of(LeadRow)
_S = table_of(Suppression)
_T = table_of(TaskRow)

_REMEMBERED_EVENTS = 1_000
_EVENT_KINDS = frozenset({"event", "ignored"})
_CYCLE_KINDS = ("event", "track_entered", "recycled")
_HANDOFF_TURNS = HANDOFF_KINDS | {"stage", "held", "resumed", "qualified", "won", "lost", "merged"}
"""Kinds after which the handoff rows may differ."""
_LIFTS = {"email.resubscribed": "unsubscribed", "email.reinstated": "bounced"}
"""Events that lift a reason from the address, also if the row belongs to another lead of it."""
_CONSENT_TURNS = frozenset({"created", "consented", "profile"})
_SUPPRESSION_TURNS = frozenset({"suppressed", "unsuppressed"})

# Built once: building them for every turn costs more than running them.
_STATE = sa.select(_L.c.state).where(_L.c.id == sa.bindparam("lead"))
_ROW = sa.select(
    *(_L.c.state, _L.c.turn, _L.c.due_at, _L.c.due_what),
    *(_L.c.fence_run, _L.c.fence_length, _L.c.writer),
).where(_L.c.id == sa.bindparam("lead"))
_BEFORE = sa.select(_L.c.email, _L.c.turn).where(_L.c.id == sa.bindparam("lead"))
_SEEN = (
    sa.select(_E.c.event)
    .where(_E.c.lead == sa.bindparam("lead"), _E.c.event.is_not(None))
    .group_by(_E.c.event)
    .order_by(sa.func.min(_E.c.seq).desc())
    .limit(_REMEMBERED_EVENTS)
)
_INSERT_ENTRIES = sa.insert(_E)

_Entries = Iterable[tuple[datetime, str, Mapping[str, Any]]]


class CrmRows(Protocol):
    """Writes the events of a turn for the CRM; `adapters.crm.outbox.TurnEvents` does."""

    def record(self, connection: Connection, decision: Decision) -> None:
        """Write it in the turn's transaction."""
        ...


class SqlJournal:
    """Timelines and lead rows in the database; with `crm`, the rows of the CRM outbox too."""

    def __init__(self, database: Database, *, crm: CrmRows | None = None) -> None:
        self._database = database
        self._crm = crm
        self._intake = SqlIntake(database)
        self._names = SqlLeadNames(database)
        self._standings = SqlStandings(database)
        self._upsert_lead = _lead_upsert(database)

    def stored(self, lead: str) -> StoredLead | None:
        """The lead as its row holds it, with the ids of its latest 1,000 events; or None."""
        with self._database.read() as connection:
            row = connection.execute(_ROW, {"lead": lead}).one_or_none()
            return None if row is None else _stored(connection, lead, row)

    def state(self, lead: str) -> LeadState | None:
        """The lead's state as its row holds it, or None."""
        with self._database.read() as connection:
            state = connection.scalar(_STATE, {"lead": lead})
        return read_state(state) if state is not None else None

    def turns(self, leads: Sequence[str]) -> dict[str, int]:
        """The number of the last turn of each of these leads that has a row."""
        with self._database.read() as connection:
            return turns_in(connection, leads)

    def others(self, lead: str, addresses: Collection[str]) -> dict[str, str]:
        """Which of these addresses (by their keys) are another lead's, and whose."""
        with self._database.read() as connection:
            owners = self._names.by_addresses(connection, addresses)
        return {address: owner for address, owner in owners.items() if owner != lead}

    def cycle(self, lead: str, since: datetime | None) -> tuple[Entry, ...]:
        """The lead's entries `event`, `track_entered` and `recycled` from `since` on, by seq."""
        query = (
            sa.select(_E.c.seq, _E.c.at, _E.c.kind, _E.c.fields)
            .where(_E.c.lead == lead, _E.c.kind.in_(_CYCLE_KINDS))
            .order_by(_E.c.seq)
        )
        if since is not None:
            query = query.where(_E.c.at >= since)
        with self._database.read() as connection:
            return tuple(Entry(**row) for row in connection.execute(query).mappings())

    def known_events(self, leads: Collection[str], ids: Collection[str]) -> frozenset[str]:
        """Which of these event ids are on the timelines of these leads. It reads all their rows."""
        wanted = {storable(one): one for one in ids}
        query = sa.select(_E.c.event).where(
            _E.c.lead.in_(sorted(leads)), _E.c.event.in_(self._database.listed(list(wanted)))
        )
        with self._database.read() as connection:
            return frozenset(wanted[found] for found in set(connection.scalars(query)))

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

        Then the row is returned. `now` is when the turn is stored. Raises AddressTakenError and
        MergedMeanwhileError.
        """
        state = decision.state
        row = lead_row(decision, fence, now)
        row["writer"] = _writer(fence, taken, asked)
        kinds = {entry.kind for entry in decision.entries}
        with self._database.write() as connection:
            email, turn = connection.execute(_BEFORE, {"lead": state.lead}).one_or_none() or ("", 0)
            # Turns are missing if an older database was restored: the lead's workflow knows more.
            lost = turn < state.turn - 1
            named = lost or bool(addresses) or "created" in kinds or _moved(decision.entries)
            # One statement checks the turn, locks the row and writes it.
            if connection.scalar(self._upsert_lead, row) is None:
                found = connection.execute(_ROW, {"lead": state.lead}).one()
                return _stored(connection, state.lead, found)
            self._standings.record(connection, decision, now)
            record_words(self._database, connection, decision)
            record_visits(self._database, connection, decision)
            if named:
                self._name(connection, state, email, addresses, lost=lost)
            if "merged" in kinds and state.merged is not None:
                self._names.merge(connection, state.lead, state.merged.into)
                move_tags(self._database, connection, state.lead, state.merged.into)
                self._intake.redirect(connection, state.lead, state.merged.into)
            self._intake.store(connection, list(_forwarded(decision)))
            if decision.entries:
                connection.execute(
                    _INSERT_ENTRIES, [_entry_row(state, entry) for entry in decision.entries]
                )
            if self._crm is not None:
                self._crm.record(connection, decision)
            if state.handoffs and kinds & _HANDOFF_TURNS:
                _rebuild(connection, state, _H, HANDOFF_KINDS, handoff_rows)
            if kinds & TASK_KINDS:
                _rebuild(connection, state, _T, TASK_KINDS, task_rows)
            if kinds & _CONSENT_TURNS:
                _consents(connection, decision)
            if lost or kinds & _SUPPRESSION_TURNS or _of_address(decision.entries):
                self._suppress(connection, decision, now)
        return None

    def _name(
        self,
        connection: Connection,
        state: LeadState,
        before: str | None,
        addresses: Collection[str],
        *,
        lost: bool,
    ) -> None:
        """Give the lead the address that it has now. Its address before and all others are free.

        The address it had before needs no giving: from before addresses were unique, another lead
        may have it as well. If turns were `lost`, its address may be another lead's by now, which
        then keeps it: two leads of one person are better than one that stands still.
        """
        address = _address(state)
        old, mine = (address_key(one) if one is not None else "" for one in (before, address))
        self._names.add_id(connection, state.lead, state.lead)
        theirs = self._names.by_addresses(connection, [mine]) if lost else {}
        if mine not in ("", old) and theirs.get(mine, state.lead) == state.lead:
            self._names.add_address(connection, mine, state.lead)
            self._names.use_for_mail(connection, state.lead, mine)
        free = {old, *addresses} - {mine, ""}
        self._names.release(connection, state.lead, sorted(free))

    def _suppress(self, connection: Connection, decision: Decision, now: datetime) -> None:
        """Store the state's suppressions for the address, and delete those that an entry lifted."""
        state = decision.state
        address = _address(state)
        if address is None:
            return
        lifted = [e.fields["why"] for e in decision.entries if e.kind == "unsuppressed"]
        if _moved(decision.entries):
            # The old address stays suppressed as bounced, and so does the new one if it is.
            lifted = [why for why in lifted if why != "bounced"]
        types = (e.fields.get("type") for e in decision.entries if e.kind == "event")
        lifted += [_LIFTS[one] for one in types if one in _LIFTS]
        here = sa.and_(_S.c.address == address, _S.c.reason.not_in(state.suppressed))
        connection.execute(
            sa.delete(_S).where(here, sa.or_(_S.c.lead == state.lead, _S.c.reason.in_(lifted)))
        )
        at = {e.fields["why"]: e.at for e in decision.entries if e.kind == "suppressed"}
        for reason in sorted(state.suppressed):  # one order, so that two leads can't deadlock
            connection.execute(
                self._database.upsert(_S)
                .values(address=address, reason=reason, lead=state.lead, at=at.get(reason, now))
                .on_conflict_do_nothing()
            )


def turns_in(connection: Connection, leads: Sequence[str]) -> dict[str, int]:
    """The number of the last turn of each of these leads that has a row."""
    query = sa.select(_L.c.id, _L.c.turn).where(_L.c.id.in_(leads))
    return {row.id: row.turn for row in connection.execute(query)}


def _forwarded(decision: Decision) -> Iterator[NewItem]:
    """What reached a lead that was merged, as items for the lead that it is by now."""
    for one in decision.commands:
        if isinstance(one, Forward):
            yield NewItem.forwarded(one.to, one.given, arrived=one.at)


def _consents(connection: Connection, decision: Decision) -> None:
    """Store each consent of this turn: a `consented` entry, or the profile's `consent` flag."""
    state = decision.state
    rows = [
        {
            "lead": state.lead,
            "seq": entry.seq,
            "address": _address(state) or "",
            "at": entry.at,
            "source": entry.fields.get("source", state.profile.get("source", "profile")),
            "wording": entry.fields.get("wording", ""),
            "confirmed": bool(entry.fields.get("confirmed")),
        }
        for entry in _consented(decision)
    ]
    if rows:
        connection.execute(sa.insert(_C), rows)


def _consented(decision: Decision) -> list[Entry]:
    """The entries by which a consent came.

    If a `consented` entry exists, the profile flag is not counted again.
    """
    found = [entry for entry in decision.entries if entry.kind == "consented"]
    if found or decision.state.profile.get("consent") is not True:
        return found
    return [
        entry
        for entry in decision.entries
        if entry.kind == "created"
        or (entry.kind == "profile" and "consent" in entry.fields.get("changed", ()))
    ]


def _address(state: LeadState) -> str | None:
    email = state.profile.get("email")
    return email.strip().lower() if isinstance(email, str) else None


def _moved(entries: Iterable[Entry]) -> bool:
    """Whether the address changed."""
    return any(e.kind == "profile" and "email" in e.fields.get("changed", ()) for e in entries)


def _of_address(entries: Iterable[Entry]) -> bool:
    """Whether the address changed, wants mail again or is reinstated."""
    return _moved(entries) or any(
        e.kind == "event" and e.fields.get("type") in _LIFTS for e in entries
    )


def _stored(connection: Connection, lead: str, row: sa.Row[*tuple[Any, ...]]) -> StoredLead:
    writer = row.writer or {}
    return StoredLead(
        state=read_whole_state(row.state),
        seen=tuple(reversed(connection.scalars(_SEEN, {"lead": lead}).all())),
        asked=tuple(writer.get("asked", ())),
        fence=Fence(
            run=row.fence_run,
            length=row.fence_length,
            run_id=writer.get("run", ""),
            clock=writer.get("clock"),
        ),
        taken=tuple(_taken(*one) for one in writer.get("taken", ())),
        wake=Wake(at=row.due_at, what=row.due_what) if row.due_at is not None else None,
    )


def _writer(fence: Fence, taken: Sequence[Taken], asked: Sequence[Payload]) -> Payload:
    """What a run that is behind the row needs; `LeadRow.writer` says more."""
    writer: Payload = {"run": fence.run_id, "taken": list(taken), "asked": list(asked)}
    return writer if fence.clock is None else {**writer, "clock": fence.clock}


def _taken(found: str, refused: str | None, why: str | None = None) -> Taken:
    """What a turn took in; an older release stored no word for why it was refused."""
    return found, refused, why


def _lead_upsert(database: Database) -> sa.Executable:
    """Writes a lead's row if there is none, or one of an earlier turn."""
    insert = database.upsert(_L).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in _L.c}
    )
    return insert.on_conflict_do_update(
        index_elements=[_L.c.id],
        set_={column.name: insert.excluded[column.name] for column in _L.c if column.name != "id"},
        where=_L.c.turn < insert.excluded.turn,
    ).returning(_L.c.id)


def lead_row(decision: Decision, fence: Fence, now: datetime) -> dict[str, Any]:
    """The columns of a lead's row as this decision leaves it."""
    state, wake, handoff = decision.state, decision.wake, decision.state.handoff
    clocks = handoff.clocks if handoff is not None and not handoff.over else ()
    running = [one for one in clocks if not one.breached]
    first = min(running, key=lambda one: one.due, default=None)
    return {
        "id": state.lead,
        "email": _address(state),
        "profile": dict(state.profile),
        "program": state.program,
        "digest": state.digest,
        "stage": state.stage,
        "since": state.since,
        "created": state.created,
        "motion": state.motion,
        "owner": state.owner,
        "track": state.track.name if state.track else None,
        "cycle": state.cycle,
        "fit": state.fit,
        "engagement": state.engagement,
        "due_at": wake.at if wake else None,
        "due_what": wake.what if wake else None,
        "handoff": handoff.number if handoff else None,
        "team": handoff.team if handoff else None,
        "clock": first.name if first else None,
        "clock_due": first.due if first else None,
        "breached": len(running) < len(clocks),
        "asking": handoff.asking if handoff else None,
        "closed": state.closed,
        "merged_into": state.merged.into if state.merged is not None else None,
        "state": dump_state(state),
        "turn": state.turn,
        "fence_run": fence.run,
        "fence_length": fence.length,
        "updated": now,
        "company_name": name_key(state.profile.get("company")),
        "company_domain": domain_key(state.profile.get("email")),
    }


def _entry_row(state: LeadState, entry: Entry) -> dict[str, Any]:
    return {
        "lead": state.lead,
        "seq": entry.seq,
        "turn": state.turn,
        "at": entry.at,
        "kind": entry.kind,
        "event": _event(entry),
        "fields": dict(entry.fields),
    }


def _event(entry: Entry) -> str | None:
    """The event's id, as text that every database accepts (`storable`): it comes from outside."""
    found = entry.fields.get("event") if entry.kind in _EVENT_KINDS else None
    return storable(str(found)) if found else None


def _rebuild(
    connection: Connection,
    state: LeadState,
    table: sa.Table,
    kinds: frozenset[str],
    rows_of: Callable[[LeadState, _Entries], list[dict[str, Any]]],
) -> None:
    entries = connection.execute(
        sa.select(_E.c.at, _E.c.kind, _E.c.fields)
        .where(_E.c.lead == state.lead, _E.c.kind.in_(sorted(kinds)))
        .order_by(_E.c.seq)
    )
    rows = rows_of(state, ((row.at, row.kind, row.fields) for row in entries))
    connection.execute(sa.delete(table).where(table.c.lead == state.lead))
    if rows:
        connection.execute(sa.insert(table), rows)
