"""Reads a list as `launch` does, without a server."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.files.program import read_program
from models.directory import Directory
from usecases.reading_lists import ListOptions, UnusableFileError, read_leads

PROGRAM = read_program(Path(__file__).with_name("program.yaml"))
PEOPLE = Directory.model_validate(
    {"teams": {"sdr": {"members": [{"email": "ria@acme.example", "name": "Ria"}]}}}
)


@dataclass
class Read:
    """What came of a file."""

    profiles: list[dict[str, Any]]
    reasons: list[str]
    left_out: list[str]
    untranslated: dict[str, dict[str, int]]
    encoding: str
    footer: list[int]


def read(file: Path, content: bytes | str, **options: Any) -> Read | str:
    """What comes of a file with this content; text if it is refused."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        with read_leads(file, PROGRAM, PEOPLE, ListOptions(**options)) as leads:
            profiles = [{**one.profile, **one.creation} for one in leads]
            reasons = rejected(leads.rejects) if leads.rejects is not None else []
            return Read(
                profiles,
                reasons,
                [one.header for one in leads.rows.columns.left_out],
                {name: dict(words) for name, words in leads.translation.left_out.items()},
                leads.rows.lines.encoding.name,
                leads.rows.footer,
            )
    except UnusableFileError as error:
        return str(error)


def rejected(file: Path) -> list[str]:
    """The reasons of the rejected rows."""
    with file.open(newline="", encoding="utf-8-sig") as text:
        head = text.readline()
        text.seek(0)
        mark = max(",;\t|", key=head.count)
        return [row["reason"] for row in csv.DictReader(text, delimiter=mark)]
