"""The journal: a turn's rows in one transaction, replaced when the turn runs again.

This is the hot path, so it speaks SQLAlchemy Core: ORM objects cost a tenth more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from activities.ports import Fence, StoredLead
from adapters.crm.outbox import TurnEvents
from adapters.sql.database import Database
from adapters.sql.projection import HANDOFF_KINDS, TASK_KINDS, handoff_rows, task_rows
from models.decision import Decision, Entry
from models.state import LeadState, dump_state, read_state
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
_HANDOFF_TURNS = HANDOFF_KINDS | {"stage", "held", "resumed", "qualified", "won", "lost"}
"""Kinds after which a handoff may stand differently."""
_LIFTS = {"email.resubscribed": "unsubscribed", "email.reinstated": "bounced"}
"""Events that lift a reason from the address, also where another lead of it has the row."""
_CONSENT_TURNS = frozenset({"created", "consented", "profile"})
_SUPPRESSION_TURNS = frozenset({"suppressed", "unsuppressed"})

# Built once: building them for every turn costs more than running them.
_STATE = sa.select(_L.c.state).where(_L.c.id == sa.bindparam("lead"))
_INSERT_ENTRIES = sa.insert(_E)
_DELETE_ENTRIES = sa.delete(_E).where(
    _E.c.lead == sa.bindparam("of_lead"), _E.c.seq >= sa.bindparam("from_seq")
)

_Told = Iterable[tuple[datetime, str, Mapping[str, Any]]]


class SqlJournal:
    """Timelines and lead rows in the database; with a `crm`, what it is to be told as well."""

    def __init__(self, database: Database, *, crm: bool = False) -> None:
        self._database = database
        self._crm = TurnEvents(database) if crm else None
        self._upsert_lead = _lead_upsert(database)

    def stored(self, lead: str) -> StoredLead | None:
        """The lead as its row tells it, with the ids of its latest 1,000 events; or None."""
        ids = (
            sa.select(_E.c.event)
            .where(_E.c.lead == lead, _E.c.event.is_not(None))
            .group_by(_E.c.event)
            .order_by(sa.func.min(_E.c.seq).desc())
            .limit(_REMEMBERED_EVENTS)
        )
        with self._database.read() as connection:
            state = connection.scalar(sa.select(_L.c.state).where(_L.c.id == lead))
            if state is None:
                return None
            seen = connection.scalars(ids).all()
        return StoredLead(state=read_state(state), seen=tuple(reversed(seen)))

    def state(self, lead: str) -> LeadState | None:
        """The lead's state as its row tells it, or None."""
        with self._database.read() as connection:
            state = connection.scalar(_STATE, {"lead": lead})
        return read_state(state) if state is not None else None

    def record(self, decision: Decision, fence: Fence, now: datetime) -> None:
        """Store a turn in one transaction, replacing its rows if it ran before.

        A writer older than the stored fence changes nothing. `now` is when it is stored.
        """
        state = decision.state
        first = decision.entries[0].seq if decision.entries else state.seq + 1
        with self._database.write() as connection:
            # One statement judges the fence, locks the row and writes it.
            if connection.scalar(self._upsert_lead, _lead_row(decision, fence, now)) is None:
                return
            replaced = connection.execute(
                _DELETE_ENTRIES, {"of_lead": state.lead, "from_seq": first}
            ).rowcount
            if decision.entries:
                connection.execute(
                    _INSERT_ENTRIES, [_entry_row(state, entry) for entry in decision.entries]
                )
            kinds = {entry.kind for entry in decision.entries}
            again = replaced > 0
            if self._crm is not None:
                self._crm.record(connection, decision, replaced_from=first if again else None)
            if again or (state.handoffs and kinds & _HANDOFF_TURNS):
                _rebuild(connection, state, _H, HANDOFF_KINDS, handoff_rows)
            if again or kinds & TASK_KINDS:
                _rebuild(connection, state, _T, TASK_KINDS, task_rows)
            if again or kinds & _CONSENT_TURNS:
                _consents(connection, decision, first)
            if again or kinds & _SUPPRESSION_TURNS or _of_address(decision.entries):
                self._suppress(connection, decision, now)

    def _suppress(self, connection: Connection, decision: Decision, now: datetime) -> None:
        """Make the address's suppressions what the state says, and lift what an entry lifts."""
        state = decision.state
        address = _address(state)
        if address is None:
            return
        lifted = [e.fields["why"] for e in decision.entries if e.kind == "unsuppressed"]
        if _moved(decision.entries):
            # The old address bounced and keeps that; what stands against the new one stays too.
            lifted = [why for why in lifted if why != "bounced"]
        told = (e.fields.get("type") for e in decision.entries if e.kind == "event")
        lifted += [_LIFTS[one] for one in told if one in _LIFTS]
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


def _consents(connection: Connection, decision: Decision, first: int) -> None:
    """Keep each consent of this turn: told as one, or set as a flag of the profile."""
    state = decision.state
    connection.execute(sa.delete(_C).where(_C.c.lead == state.lead, _C.c.seq >= first))
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
    """The entries by which a consent came; a flag that a told one set is no second."""
    told = [entry for entry in decision.entries if entry.kind == "consented"]
    if told or decision.state.profile.get("consent") is not True:
        return told
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


def _lead_upsert(database: Database) -> sa.Executable:
    insert = database.upsert(_L).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in _L.c}
    )
    return insert.on_conflict_do_update(
        index_elements=[_L.c.id],
        set_={column.name: insert.excluded[column.name] for column in _L.c if column.name != "id"},
        where=sa.tuple_(_L.c.fence_run, _L.c.fence_length)
        <= sa.tuple_(insert.excluded.fence_run, insert.excluded.fence_length),
    ).returning(_L.c.id)


def _lead_row(decision: Decision, fence: Fence, now: datetime) -> dict[str, Any]:
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
        "state": dump_state(state),
        "turn": state.turn,
        "fence_run": fence.run,
        "fence_length": fence.length,
        "updated": now,
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
    """The event's id, as text that every database takes: strangers chose it."""
    found = entry.fields.get("event") if entry.kind in _EVENT_KINDS else None
    if not found:
        return None
    return str(found).replace("\0", "").encode(errors="replace").decode()


def _rebuild(
    connection: Connection,
    state: LeadState,
    table: sa.Table,
    kinds: frozenset[str],
    rows_of: Callable[[LeadState, _Told], list[dict[str, Any]]],
) -> None:
    told = connection.execute(
        sa.select(_E.c.at, _E.c.kind, _E.c.fields)
        .where(_E.c.lead == state.lead, _E.c.kind.in_(sorted(kinds)))
        .order_by(_E.c.seq)
    )
    rows = rows_of(state, ((row.at, row.kind, row.fields) for row in told))
    connection.execute(sa.delete(table).where(table.c.lead == state.lead))
    if rows:
        connection.execute(sa.insert(table), rows)
