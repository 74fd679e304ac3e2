"""The lives of leads, read from timelines for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from adapters.reports.queries import text
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from lifecycle.stable_hash import stable_hash
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TimelineEntry
from reports.life import About, LeadLife, Part, RawEntry
from reports.reading import PARTS, kinds, life_of

_E = table_of(TimelineEntry)
_L = table_of(LeadRow)
_PAGE = 1_000
"""Leads that are read at once: some MB."""
_PROFILE = ("source", "door", "country")
_LEADS = sa.select(
    _L.c.id,
    _L.c.program,
    _L.c.digest,
    _L.c.motion,
    _L.c.state["holdout"].as_boolean().label("holdout"),
    *(text(_L.c.profile, name).label(name) for name in _PROFILE),
).order_by(_L.c.id)
_ENTRIES = sa.select(_E.c.lead, _E.c.seq, _E.c.at, _E.c.kind, _E.c.fields).order_by(
    _E.c.lead, _E.c.seq
)


class SqlLives:
    """Reads lives page by page, in one read of the database: all are of one instant."""

    def __init__(self, database: Database, programs: SqlPrograms) -> None:
        self._database = database
        self._programs = programs
        self._holdouts: dict[str, Any] = {}

    def read(
        self, *, as_of: datetime, program: str | None = None, parts: Collection[Part] = PARTS
    ) -> Iterator[LeadLife]:
        """The lives of all leads, or of a program's, as far as their entries go until `as_of`.

        What happened exactly at `as_of` is in it. Leads that were created later are not. Only
        these `parts` are read, besides the moves.
        """
        query = _LEADS if program is None else _LEADS.where(_L.c.program == program)
        # A text joined with nothing is no column: else SQLite reads all entries of these kinds, by
        # their own index, for each page of leads.
        wanted = (_E.c.kind + "").in_(sorted(kinds(parts)))
        entries = _ENTRIES.where(wanted, _E.c.at <= as_of)
        after = ""
        with self._database.read() as connection:
            while True:
                leads = connection.execute(query.where(_L.c.id > after).limit(_PAGE)).all()
                if not leads:
                    return
                last = leads[-1].id
                found = connection.execute(
                    entries.where(_E.c.lead > after, _E.c.lead <= last)
                ).all()
                yield from self._lives(leads, found)
                after = last

    def _lives(
        self, leads: Sequence[sa.Row[*tuple[Any, ...]]], entries: Sequence[sa.Row[*tuple[Any, ...]]]
    ) -> Iterator[LeadLife]:
        timelines = {
            lead: [RawEntry(seq=row.seq, at=row.at, kind=row.kind, fields=row.fields) for row in of]
            for lead, of in groupby(entries, key=lambda row: str(row.lead))
        }
        for row in leads:
            about = About(
                program=row.program,
                digest=row.digest,
                motion=row.motion,
                holdout=self._in_holdout(row),
                **{name: getattr(row, name) for name in _PROFILE},
            )
            life = life_of(row.id, about, timelines.get(row.id, ()))
            if life is not None:
                yield life

    def _in_holdout(self, row: sa.Row[*tuple[Any, ...]]) -> bool:
        """Whether a lead is in the holdout, as `lifecycle.nurture.sending` decides it."""
        if row.holdout is not None:
            return bool(row.holdout)
        if row.digest not in self._holdouts:
            self._holdouts[row.digest] = self._programs.load(row.digest).sending.holdout.value
        held_out = self._holdouts[row.digest]
        return bool(held_out) and stable_hash(row.program, row.id, "holdout") < held_out
