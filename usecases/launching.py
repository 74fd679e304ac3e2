"""What the rows of a list do to leads.

A dry run does the same as a launch and takes it back, so that it says what the launch then does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy.engine import Connection

from adapters.files.leads import CheckedLeads
from adapters.files.table import Row
from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from lifecycle.program.new_lead import NewLead
from models.on_conflict import OnConflict
from models.program.program import Program
from usecases.intake import consent_given, named_lead, profile_update
from usecases.naming import Named, Names

ROWS_AT_ONCE = 200
"""Rows that a dry run tries in one transaction."""
_REMEDY = "to move it, launch with --on-conflict overwrite"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What becomes of one row."""

    status: Literal["create", "update", "unchanged", "rejected"]
    lead: str = ""
    why: str = ""
    """Of a rejected one: what was wrong, and what would be right."""


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
    """Store what these rows do to leads, in one transaction.

    A known id with an unknown address moves its lead with `overwrite` only, else it is rejected. A
    dry run takes the transaction back.
    """
    outcomes: list[RowOutcome] = []
    with (
        suppress(_TakenBackError),
        intake.database.write(durable=not dry_run) as connection,
        _taken_back(dry_run),
    ):
        outcomes = store_rows_in(intake, connection, rows, program, conflict=conflict, now=now)
    return outcomes


@contextmanager
def _taken_back(dry_run: bool) -> Iterator[None]:  # noqa: FBT001  # private, and read in one place
    yield
    if dry_run:
        raise _TakenBackError


def dry_run(
    intake: SqlIntake,
    leads: CheckedLeads,
    program: Program,
    *,
    conflict: OnConflict,
    now: datetime,
    count: Callable[[NewLead, Row, RowOutcome], None],
) -> None:
    """Say of each valid row what a launch would do. Those that it would reject are put aside."""
    rows = leads.with_rows()
    while some := list(islice(rows, ROWS_AT_ONCE)):
        found = store_rows(
            intake, [one for one, _ in some], program, conflict=conflict, now=now, dry_run=True
        )
        for (lead, row), outcome in zip(some, found, strict=True):
            if outcome.status == "rejected":
                leads.reject(row, outcome.why)
            count(lead, row, outcome)


def store_rows_in(
    intake: SqlIntake,
    connection: Connection,
    rows: Sequence[NewLead],
    program: Program,
    *,
    conflict: OnConflict,
    now: datetime,
) -> list[RowOutcome]:
    """`store_rows` as a part of another's transaction."""
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
