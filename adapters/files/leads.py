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
from typing import IO

from adapters.files.columns import BOUNCED, OPTED_OUT, Meanings, says_yes
from adapters.files.rejects import Rejects
from adapters.files.rows import Row, Rows, UnusableFileError, open_rows
from adapters.files.translation import Translation
from lifecycle.program.creation import CREATION_FIELDS
from lifecycle.program.new_lead import ID, NewLead, read_new_lead
from lifecycle.program.profile import field_types
from lifecycle.stable_hash import lead_id
from models.addresses import spellings
from models.program.program import Program
from models.program.values import BUILT_IN_FIELDS

__all__ = ["CheckedLeads", "UnusableFileError", "checked_leads", "meanings_of"]

_UNWANTED = {
    OPTED_OUT: "this person opted out of e-mail; `leadflow suppressions import` takes such lists",
    BOUNCED: "this address takes no mail; `leadflow suppressions import` takes such lists",
}


@dataclass(slots=True)
class CheckedLeads:
    """The valid leads of a file, by iteration, and how many there are."""

    spool: IO[bytes]
    rows: Rows
    """The file, with what was understood of it."""
    translation: Translation
    """What was translated, and what has no translation."""
    valid: int = 0
    rejected: int = 0
    rejects: Path | None = None
    """Where the invalid rows went; None if there are none."""

    def __iter__(self) -> Iterator[NewLead]:
        self.spool.seek(0)
        for line in self.spool:
            lead, named, profile, creation, consent = json.loads(line)
            yield NewLead(id=lead, named=named, profile=profile, creation=creation, consent=consent)

    def add(self, lead: NewLead) -> None:
        """Keep one more lead."""
        kept = [lead.id, lead.named, lead.profile, lead.creation, lead.consent]
        self.spool.write(json.dumps(kept, allow_nan=False).encode() + b"\n")
        self.valid += 1


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
        leads = CheckedLeads(spool, rows, Translation(rows.columns, people or {}))
        earlier: dict[str, int] = {}
        with Rejects(rows) as rejects:
            for count, row in enumerate(rows):
                if count % 100 == 0:
                    progress(rows.lines.bytes_read)
                try:
                    leads.add(_first(_valid(row, program, leads.translation), row.line, earlier))
                except ValueError as error:
                    rejects.write(row, str(error))
                    leads.rejected += 1
        leads.rejects = rejects.path if leads.rejected else None
        yield leads


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
    for role, said in _UNWANTED.items():
        if says_yes(values.pop(role, "")):
            raise ValueError(said)
    return read_new_lead(translation.row(values), program)


def _first(lead: NewLead, line: int, earlier: dict[str, int]) -> NewLead:
    """The lead, unless an earlier line has its address or its id."""
    address = lead_id(spellings(lead.profile["email"])[0])
    for key, what in ((address, "address"), (lead.id, "id")):
        if key in earlier:
            raise ValueError(f"the same {what} as in line {earlier[key]}")
    earlier[address] = earlier[lead.id] = line
    return lead
