"""Launch a list: what its rows do to leads, stored before anything is started.

A dry run does the same and takes it back, so that it says what the run then does. What is stored
is sent to the leads' workflows by the relay: here, by a gateway, or by the next launch. So a
launch that is interrupted anywhere is gone on with by the same command, and nothing is done twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy.engine import Connection

from adapters.files.leads import CheckedLeads
from adapters.files.rows import Row
from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from lifecycle.program.new_lead import NewLead
from models.on_conflict import OnConflict
from models.program.program import Program
from usecases.intake import consent_given, named_lead, profile_update
from usecases.naming import Named, Names
from usecases.relay import LEASE, Relay

ROWS_AT_ONCE = 200
"""Rows that are stored in one transaction."""
PATIENCE = LEASE.total_seconds() + 30
"""Seconds without progress: longer than a relay that died keeps what it had taken."""
_POLL_SECONDS = 0.1
_REMEDY = "to move it, launch with --on-conflict overwrite"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What becomes of one row."""

    status: Literal["create", "update", "unchanged", "rejected"]
    lead: str = ""
    why: str = ""
    """Of a rejected one: what was wrong, and what would be right."""


class NotRelayedError(Exception):
    """Rows are stored, and their leads could not be reached in time."""


class _TakenBackError(Exception):
    """Ends the transaction of a dry run."""


def store_rows(
    intake: SqlIntake,
    rows: Sequence[NewLead],
    program: Program,
    *,
    conflict: OnConflict,
    now: datetime,
    dry_run: bool = False,
) -> list[RowOutcome]:
    """Store what these rows do to leads, in one transaction, up to `ROWS_AT_ONCE` of them.

    A known id with an unknown address moves its lead with `overwrite` only, else it is rejected. A
    dry run takes the transaction back.
    """
    outcomes: list[RowOutcome] = []
    with (
        suppress(_TakenBackError),
        intake.database.write(durable=not dry_run) as connection,
        _taken_back(dry_run),
    ):
        outcomes = _stored(intake, connection, rows, program, conflict=conflict, now=now)
    return outcomes


@contextmanager
def _taken_back(dry_run: bool) -> Iterator[None]:  # noqa: FBT001  # private, and read in one place
    yield
    if dry_run:
        raise _TakenBackError


async def relay_rows(
    intake: SqlIntake, relay: Relay, outcomes: Sequence[RowOutcome], *, patience: float = PATIENCE
) -> None:
    """Send what was stored to its leads, and wait until they have it.

    Another relay may have taken some of it. Raises NotRelayedError after `patience` seconds
    without progress: the rows are stored, and any relay goes on with them.
    """
    leads = [one.lead for one in outcomes if one.lead]
    waited, left = 0.0, -1
    while True:
        while await relay.once():
            pass
        before, left = left, await asyncio.to_thread(intake.unfinished, leads)
        if not left:
            return
        waited = 0.0 if left != before else waited + _POLL_SECONDS
        if waited > patience:
            raise NotRelayedError(
                f"{left} rows are stored and wait for Temporal; a gateway, or the same command,"
                " goes on with them"
            )
        await asyncio.sleep(_POLL_SECONDS)


@dataclass(slots=True, kw_only=True)
class Launch:
    """A list that is launched on a program. `count` is told what becomes of each row."""

    intake: SqlIntake
    leads: CheckedLeads
    program: Program
    conflict: OnConflict
    clock: Callable[[], datetime]
    count: Callable[[RowOutcome], None]

    def dry_run(self) -> None:
        """Say of each row what `run` would do."""
        for some in self._batches():
            self._store(some, dry_run=True)

    async def run(self, relay: Relay, advance: Callable[[int], None]) -> None:
        """Store all rows, each before its lead is started. Raises NotRelayedError."""
        for some in self._batches():
            outcomes = await asyncio.to_thread(self._store, some)
            await relay_rows(self.intake, relay, outcomes)
            advance(len(some))

    def _batches(self) -> Iterator[list[tuple[NewLead, Row]]]:
        rows = self.leads.with_rows()
        while some := list(islice(rows, ROWS_AT_ONCE)):
            yield some

    def _store(self, some: list[tuple[NewLead, Row]], *, dry_run: bool = False) -> list[RowOutcome]:
        outcomes = store_rows(
            self.intake,
            [lead for lead, _ in some],
            self.program,
            conflict=self.conflict,
            now=self.clock(),
            dry_run=dry_run,
        )
        for (_, row), one in zip(some, outcomes, strict=True):
            self.count(one)
            if one.status == "rejected":
                self.leads.reject(row, one.why)
        return outcomes


def _stored(
    intake: SqlIntake,
    connection: Connection,
    rows: Sequence[NewLead],
    program: Program,
    *,
    conflict: OnConflict,
    now: datetime,
) -> list[RowOutcome]:
    names = Names(
        intake.database,
        connection,
        addresses=[one.profile["email"] for one in rows],
        ids=[one.id for one in rows if one.named],
    )
    there = intake.there(connection, names.leads)
    profiles = intake.profiles(connection, there)
    outcomes: list[RowOutcome] = []
    items: list[NewItem] = []
    for row in rows:
        try:
            named = named_lead(names, None if conflict == "overwrite" else _REMEDY, row)
        except ValueError as error:
            outcomes.append(RowOutcome("rejected", why=str(error)))
            continue
        lead = named.lead
        if lead not in there:
            there.add(lead)
            created = NewItem.lead_data(
                lead, program.program, row.profile, arrived=now, creation=row.creation
            )
            items.append(created)
            outcomes.append(RowOutcome("create", lead))
        elif changed := _changed(row, profiles.get(lead), named, conflict):
            items.append(profile_update(lead, changed, now))
            outcomes.append(RowOutcome("update", lead))
        else:
            outcomes.append(RowOutcome("unchanged", lead))
        if row.consent is not None:
            items.append(consent_given(lead, row.consent, now))
    intake.store(connection, items)
    return outcomes


def _changed(
    row: NewLead, known: Mapping[str, Any] | None, named: Named, conflict: OnConflict
) -> dict[str, Any]:
    """The fields of a lead that a row changes; `known` is None before the lead's first turn.

    An empty cell changes nothing: exports are full of them.
    """
    if conflict == "keep" or (conflict == "fill" and known is None):
        return {}
    known = known or {}
    if conflict == "fill":
        return {name: value for name, value in row.profile.items() if name not in known}
    changed = {name: value for name, value in row.profile.items() if known.get(name) != value}
    if not named.moved:
        changed.pop("email", None)  # the same address, perhaps in another spelling
    return changed
