"""Leads from a file: every row checked, the invalid ones put aside with the reason.

The whole file is checked before its first lead is handed out, so that a file which can't be
used leaves nothing half done. Rows are streamed: memory holds a row, and an id for each lead.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from adapters.files.columns import BOUNCED, COMPLAINED, MAIL_STATUS, OPTED_OUT, Meanings, unwanted
from adapters.files.rejects import Rejects
from adapters.files.rows import Row, Rows, UnusableFileError, open_rows
from adapters.files.translation import Translation
from lifecycle.program.creation import CREATION_FIELDS, STAGE
from lifecycle.program.new_lead import ID, NewLead, read_new_lead
from lifecycle.program.profile import field_types
from lifecycle.stable_hash import lead_id
from models.addresses import spellings
from models.program.program import Program
from models.program.values import BUILT_IN_FIELDS

__all__ = ["CheckedLeads", "UnusableFileError", "checked_leads", "meanings_of"]

_UNWANTED = {
    OPTED_OUT: "this person opted out of e-mail; `leadflow suppressions import` takes such lists",
    COMPLAINED: "this person reported mail as spam; `leadflow suppressions import` takes such"
    " lists",
    BOUNCED: "this address takes no mail; `leadflow suppressions import` takes such lists",
}


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row of a file with its lead, or with why it can't be used."""

    row: Row
    lead: NewLead | None
    why: str = ""


@dataclass(slots=True)
class CheckedLeads:
    """The valid leads of a file, by iteration, and how many there are."""

    spool: IO[bytes]
    rows: Rows
    """The file, with what was understood of it."""
    translation: Translation
    """What was translated, and what has no translation."""
    reject_file: Rejects
    valid: int = 0
    rejected: int = 0
    rejects: Path | None = None
    """Where the invalid rows went; None if there are none."""

    def __iter__(self) -> Iterator[NewLead]:
        return (lead for lead, _ in self.with_rows())

    def with_rows(self) -> Iterator[tuple[NewLead, Row]]:
        """Each lead with its row, so that it can still be rejected."""
        return ((one.lead, one.row) for one in self.all_rows() if one.lead is not None)

    def all_rows(self) -> Iterator[CheckedRow]:
        """Every row in its order, also those that can't be used."""
        self.spool.seek(0)
        for text in self.spool:
            line, written, why, lead = json.loads(text)
            yield CheckedRow(Row(line, {}, written), read_checked(lead), why)

    def add(self, row: Row, lead: NewLead | None, why: str = "") -> None:
        """Keep one more row."""
        text = json.dumps([row.line, row.written, why, write_checked(lead)], allow_nan=False)
        self.spool.write(text.encode() + b"\n")
        if lead is not None:
            self.valid += 1
        else:
            self.rejected += 1

    def reject(self, row: Row, reason: str) -> None:
        """Reject a row that is valid by itself, such as one with the names of two leads."""
        self.reject_file.append(row, reason)
        self.rejects = self.reject_file.path
        self.rejected += 1


@contextmanager
def checked_leads(
    path: Path,
    program: Program,
    progress: Callable[[int], None] = lambda _: None,
    *,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
    people: Mapping[str, str] | None = None,
) -> Iterator[CheckedLeads]:
    """Check a file of leads, CSV or JSON Lines, against the fields of a program.

    `encoding` and `mapping` (the field of a column) are what somebody said about the file; the rest
    is found out. `people` are the addresses of owners by name.

    Invalid rows are written beside the file, to `NAME.rejected.csv` or `.rejected.jsonl`, which
    replaces that of an earlier run; when there are none, that one is removed. `progress` is told
    now and then how many bytes were read. Raises UnusableFileError where the file as a whole can't
    be used, and OSError.
    """
    meanings = meanings_of(program, mapping)
    with tempfile.TemporaryFile() as spool, open_rows(path, meanings, encoding) as rows:
        translation, rejects = Translation(rows.columns, people or {}), Rejects(rows)
        leads = CheckedLeads(spool, rows, translation, rejects)
        earlier: dict[str, int] = {}
        with rejects:
            for count, row in enumerate(rows):
                if count % 100 == 0:
                    progress(rows.lines.bytes_read)
                try:
                    lead = _first(_valid(row, program, translation), row.line, earlier)
                    leads.add(row, lead)
                except ValueError as error:
                    rejects.write(row, str(error))
                    leads.add(row, None, str(error))
        leads.rejects = rejects.path if leads.rejected else None
        yield leads


def write_checked(lead: NewLead | None) -> list[Any] | None:
    """A checked lead as JSON values; None without one."""
    if lead is None:
        return None
    return [lead.id, lead.named, lead.profile, lead.creation, lead.consent]


def read_checked(data: list[Any] | None) -> NewLead | None:
    """The lead that `write_checked` wrote."""
    if data is None:
        return None
    lead, named, profile, creation, consent = data
    return NewLead(id=lead, named=named, profile=profile, creation=creation, consent=consent)


def meanings_of(program: Program | None, mapping: Mapping[str, str] | None = None) -> Meanings:
    """What the columns of a list of leads may mean; without a program, by the built-in fields.

    Raises UnusableFileError for a mapping to a field that is not known.
    """
    fields = field_types(program) if program is not None else BUILT_IN_FIELDS
    try:
        return Meanings([*fields, ID, *CREATION_FIELDS], mapping)
    except ValueError as error:
        raise UnusableFileError(str(error)) from None


def _valid(row: Row, program: Program, translation: Translation) -> NewLead:
    if row.problem is not None:
        raise ValueError(row.problem)
    values = dict(row.values)
    roles = {role: values.pop(role) for role in (*_UNWANTED, MAIL_STATUS) if role in values}
    stage = {MAIL_STATUS: values.get(STAGE, "")}  # some tools say it there: "Do Not Contact"
    if (role := unwanted(roles) or unwanted(stage)) is not None:
        raise ValueError(_UNWANTED[role])
    return read_new_lead(translation.row(values), program)


def _first(lead: NewLead, line: int, earlier: dict[str, int]) -> NewLead:
    """The lead, unless an earlier line has its address or its id."""
    address = lead_id(spellings(lead.profile["email"])[0])
    for key, what in ((address, "address"), (lead.id, "id")):
        if key in earlier:
            raise ValueError(f"the same {what} as in line {earlier[key]}")
    earlier[address] = earlier[lead.id] = line
    return lead
