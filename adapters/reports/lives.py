"""The lives of leads, read from timelines for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.reports.life_snapshots import entries_behind, raw_entries, snapshots
from adapters.reports.queries import text
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from lifecycle.stable_hash import stable_hash
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from reports.life import About, LeadLife, Part, RawEntry
from reports.reading import PARTS, life_of
from reports.snapshot import LifeSnapshot

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


class SqlLives:
    """Reads lives page by page, in one read of the database: all are of one instant.

    Each begins with the lead's snapshot, if there is one, and goes on with the entries behind it.
    """

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
        after = ""
        with self._database.read() as connection:
            while True:
                leads = connection.execute(query.where(_L.c.id > after).limit(_PAGE)).all()
                if not leads:
                    return
                last = leads[-1].id
                before = snapshots(connection, after, last, as_of, parts)
                found = connection.execute(entries_behind(after, last, as_of, parts))
                yield from self._lives(leads, before, raw_entries(found))
                after = last

    def _lives(
        self,
        leads: Sequence[sa.Row[*tuple[Any, ...]]],
        before: Mapping[str, LifeSnapshot],
        behind: Mapping[str, Sequence[RawEntry]],
    ) -> Iterator[LeadLife]:
        for row in leads:
            about = About(
                program=row.program,
                digest=row.digest,
                motion=row.motion,
                holdout=self._in_holdout(row),
                **{name: getattr(row, name) for name in _PROFILE},
            )
            life = life_of(row.id, about, behind.get(row.id, ()), before.get(row.id))
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
