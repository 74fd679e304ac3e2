"""Leads from a file: every row checked, the invalid ones put aside with the reason.

The whole file is checked before its first lead is handed out, so that a file which can't be
used leaves nothing half done. Rows are streamed: memory holds a row, and an id for each lead.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from adapters.files.rows import LeadFileError, Row, Rows, open_rows
from lifecycle.program.creation import CREATION_FIELDS
from lifecycle.program.new_lead import ID, NewLead, read_new_lead
from lifecycle.program.profile import field_types
from lifecycle.stable_hash import lead_id
from models.program.program import Program

__all__ = ["CheckedLeads", "LeadFileError", "checked_leads"]


@dataclass(slots=True)
class CheckedLeads:
    """The valid leads of a file, by iteration, and how many there are."""

    spool: IO[bytes]
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
    path: Path, program: Program, progress: Callable[[int], None] = lambda _: None
) -> Iterator[CheckedLeads]:
    """Check a file of leads, CSV or JSON Lines, against the fields of a program.

    Invalid rows are written beside the file, to `NAME.rejected.csv` or `.rejected.jsonl`, which
    replaces that of an earlier run; when there are none, that one is removed. `progress` is
    told now and then how many bytes were read. Raises LeadFileError where the file as a whole
    can't be used, and OSError.
    """
    with (
        tempfile.TemporaryFile() as spool,
        open_rows(path, [ID, *CREATION_FIELDS, *field_types(program)]) as rows,
    ):
        leads = CheckedLeads(spool)
        earlier: dict[str, int] = {}
        with _Rejects(rows) as rejects:
            for count, row in enumerate(rows):
                if count % 100 == 0:
                    progress(rows.lines.bytes_read)
                try:
                    leads.add(_first(_valid(row, program), row.line, earlier))
                except ValueError as error:
                    rejects.write(row, str(error))
                    leads.rejected += 1
        leads.rejects = rejects.path if leads.rejected else None
        yield leads


def _valid(row: Row, program: Program) -> NewLead:
    if row.problem is not None:
        raise ValueError(row.problem)
    return read_new_lead(row.values, program)


def _first(lead: NewLead, line: int, earlier: dict[str, int]) -> NewLead:
    """The lead, unless an earlier line has its address or its id."""
    address = lead_id(lead.profile["email"])
    for key, what in ((address, "address"), (lead.id, "id")):
        if key in earlier:
            raise ValueError(f"the same {what} as in line {earlier[key]}")
    earlier[address] = earlier[lead.id] = line
    return lead


class _Rejects:
    """The file of invalid rows: there once it is whole, or not at all."""

    def __init__(self, rows: Rows) -> None:
        source = rows.lines.path
        self.path = source.with_name(f"{source.stem}{rows.suffix}")
        self._part = self.path.with_name(f"{self.path.name}.part")
        self._rows = rows
        self._file: IO[str] | None = None

    def write(self, row: Row, reason: str) -> None:
        """Add a row."""
        if self._file is None:
            self._file = self._part.open("w", encoding="utf-8", newline="")
            self._file.write(self._rows.head())
        self._file.write(self._rows.rejected(row, reason))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if failed is not None:
            self._part.unlink(missing_ok=True)
        elif self._file is not None:
            self._part.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)
