"""Leads from a file: every row checked, the invalid ones put aside with the reason.

The whole file is checked before its first lead is handed out, so that a file which can't be
used leaves nothing half done. Rows are streamed: memory holds a row, and an id for each lead.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Self

from adapters.documents.problems import meant
from adapters.files.rows import LeadFileError, Row, Rows, open_rows
from lifecycle.calendars.local_time import zone
from lifecycle.program.profile import field_types, read_profile
from lifecycle.stable_hash import lead_id
from models.program.program import Program

__all__ = ["CheckedLeads", "LeadFileError", "NewLead", "checked_leads", "read_lead"]

ID = "id"
"""The one name beside the fields of the profile; optional."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead ready to be enrolled: its profile is coerced, empty fields are left out."""

    id: str
    profile: dict[str, Any]


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
            lead, profile = json.loads(line)
            yield NewLead(id=lead, profile=profile)

    def add(self, lead: NewLead) -> None:
        """Keep one more lead."""
        line = json.dumps([lead.id, lead.profile], allow_nan=False)
        self.spool.write(line.encode() + b"\n")
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
        open_rows(path, [ID, *field_types(program)]) as rows,
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
    return read_lead(row.values, program)


def _first(lead: NewLead, line: int, earlier: dict[str, int]) -> NewLead:
    """The lead, unless an earlier line has its address or its id."""
    address = lead_id(lead.profile["email"])
    for key, what in ((address, "address"), (lead.id, "id")):
        if key in earlier:
            raise ValueError(f"the same {what} as in line {earlier[key]}")
    earlier[address] = earlier[lead.id] = line
    return lead


def read_lead(values: Mapping[str, Any], program: Program) -> NewLead:
    """One lead from its raw values, by field, perhaps with an `id`.

    Raises ValueError with everything that is wrong, in one line.
    """
    types = field_types(program)
    known = {name: value for name, value in values.items() if name in types}
    read = read_profile(known, program)
    problems = [_unknown(name, types) for name in values if name not in types and name != ID]
    problems += read.problems.values()
    if "email" not in known:
        problems.append("email is missing")
    if (problem := _zone_problem(read.values.get("timezone"))) is not None:
        problems.append(problem)
    given = str(values.get(ID) or "").strip()
    if given and not _ID.fullmatch(given):
        problems.append(
            f"id '{given}' can't be used; write up to 100 letters, digits, '.', '_' or '-'"
        )
    if problems:
        raise ValueError("; ".join(problems))
    return NewLead(id=given or lead_id(read.values["email"]), profile=read.values)


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"'{name}' is not a field of this program; {meant(name, known)}"


@lru_cache(maxsize=1_000)
def _zone_problem(name: str | None) -> str | None:
    """Remembered, because the nearest names take long to find, and files repeat themselves."""
    if name is None:
        return None
    try:
        zone(name)
    except ValueError as error:
        return f"timezone: {error}"
    return None


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
