"""What is accepted from outside for leads: stored first, relayed to their workflows afterwards.

The file is long because one class reads and writes the whole table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from activities.tracing import trace_context
from adapters.sql.database import Database
from adapters.sql.lead_names import SqlLeadNames
from adapters.sql.new_item import NewItem
from lifecycle.nurture.suppression import ABOUT_AN_ADDRESS, ANOTHER_ADDRESS
from models.addresses import address_key
from models.tables.columns import table_of
from models.tables.intake import ActArrival, IntakeItem
from models.tables.leads import LeadRow

_A = table_of(ActArrival)
_I = table_of(IntakeItem)
_L = table_of(LeadRow)

_FARTHEST = timedelta(minutes=5)
"""No item waits longer than this. One that should was written by a clock that was ahead, and is
taken now."""
_MOST_OF_A_LEAD = 1_000
_MOST_ROWS = 5_000
"""How many items are taken at once, however many wait: a flood must fit into memory."""


_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_THERE = sa.select(_L.c.id).where(_L.c.id.in_(_IDS))
_PROFILES = sa.select(_L.c.id, _L.c.profile).where(_L.c.id.in_(_IDS))
_UNFINISHED = sa.select(sa.func.count()).where(_I.c.lead.in_(_IDS), _I.c.done.is_(None))
_COMING = sa.select(_I.c.lead).where(
    _I.c.lead.in_(_IDS),
    _I.c.kind == "lead",
    sa.or_(_I.c.done.is_(None), _I.c.why.is_(None)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An item that is leased, to be relayed to its lead."""

    seq: int
    lead: str
    item: str
    kind: str
    body: dict[str, Any]
    arrived: datetime
    tries: int
    """How often it was taken, this time included."""
    trace: str | None = None
    """The trace context of the request that brought it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was accepted and not relayed yet."""

    count: int
    oldest: datetime | None
    """When the first of them arrived (program clock)."""


class SqlIntake:
    """The table of accepted items. Once `accept` has returned, its items are stored.

    Items of one lead that arrive within `gather` are relayed together.
    """

    def __init__(self, database: Database, *, gather: timedelta = timedelta(seconds=1)) -> None:
        self.database = database
        self._gather = gather
        self._names = SqlLeadNames(database)
        self._insert = (
            database.upsert(_I)
            .on_conflict_do_nothing(index_elements=[_I.c.lead, _I.c.item])
            .returning(_I.c.lead, _I.c.item)
        )

    def accept(self, items: Sequence[NewItem]) -> list[bool]:
        """Store items in one transaction; False for each that was accepted before."""
        with self.database.write(durable=True) as connection:
            return self.store(connection, items)

    def store(self, connection: Connection, items: Sequence[NewItem]) -> list[bool]:
        """`accept` as a part of another's transaction.

        An item goes to the lead that has its id, also if that is not the lead's own id.
        """
        if not items:
            return []
        owners = self._names.by_ids(connection, {one.lead for one in items})
        items = [replace(one, lead=owners.get(one.lead, one.lead)) for one in items]
        now = self.database.now(connection)
        elsewhere = self._names.merged(connection, (x.address for x in items if _of_address(x)))
        rows = [
            {
                "lead": one.lead,
                "item": one.item,
                "kind": one.kind,
                "body": _body(one, elsewhere),
                "arrived": one.arrived,
                "ready": now + self._gather + one.delay,
                "tries": 0,
                "trace": trace_context(),
            }
            for one in items
        ]
        new = {tuple(row) for row in connection.execute(self._insert, rows)}
        fresh = []
        for one in items:
            fresh.append((one.lead, one.item) in new)
            new.discard((one.lead, one.item))  # the same one twice in a batch is new once
        return fresh

    def redirect(self, connection: Connection, lead: str, into: str) -> None:
        """Give what waits for a lead to the lead that it was merged into.

        Its data are no new address of that lead.
        """
        rows = connection.execute(
            sa.select(_I.c.seq, _I.c.item, _I.c.kind, _I.c.body)
            .where(_I.c.lead == lead, _I.c.done.is_(None))
            .order_by(_I.c.seq)
        ).all()
        names = [row.item for row in rows]
        known = set(
            connection.scalars(sa.select(_I.c.item).where(_I.c.lead == into, _I.c.item.in_(names)))
        )
        for row in rows:
            changed: dict[str, Any] = {"lead": into}
            if row.item in known:
                changed = {"done": datetime.now(UTC)}
            elif row.kind == "lead":
                profile = {k: v for k, v in row.body["profile"].items() if k != "email"}
                changed["body"] = {**row.body, "profile": profile}
            elif row.kind == "event" and row.body.get("type") in ABOUT_AN_ADDRESS:
                changed["body"] = _elsewhere(row.body)
            connection.execute(sa.update(_I).where(_I.c.seq == row.seq).values(**changed))

    def take(self, limit: int, lease: timedelta) -> list[Taken]:
        """Lease what can be relayed now, for about `limit` leads, each lead's in order of arrival.

        A lead's gathered items come together; of a flood, the first 1,000. No item overtakes an
        earlier one that is leased or not ready yet, and a lead that waits delays no other. An item
        that is neither `done` nor put off (`again`) within the lease is taken again, because the
        process that took it died.
        """
        firsts = sa.select(sa.func.min(_I.c.seq)).where(_I.c.done.is_(None)).group_by(_I.c.lead)
        with self.database.write() as connection:
            now = self.database.now(connection)
            ready = (
                sa.select(_I.c.lead)
                .where(
                    _I.c.seq.in_(firsts),
                    sa.or_(_I.c.ready <= now, _I.c.ready > now + _FARTHEST),
                )
                .order_by(_I.c.ready)
                .limit(limit)
            )
            leads = sorted(connection.scalars(ready))
            if not leads:
                return []
            place = sa.func.row_number().over(partition_by=_I.c.lead, order_by=_I.c.seq)
            placed = (
                sa.select(_I.c.seq, place.label("place"))
                .where(_I.c.lead.in_(leads), _I.c.done.is_(None))
                .subquery()
            )
            first = (
                sa.select(placed.c.seq)
                .where(placed.c.place <= _MOST_OF_A_LEAD)
                .order_by(placed.c.place, placed.c.seq)
                .limit(_MOST_ROWS)
            )
            rows = connection.execute(
                sa.select(_I)
                .where(_I.c.seq.in_(first), _I.c.done.is_(None))
                .order_by(_I.c.seq)
                .with_for_update()
            ).all()
            taken = list(_first_ready(rows, now, now + self._gather))
            connection.execute(
                sa.update(_I)
                .where(_I.c.seq.in_([row.seq for row in taken]))
                .values(ready=now + lease, tries=_I.c.tries + 1)
            )
        return [
            Taken(
                seq=row.seq,
                lead=row.lead,
                item=row.item,
                kind=row.kind,
                body=row.body,
                arrived=row.arrived,
                tries=row.tries + 1,
                trace=row.trace,
            )
            for row in taken
        ]

    def renew(self, seqs: Sequence[int], lease: timedelta) -> None:
        """Prolong the lease of items that are still being relayed, but not of what was put off."""
        with self.database.write() as connection:
            until = self.database.now(connection) + lease
            connection.execute(
                sa.update(_I)
                .where(_I.c.seq.in_(seqs), _I.c.done.is_(None), _I.c.ready <= until)
                .values(ready=until)
            )

    def done(self, seqs: Sequence[int], why: str | None = None) -> None:
        """Record that leads have these items; or, with a reason, that they were given up."""
        with self.database.write() as connection:
            connection.execute(
                sa.update(_I).where(_I.c.seq.in_(seqs)).values(done=datetime.now(UTC), why=why)
            )

    def again(self, seqs: Sequence[int], why: str, after: timedelta) -> None:
        """Put items off: they are taken again after so long."""
        with self.database.write() as connection:
            connection.execute(
                sa.update(_I)
                .where(_I.c.seq.in_(seqs), _I.c.done.is_(None))
                .values(ready=self.database.now(connection) + after, why=why)
            )

    def tell_again(self, seqs: Sequence[int]) -> None:
        """Relay items once more that their leads were told: they lost them."""
        with self.database.write() as connection:
            new = {"done": None, "tries": 0, "ready": self.database.now(connection)}
            connection.execute(sa.update(_I).where(_I.c.seq.in_(seqs)).values(**new))

    def judge(self, lead: str, message: str, why: str) -> int:
        """Mark this mail's waiting clicks and opens as a machine's; how many."""
        with self.database.write() as connection:
            rows = connection.execute(
                sa.select(_I.c.seq, _I.c.body).where(
                    _I.c.lead == lead, _I.c.kind == "event", _I.c.done.is_(None)
                )
            ).all()
            judged = [row for row in rows if _by_mail(row.body, message)]
            for row in judged:
                body = {**row.body, "machine": True, "data": {**row.body["data"], "why": why}}
                connection.execute(sa.update(_I).where(_I.c.seq == row.seq).values(body=body))
        return len(judged)

    def put_off(self, lead: str, message: str, delay: timedelta, *, since: datetime) -> None:
        """Let this mail's waiting clicks and opens wait for so long from now (real time).

        Only those that arrived since then (program clock), so that none waits without end.
        """
        waiting = (_I.c.lead == lead, _I.c.kind == "event", _I.c.done.is_(None))
        with self.database.write() as connection:
            ready = self.database.now(connection) + self._gather + delay
            query = sa.select(_I.c.seq, _I.c.body).where(*waiting, _I.c.arrived >= since)
            seqs = [row.seq for row in connection.execute(query) if _by_mail(row.body, message)]
            later = sa.update(_I).where(_I.c.seq.in_(seqs), _I.c.ready < ready)
            connection.execute(later.values(ready=ready))

    def clicked(self, lead: str, message: str, since: datetime) -> dict[str, set[str]]:
        """Where the links lead that were followed from this mail since then (program clock).

        With each, why its requests were a machine's; empty for a person's.
        """
        query = sa.select(_I.c.body).where(
            _I.c.lead == lead, _I.c.kind == "event", _I.c.arrived >= since
        )
        with self.database.read() as connection:
            bodies = connection.scalars(query).all()
        found: dict[str, set[str]] = {}
        for body in bodies:
            data = body["data"]
            if body.get("type") == "email.clicked" and data.get("message") == message:
                whys = found.setdefault(str(data.get("url", "")), set())
                whys |= {str(data["why"])} if "why" in data else set()
        return found

    def events_since(
        self, connection: Connection, lead: str, kind: str, since: datetime
    ) -> list[dict[str, Any]]:
        """A lead's accepted events of one type that arrived since then (program clock)."""
        query = sa.select(_I.c.body).where(
            _I.c.lead == lead,
            _I.c.kind == "event",
            _I.c.arrived >= since,
            _I.c.body["type"].as_string() == kind,
        )
        return list(connection.scalars(query))

    def there(self, connection: Connection, leads: Collection[str]) -> set[str]:
        """Which of these leads exist, or will: their creation was accepted and not given up."""
        if not leads:
            return set()
        found = set(connection.scalars(_THERE, {"ids": sorted(leads)}))
        if missing := set(leads) - found:
            found |= set(connection.scalars(_COMING, {"ids": sorted(missing)}))
        return found

    def profiles(self, connection: Connection, leads: Collection[str]) -> dict[str, dict[str, Any]]:
        """The profiles of these leads, as their latest turns left them."""
        if not leads:
            return {}
        found = connection.execute(_PROFILES, {"ids": sorted(leads)})
        return {row.id: row.profile for row in found}

    def unfinished(self, leads: Sequence[str]) -> int:
        """How many items of these leads were accepted and not relayed yet."""
        if not leads:
            return 0
        with self.database.read() as connection:
            return connection.scalar(_UNFINISHED, {"ids": list(leads)}) or 0

    def waiting(self) -> Waiting:
        """How much was accepted and not relayed yet, and since when the oldest waits."""
        query = sa.select(sa.func.count(), sa.func.min(_I.c.arrived)).where(_I.c.done.is_(None))
        with self.database.read() as connection:
            count, oldest = connection.execute(query).one()
        return Waiting(count, oldest)

    def purge(self, before: datetime) -> int:
        """Remove what was relayed before this instant; how much it was.

        Acts that were last asked before it and never answered go too.
        """
        with self.database.write() as connection:
            connection.execute(sa.delete(_A).where(_A.c.asked < before))
            return connection.execute(sa.delete(_I).where(_I.c.done < before)).rowcount


def _of_address(item: NewItem) -> bool:
    return item.kind == "event" and item.body.get("type") in ABOUT_AN_ADDRESS


def _body(item: NewItem, elsewhere: Collection[str]) -> dict[str, Any]:
    """The body; a bounce of an address that came with a merged lead says so."""
    if elsewhere and _of_address(item) and address_key(item.address) in elsewhere:
        return _elsewhere(item.body)
    return dict(item.body)


def _elsewhere(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "data": {**body["data"], "about": ANOTHER_ADDRESS}}


def _first_ready(
    rows: Sequence[sa.Row[Any]], now: datetime, gathered: datetime
) -> Iterator[sa.Row[Any]]:
    """Each lead's first items up to one that is not ready, if the first is due by now."""
    never = now + _FARTHEST
    stopped: dict[str, bool] = {}
    for row in rows:
        first = row.lead not in stopped
        stop = stopped.get(row.lead, False) or ((now if first else gathered) < row.ready <= never)
        stopped[row.lead] = stop
        if not stop:
            yield row


def _by_mail(body: Mapping[str, Any], message: str) -> bool:
    """Whether this is an open or a click of the mail that still counts as a person's."""
    return (
        body.get("type") in ("email.clicked", "email.opened")
        and body.get("data", {}).get("message") == message
        and not body.get("machine", False)
    )
