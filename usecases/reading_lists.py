"""Read a list of people: the same for leads, for one lead by hand, and for suppressions.

Whoever brings a list says at most its encoding and what some columns mean. The rest is found out,
and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.files.leads import CheckedLeads, checked_leads, meanings_of
from adapters.files.rejects import Rejects
from adapters.files.rows import Rows, UnusableFileError
from adapters.files.suppressed import suppress_list, suppressible_address, suppression_meanings
from adapters.files.translation import Translation, people_by_name
from adapters.files.understood import Understood, understand
from adapters.sql.intake import SqlIntake
from lifecycle.program.new_lead import NewLead, read_new_lead
from models.directory import Directory
from models.program.program import Program
from usecases.suppressing import suppress

__all__ = [
    "ListOptions",
    "Understood",
    "UnusableFileError",
    "mapping_of",
    "one_lead",
    "read_as",
    "read_leads",
    "suppress_all",
    "suppressible_address",
    "understand_leads",
    "understand_suppressions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """What somebody said about a file."""

    encoding: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    """The field of a column, by the column's name. Empty text leaves the column out."""


def mapping_of(pairs: list[str]) -> dict[str, str]:
    """Options like `E-Mail=email`. Raises ValueError."""
    found: dict[str, str] = {}
    for one in pairs:
        header, mark, name = one.rpartition("=")
        if not mark or not header.strip():
            raise ValueError(f"--map '{one}': write COLUMN=FIELD, like \"E-Mail=email\"")
        if header.strip() in found:
            raise ValueError(f"--map: '{header.strip()}' is given twice")
        found[header.strip()] = name.strip()
    return found


@contextmanager
def read_leads(
    path: Path,
    program: Program,
    directory: Directory | None,
    options: ListOptions,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[CheckedLeads]:
    """The valid leads of a list; see `checked_leads`. Owners' names are those of the directory."""
    with checked_leads(
        path,
        program,
        progress,
        encoding=options.encoding,
        mapping=options.mapping,
        people=people_by_name(directory),
    ) as leads:
        yield leads


def one_lead(
    values: Mapping[str, Any], program: Program, directory: Directory | None = None
) -> NewLead:
    """One lead from values by name, where a name may be one that lists use (`Job Title`).

    Raises ValueError with everything that is wrong.
    """
    names = list(values)
    columns = meanings_of(program).columns(names)
    known = {one.header: str(one.field) for one in columns.taken}
    named = {known.get(name, name): value for name, value in values.items()}
    if len(named) < len(values):
        raise ValueError("a field is given twice, under two of its names")
    translated = Translation(columns, people_by_name(directory))
    texts = {name: value for name, value in named.items() if isinstance(value, str)}
    return read_new_lead({**named, **translated.row(texts)}, program)


def suppress_all(
    intake: SqlIntake, path: Path, options: ListOptions, *, at: datetime
) -> tuple[Rows, int, Rejects]:
    """Suppress every address of a list; what was understood, how many, and what was rejected.

    Each address is a transaction of its own, so an interrupted call is simply made again.
    """
    return suppress_list(
        path,
        lambda address, reason: suppress(intake, address, reason, at=at),
        encoding=options.encoding,
        mapping=options.mapping,
    )


def understand_leads(
    path: Path, program: Program | None, directory: Directory | None, options: ListOptions
) -> Understood:
    """What a list of leads would be read as; without a program, by the built-in fields."""
    meanings = meanings_of(program, options.mapping)
    people = people_by_name(directory)
    return understand(path, meanings, encoding=options.encoding, people=people)


def understand_suppressions(path: Path, options: ListOptions) -> Understood:
    """What a list of suppressions would be read as."""
    meanings = suppression_meanings(options.mapping)
    return understand(path, meanings, encoding=options.encoding)


def read_as(rows: Rows, translation: Translation | None = None) -> dict[str, Any]:
    """How a file was read, as JSON values."""
    preset = rows.columns.preset
    words = translation.left_out if translation is not None else {}
    return {
        "encoding": rows.lines.encoding.name,
        "delimiter": rows.delimiter,
        "header_line": rows.header_line,
        "footer_lines": rows.footer,
        "preset": preset.name if preset is not None else None,
        "left_out": [one.header for one in rows.columns.left_out],
        "without_translation": {name: dict(some) for name, some in words.items()},
    }
