"""The rows of the warehouse export, as the database has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from adapters.reports.queries import rows
from adapters.reports.warehouse_columns import COLUMNS
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from models.tables.columns import table_of
from models.tables.leads import HandoffRow, LeadRow, TimelineEntry
from models.tables.mail import MessageRow

_E = table_of(TimelineEntry)
_H = table_of(HandoffRow)
_L = table_of(LeadRow)
_M = table_of(MessageRow)
_PAGE: Final = 1_000
"""Leads, or mails, that are read at once: some MB."""
_ADDRESS = re.compile(r"[^\s\"'<>()\[\]{},;:=/\\|]+@[^\s\"'<>()\[\]{},;:=/\\|]+")
_REACHED_BY: Final = ("email", "phone")
"""Profile fields by which the person is reached."""
_OF_PROFILE: Final = ("source", "door", "country")
_LEFT_OUT: Final = "(address)"
Row = dict[str, Any]


class WarehouseRows:
    """Reads rows for an export, with or without the addresses of leads.

    Without them, an address in any text is replaced, unless it is that of a sales person or a
    manager: reports name these too.
    """

    def __init__(self, database: Database, *, addresses: bool) -> None:
        self._database = database
        self._addresses = addresses
        self._people = frozenset[str]() if addresses else self._of_sales()

    def _of_sales(self) -> frozenset[str]:
        directory = SqlDirectory(self._database).directory()
        teams = directory.teams.values()
        known = {one.email for team in teams for one in team.members}
        known |= {team.manager for team in teams if team.manager is not None}
        known |= {one.email for one in directory.marketing}
        with self._database.read() as connection:
            for owner in (_L.c.owner, _H.c.owner):
                known |= {one for one in connection.scalars(sa.select(owner).distinct()) if one}
        return frozenset(one.lower() for one in known)

    def turns(self) -> dict[str, int]:
        """The last turn of each lead."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(_L.c.id, _L.c.turn).order_by(_L.c.id))
            return {lead: turn for lead, turn in found}  # noqa: C416 - rows are no pairs to mypy

    def pages(self, leads: Sequence[str]) -> Iterator[Sequence[str]]:
        """These leads, so many at a time as are read at once."""
        return (leads[first : first + _PAGE] for first in range(0, len(leads), _PAGE))

    def leads(self, page: Sequence[str]) -> list[Row]:
        """The rows of these leads."""
        query = sa.select(_L).where(_L.c.id.in_(self._database.listed(page))).order_by(_L.c.id)
        return [self._lead(row) for row in rows(self._database, query)]

    def _lead(self, row: Mapping[str, Any]) -> Row:
        profile = dict(row["profile"])
        for name in () if self._addresses else _REACHED_BY:
            profile.pop(name, None)
        of_profile = {name: profile.get(name) for name in _OF_PROFILE}
        texts = {name: None if one is None else str(one) for name, one in of_profile.items()}
        address = row["email"] if self._addresses else None
        whole = {**row, **texts, "lead": row["id"], "address": address}
        return self._shown("leads", {**whole, "profile": profile})

    def timeline(self, turns: Mapping[str, int], known: Mapping[str, int]) -> Iterator[Row]:
        """The entries of these leads until their last turns that come after the turns known."""
        since = min((known.get(lead, -1) for lead in turns), default=-1)
        query = (
            sa.select(_E)
            .where(_E.c.lead.in_(self._database.listed(list(turns))), _E.c.turn > since)
            .order_by(_E.c.lead, _E.c.seq)
        )
        for row in rows(self._database, query):
            if known.get(row["lead"], -1) < row["turn"] <= turns[row["lead"]]:
                yield self._shown("timeline", row)

    def handoffs(self, page: Sequence[str]) -> list[Row]:
        """The handoffs of these leads."""
        listed = self._database.listed(page)
        query = sa.select(_H).where(_H.c.lead.in_(listed)).order_by(_H.c.lead, _H.c.number)
        return [self._shown("handoffs", row) for row in rows(self._database, query)]

    def messages(self) -> Iterator[list[Row]]:
        """All mails of the mail ledger, page by page."""
        after = ""
        while True:
            query = sa.select(_M).where(_M.c.key > after).order_by(_M.c.key).limit(_PAGE)
            found = rows(self._database, query)
            if not found:
                return
            after = found[-1]["key"]
            yield [
                self._shown(
                    "messages", {**row, "address": row["address"] if self._addresses else None}
                )
                for row in found
            ]

    def _shown(self, table: Any, row: Mapping[str, Any]) -> Row:
        names = (one.name for one in COLUMNS[table] if one.name != "run")
        found = {name: row[name] for name in names}
        if self._addresses:
            return found
        # An id stays as it is: tables are joined by it.
        return {
            name: value if name in ("lead", "merged_into") else self._without(value)
            for name, value in found.items()
        }

    def _without(self, value: Any) -> Any:
        """The same value without the addresses of leads."""
        if isinstance(value, str):
            return _ADDRESS.sub(self._replaced, value) if "@" in value else value
        if isinstance(value, Mapping):
            return {self._without(name): self._without(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._without(one) for one in value]
        return value

    def _replaced(self, found: re.Match[str]) -> str:
        return found[0] if found[0].lower() in self._people else _LEFT_OUT


def changed(turns: Mapping[str, int], known: Mapping[str, int]) -> Collection[str]:
    """The leads that are new, or have had a turn since."""
    return [lead for lead, turn in turns.items() if known.get(lead) != turn]
