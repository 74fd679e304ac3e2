"""Launches in the database: the rows of their lists, what became of each, and how far they are.

The file is long because one class reads and writes both tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from lifecycle.words.person_name import person_name
from models.launch import CLOSED, NOT_OVER, UNDER_WAY, Launch, LaunchRow, Standing
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from models.tables.launches import LaunchRecord, LaunchRowRecord
from models.tables.leads import LeadRow, TimelineEntry

_I = table_of(IntakeItem)
_E = table_of(TimelineEntry)
_N = table_of(LeadRow)
_L = table_of(LaunchRecord)
_R = table_of(LaunchRowRecord)

_PAGE = 500
_FORGOTTEN_AT_ONCE = 5_000
_COUNTED = {"create": "created", "update": "updated", "unchanged": "unchanged"}


class UnknownLaunchError(LookupError):
    """There is no launch of this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of one row."""

    number: int
    outcome: str
    lead: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedLead:
    """A lead that a launch created, as an undo sees it."""

    number: int
    """Of its row."""
    lead: str
    seq: int | None
    """The number of its last timeline entry; None before its first turn."""
    closed: bool
    reason: str | None
    waiting: bool
    """Whether something was accepted for it that its workflow does not have yet."""
    entries: tuple[tuple[str, Mapping[str, Any]], ...]
    """The kind and the fields of each entry of its timeline, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A row of a launch, as a list shows it."""

    line: int
    lead: str | None
    name: str
    """The person's, else the address; empty if the row has no lead."""
    why: str
    """Why it was rejected, or why an undo left its lead."""


RowsWanted = Literal["create", "update", "unchanged", "rejected", "waiting", "closed", "kept"]
"""What became of rows: as a dry run says it, or not known yet, or what an undo did."""
_CHOSEN: dict[RowsWanted, tuple[sa.ColumnElement[bool], ...]] = {
    "create": (_R.c.outcome == "create",),
    "update": (_R.c.outcome == "update",),
    "unchanged": (_R.c.outcome == "unchanged",),
    "rejected": (_R.c.outcome == "rejected",),
    "waiting": (_R.c.outcome.is_(None),),
    "closed": (_R.c.undone == CLOSED,),
    "kept": (_R.c.undone.is_not(None), _R.c.undone != CLOSED),
}


class SqlLaunches:
    """The tables `launches` and `launch_rows`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._insert = database.upsert(_R).on_conflict_do_nothing(
            index_elements=[_R.c.launch, _R.c.number]
        )

    def begin(self, launch: Launch) -> Launch:
        """Store a new launch, without its rows; its number is given here.

        If a launch of the same file, said in the same way, is not over, that one is returned.
        """
        with self.database.write(durable=True) as connection:
            if (known := self._not_over(connection, launch)) is not None:
                return known
            values = {k: _stored(v) for k, v in asdict(launch).items() if k != "number"}
            number = connection.scalar(sa.insert(_L).values(values).returning(_L.c.number))
            return self.in_transaction(connection, number or 0)

    def _not_over(self, connection: Connection, launch: Launch) -> Launch | None:
        same = sa.select(_L).where(
            _L.c.file_digest == launch.file_digest,
            _L.c.program == launch.program,
            _L.c.digest == launch.digest,
            _L.c.on_conflict == launch.on_conflict,
            _L.c.standing.in_(NOT_OVER),
        )
        for row in connection.execute(same.order_by(_L.c.number)).mappings():
            if row["options"] == dict(launch.options):
                return Launch(**row)
        return None

    def add(self, number: int, rows: Sequence[LaunchRow]) -> None:
        """Store rows; those that are stored already stay as they are."""
        if not rows:
            return
        values = [
            {
                "launch": number,
                "number": one.number,
                "line": one.line,
                "checked": one.lead,
                "written": one.written,
                "outcome": None if one.lead is not None else "rejected",
                "lead": None,
                "why": None if one.lead is not None else _printable(one.why),
                "undone": None,
            }
            for one in rows
        ]
        with self.database.write(durable=True) as connection:
            connection.execute(self._insert, values)

    def complete(self, number: int) -> Launch:
        """Say that all rows are stored: from now on they are accepted, and may be started."""
        rejected = sa.func.sum(sa.case((_R.c.outcome == "rejected", 1), else_=0))
        counts = sa.select(sa.func.count(), rejected).where(_R.c.launch == number)
        with self.database.write(durable=True) as connection:
            size, unusable = connection.execute(counts).one()
            connection.execute(
                sa.update(_L)
                .where(_L.c.number == number, _L.c.standing == "storing")
                .values(standing="running", size=size, rejected=unusable or 0)
            )
            return self.in_transaction(connection, number)

    def launch(self, number: int) -> Launch:
        """The launch of this number. Raises UnknownLaunchError."""
        with self.database.read() as connection:
            return self.in_transaction(connection, number)

    def in_transaction(
        self, connection: Connection, number: int, *, locked: bool = False
    ) -> Launch:
        """`launch` in the caller's transaction; `locked`: nobody else changes it meanwhile."""
        query = sa.select(_L).where(_L.c.number == number)
        row = connection.execute(query.with_for_update() if locked else query).mappings().first()
        if row is None:
            raise UnknownLaunchError(
                f"there is no launch {number}; `leadflow launch list` names the latest"
            )
        return Launch(**row)

    def latest(self, most: int = 20) -> tuple[Launch, ...]:
        """The latest launches, the newest first."""
        return self._found(sa.select(_L).order_by(_L.c.number.desc()).limit(most))

    def of_file(self, digest: str) -> tuple[Launch, ...]:
        """The launches of the file with this SHA-256, the newest first."""
        query = sa.select(_L).where(_L.c.file_digest == digest)
        return self._found(query.order_by(_L.c.number.desc()).limit(5))

    def under_way(self) -> tuple[Launch, ...]:
        """Launches whose workflow has something to do, the oldest first."""
        query = sa.select(_L).where(_L.c.standing.in_(UNDER_WAY))
        return self._found(query.order_by(_L.c.number))

    def _found(self, query: sa.Select[Any]) -> tuple[Launch, ...]:
        with self.database.read() as connection:
            return tuple(Launch(**row) for row in connection.execute(query).mappings())

    def move(self, number: int, sources: tuple[Standing, ...], to: Standing, **more: Any) -> bool:
        """Change the standing, if it is one of these; False if it is not.

        The launch has ended if it is over then.
        """
        ended = None if to in (*UNDER_WAY, *NOT_OVER) else datetime.now(UTC)
        with self.database.write(durable=True) as connection:
            moved = connection.execute(
                sa.update(_L)
                .where(_L.c.number == number, _L.c.standing.in_(sources))
                .values(standing=to, ended=ended, **more)
            )
        return bool(moved.rowcount)

    # Starting.

    def next_rows(self, connection: Connection, launch: Launch, most: int) -> Sequence[LaunchRow]:
        """The next rows whose effect is not stored, those that can't be used too."""
        query = (
            sa.select(_R.c.number, _R.c.line, _R.c.checked, _R.c.written)
            .where(_R.c.launch == launch.number, _R.c.number > launch.handled)
            .order_by(_R.c.number)
            .limit(most)
        )
        return [
            LaunchRow(number=row.number, line=row.line, lead=row.checked, written=row.written)
            for row in connection.execute(query)
        ]

    def settle(
        self, connection: Connection, launch: Launch, results: Sequence[RowResult], handled: int
    ) -> None:
        """Store what became of rows, up to the row `handled`, with the effect itself."""
        if results:
            connection.execute(
                sa.update(_R)
                .where(_R.c.launch == launch.number, _R.c.number == sa.bindparam("row"))
                .values(
                    outcome=sa.bindparam("said"),
                    lead=sa.bindparam("whose"),
                    why=sa.bindparam("reason"),
                    checked=sa.null(),
                ),
                [
                    {
                        "row": one.number,
                        "said": one.outcome,
                        "whose": one.lead or None,
                        "reason": _printable(one.why) or None,
                    }
                    for one in results
                ],
            )
        counts = {_COUNTED.get(name, name): 0 for name in (*_COUNTED, "rejected")}
        for one in results:
            counts[_COUNTED.get(one.outcome, one.outcome)] += 1
        connection.execute(
            sa.update(_L)
            .where(_L.c.number == launch.number)
            .values(handled=handled, **{name: _L.c[name] + more for name, more in counts.items()})
        )

    def waiting(self, number: int) -> int:
        """How many items are accepted for leads of this launch and not relayed yet."""
        query = (
            sa.select(sa.func.count(sa.distinct(_I.c.seq)))
            .select_from(_I.join(_R, _R.c.lead == _I.c.lead))
            .where(_I.c.done.is_(None), _R.c.launch == number)
        )
        with self.database.read() as connection:
            return connection.scalar(query) or 0

    def give_up(self, number: int) -> int:
        """Reject the rows whose leads could not be started, with the reason; how many."""
        query = (
            sa.select(_R.c.number, _I.c.why)
            .select_from(_R.join(_I, sa.and_(_I.c.lead == _R.c.lead, _I.c.kind == "lead")))
            .where(
                _R.c.launch == number,
                _R.c.outcome == "create",
                _I.c.done.is_not(None),
                _I.c.why.is_not(None),
                sa.not_(sa.exists(sa.select(_N.c.id).where(_N.c.id == _R.c.lead))),
            )
        )
        with self.database.write() as connection:
            found = {row.number: row.why for row in connection.execute(query)}
            for place, why in found.items():
                connection.execute(
                    sa.update(_R)
                    .where(_R.c.launch == number, _R.c.number == place)
                    .values(outcome="rejected", why=_printable(f"it could not be started: {why}"))
                )
            if found:
                connection.execute(
                    sa.update(_L)
                    .where(_L.c.number == number)
                    .values(created=_L.c.created - len(found), rejected=_L.c.rejected + len(found))
                )
        return len(found)

    def forget(self, launch: Launch) -> None:
        """Remove what the rows of a launch that is over hold about people.

        What was rejected stays, so that it can be mended.
        """
        last = sa.select(sa.func.max(_R.c.number)).where(_R.c.launch == launch.number)
        with self.database.read() as connection:
            size = connection.scalar(last) or 0
        for first in range(0, size, _FORGOTTEN_AT_ONCE):
            with self.database.write() as connection:
                connection.execute(
                    sa.update(_R)
                    .where(
                        _R.c.launch == launch.number,
                        _R.c.number > first,
                        _R.c.number <= first + _FORGOTTEN_AT_ONCE,
                        sa.or_(_R.c.outcome.is_(None), _R.c.outcome != "rejected"),
                    )
                    .values(checked=sa.null(), written=sa.null())
                )

    def rejected(self, number: int) -> Iterator[tuple[Any, str]]:
        """The rejected rows in their order: each as it was written, with the reason."""
        for row in self._rows(number, _R.c.outcome == "rejected"):
            yield row.written, row.why or ""

    def page_of_rows(
        self, number: int, what: RowsWanted, *, page: int, size: int
    ) -> tuple[list[ShownRow], int]:
        """A page of a launch's rows, in their order, and how many there are in all."""
        chosen = (_R.c.launch == number, *_CHOSEN[what])
        query = (
            sa.select(_R.c.line, _R.c.lead, _R.c.why, _R.c.undone, _N.c.profile, _N.c.email)
            .select_from(_R.outerjoin(_N, _N.c.id == _R.c.lead))
            .where(*chosen)
            .order_by(_R.c.number)
            .limit(size)
            .offset((page - 1) * size)
        )
        counted = sa.select(sa.func.count()).select_from(_R).where(*chosen)
        with self.database.read() as connection:
            rows = [
                ShownRow(
                    line=row.line,
                    lead=row.lead,
                    name=person_name(row.profile or {}) or str(row.email or row.lead or ""),
                    why=row.why or (row.undone if row.undone != CLOSED else None) or "",
                )
                for row in connection.execute(query)
            ]
            return rows, connection.execute(counted).scalar_one()

    def kept(self, number: int) -> Iterator[tuple[str, str]]:
        """The leads that an undo left, each with the reason."""
        for row in self._rows(number, _R.c.undone.is_not(None), _R.c.undone != CLOSED):
            yield row.lead, row.undone

    def _rows(self, number: int, *chosen: sa.ColumnElement[bool]) -> Iterator[sa.Row[Any]]:
        after = 0
        while True:
            query = (
                sa.select(_R)
                .where(_R.c.launch == number, _R.c.number > after, *chosen)
                .order_by(_R.c.number)
                .limit(_PAGE)
            )
            with self.database.read() as connection:
                page = connection.execute(query).all()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    # Undoing.

    def created_leads(self, launch: Launch, most: int) -> list[CreatedLead]:
        """The next leads that the launch created and its undo has not settled."""
        query = (
            sa.select(_R.c.number, _R.c.lead, _N.c.state, _N.c.closed)
            .select_from(_R.outerjoin(_N, _N.c.id == _R.c.lead))
            .where(
                _R.c.launch == launch.number,
                _R.c.number > launch.handled,
                _R.c.outcome == "create",
                _R.c.undone.is_(None),
            )
            .order_by(_R.c.number)
            .limit(most)
        )
        with self.database.read() as connection:
            rows = connection.execute(query).all()
            leads = [row.lead for row in rows]
            waits = set(
                connection.scalars(
                    sa.select(_I.c.lead).where(_I.c.lead.in_(leads), _I.c.done.is_(None))
                )
            )
            entries: dict[str, list[tuple[str, Mapping[str, Any]]]] = {one: [] for one in leads}
            for entry in connection.execute(
                sa.select(_E.c.lead, _E.c.kind, _E.c.fields)
                .where(_E.c.lead.in_(leads))
                .order_by(_E.c.lead, _E.c.seq)
            ):
                entries[entry.lead].append((entry.kind, entry.fields))
        return [
            CreatedLead(
                number=row.number,
                lead=row.lead,
                seq=row.state.get("seq", 0) if row.state is not None else None,
                closed=bool(row.closed),
                reason=row.state.get("reason") if row.state is not None else None,
                waiting=row.lead in waits,
                entries=tuple(entries[row.lead]),
            )
            for row in rows
        ]

    def undone(self, number: int, settled: Mapping[int, str], handled: int) -> None:
        """Store what an undo did to leads, by their rows: `CLOSED`, or why it left them."""
        closed = sum(one == CLOSED for one in settled.values())
        with self.database.write() as connection:
            for place, said in settled.items():
                connection.execute(
                    sa.update(_R)
                    .where(_R.c.launch == number, _R.c.number == place)
                    .values(undone=said)
                )
            connection.execute(
                sa.update(_L)
                .where(_L.c.number == number)
                .values(
                    handled=handled,
                    closed=_L.c.closed + closed,
                    kept=_L.c.kept + len(settled) - closed,
                )
            )

    def sweep_again(self, number: int) -> int:
        """Begin to go through the created leads again; how many are not settled."""
        left = sa.select(sa.func.count()).where(
            _R.c.launch == number, _R.c.outcome == "create", _R.c.undone.is_(None)
        )
        with self.database.write() as connection:
            connection.execute(
                sa.update(_L).where(_L.c.number == number).values(handled=0, sweep=_L.c.sweep + 1)
            )
            return connection.scalar(left) or 0

    def give_up_undoing(self, number: int, why: str) -> None:
        """Leave the created leads that are not settled, with this reason."""
        chosen = (_R.c.launch == number, _R.c.outcome == "create", _R.c.undone.is_(None))
        with self.database.write() as connection:
            left = connection.execute(sa.update(_R).where(*chosen).values(undone=why)).rowcount
            connection.execute(
                sa.update(_L).where(_L.c.number == number).values(kept=_L.c.kept + left)
            )


def _stored(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _printable(text: str) -> str:
    """The text without what a database can't store: half a surrogate pair, a null character."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
