"""Snapshots of lives in the database: made every night, read by reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TimelineEntry
from models.tables.snapshots import LifeSnapshotRow
from reports.life import Part, RawEntry
from reports.reading import PARTS, kinds, snapshot_of
from reports.snapshot import WRITTEN, LifeSnapshot, SnapshotPart, form, read_many

_E = table_of(TimelineEntry)
_L = table_of(LeadRow)
_S = table_of(LifeSnapshotRow)
_PAGE = 500
"""Leads whose snapshots are made in one transaction: a fraction of a second, in which SQLite lets
nobody else write."""

_ENTRIES = sa.select(_E.c.lead, _E.c.seq, _E.c.at, _E.c.kind, _E.c.fields).order_by(
    _E.c.lead, _E.c.seq
)

_REMOVE = sa.delete(_S).where(
    _S.c.lead == sa.bindparam("of", type_=sa.String()),
    _S.c.seq == sa.bindparam("number", type_=sa.Integer()),
)


def entries_behind(
    after: str, last: str, as_of: datetime | None, parts: Collection[Part]
) -> sa.Select[Any]:
    """The entries of some leads (after one and up to another) behind their newest snapshot.

    Only those that the moves and these parts are read from, as of an instant; None: all.
    """
    newest = _newest(after, last, as_of).subquery()
    found = _ENTRIES.join_from(_E, newest, newest.c.lead == _E.c.lead, isouter=True).where(
        _E.c.lead > after,
        _E.c.lead <= last,
        _E.c.seq > sa.func.coalesce(newest.c.seq, 0),
        # A text joined with nothing is no column: else SQLite reads all entries of these kinds, by
        # their own index, for each page of leads.
        (_E.c.kind + "").in_(sorted(kinds(parts))),
    )
    return found if as_of is None else found.where(_E.c.at <= as_of)


def raw_entries(found: Iterable[sa.Row[Any]]) -> dict[str, list[RawEntry]]:
    """Rows of entries by their leads."""
    return {
        lead: [RawEntry(seq=row.seq, at=row.at, kind=row.kind, fields=row.fields) for row in of]
        for lead, of in groupby(found, key=lambda row: str(row.lead))
    }


def snapshots(
    connection: Connection, after: str, last: str, as_of: datetime | None, parts: Collection[Part]
) -> dict[str, LifeSnapshot]:
    """Of the leads after one and up to another, the newest snapshot that holds as of an instant.

    None: the newest of all.
    """
    names: list[SnapshotPart] = ["moves", *sorted(parts)]
    newest = _newest(after, last, as_of).subquery()
    query = sa.select(
        *(_S.c[name] for name in ("lead", "seq", "until", "stage", "track", "digest", *names))
    ).join(newest, sa.and_(newest.c.lead == _S.c.lead, newest.c.seq == _S.c.seq))
    rows = connection.execute(query).all()
    written = [read_many(name, [getattr(row, name) for row in rows]) for name in names]
    return {
        row.lead: LifeSnapshot(
            seq=row.seq,
            until=row.until,
            stage=row.stage,
            track=row.track,
            digest=row.digest,
            **dict(zip(names, of_row, strict=True)),
        )
        for row, *of_row in zip(rows, *written, strict=True)
    }


def _newest(after: str, last: str, as_of: datetime | None) -> sa.Select[tuple[str, int]]:
    found = (
        sa.select(_S.c.lead, sa.func.max(_S.c.seq).label("seq"))
        .where(_S.c.lead > after, _S.c.lead <= last, _S.c.form == form())
        .group_by(_S.c.lead)
    )
    return found if as_of is None else found.where(_S.c.until <= as_of)


class SqlLifeSnapshots:
    """Makes snapshots."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self) -> int:
        """Make a snapshot of each lead with entries behind its last; how many were made.

        Of older ones the last of each month is kept, so that a report as of any instant reads a
        month of entries at most. Twice makes nothing more.
        """
        made, after = 0, ""
        page = sa.select(_L.c.id).order_by(_L.c.id).limit(_PAGE)
        while True:
            with self._database.read() as connection:
                leads = list(connection.scalars(page.where(_L.c.id > after)))
            if not leads:
                return made
            made += self._take(after, leads[-1])
            after = leads[-1]

    def _take(self, after: str, last: str) -> int:
        with self._database.read() as connection:
            query = entries_behind(after, last, None, PARTS)
            timelines = raw_entries(connection.execute(query))
            before = snapshots(connection, after, last, None, PARTS) if timelines else {}
        rows = [
            _row(lead, found)
            for lead, entries in timelines.items()
            if (found := snapshot_of(lead, entries, before.get(lead))) is not None
        ]
        if rows:
            with self._database.write() as connection:
                # One of another form may stand at the same entry.
                places = [{"of": row["lead"], "number": row["seq"]} for row in rows]
                connection.execute(_REMOVE, places)
                connection.execute(sa.insert(_S), rows)
                self._thin(connection, [str(row["lead"]) for row in rows])
        return len(rows)

    def _thin(self, connection: Connection, leads: Sequence[str]) -> None:
        """Remove snapshots of another form, and all of a month but its last."""
        query = (
            sa.select(_S.c.lead, _S.c.seq, _S.c.until, _S.c.form)
            .where(_S.c.lead.in_(leads))
            .order_by(_S.c.lead, _S.c.seq)
        )
        last: dict[tuple[str, str], int] = {}
        gone: list[Mapping[str, Any]] = []
        for row in connection.execute(query):
            month = (row.lead, f"{row.until:%Y-%m}")
            if row.form != form():
                gone.append({"of": row.lead, "number": row.seq})
                continue
            if month in last:
                gone.append({"of": row.lead, "number": last[month]})
            last[month] = row.seq
        if gone:
            connection.execute(_REMOVE, gone)


def _row(lead: str, found: LifeSnapshot) -> dict[str, Any]:
    return {
        "lead": lead,
        **{name: getattr(found, name) for name in ("seq", "until", "stage", "track", "digest")},
        "form": form(),
        **{
            name: WRITTEN[name].dump_json(getattr(found, name)).decode()
            for name in get_args(SnapshotPart)
        },
    }
