"""No cell of a CSV file that we write is run by a spreadsheet, and we read it as it was."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.files.spreadsheet import csv_line, safe_cell, stored_cell
from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from models.instants import parse_instant
from tests.cli.conftest import Leadflow, command, database
from tests.lists.reading import read
from usecases.suppressing import suppress

__all__ = ["command", "database"]

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "lifecycle", "activities", "workflows", "adapters", "simulation", "reports")
DOORS = ("usecases", "gateway", "assembly", "demonstration", "cli")
STARTS = "=+-@\t\r\n"


@given(st.text("=+-@\t\r\n'a1", max_size=6))
@settings(max_examples=100)
def test_a_guarded_cell_begins_with_no_sign_and_is_read_as_it_was(text: str) -> None:
    assert stored_cell(safe_cell(text)) == text
    assert not safe_cell(text).startswith(tuple(STARTS))
    [[cell, _]] = csv.reader(io.StringIO(csv_line([text, "x"]), newline=""))
    assert stored_cell(cell) == text


@pytest.mark.parametrize("room", [*ROOMS, *DOORS])
def test_every_writer_of_csv_is_the_safe_one(room: str) -> None:
    """A file that writes CSV by itself could forget to guard its cells."""
    for file in (ROOT / room).rglob("*.py"):
        if file == ROOT / "adapters/files/spreadsheet.py":
            continue
        names = {
            node.attr
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Attribute)
        }
        assert not names & {"DictWriter", "writerow", "writerows"}, file


def cells_of(file: Path, delimiter: str = ",") -> list[str]:
    with file.open(newline="", encoding="utf-8-sig") as text:
        return [cell for row in csv.reader(text, delimiter=delimiter) for cell in row]


def test_rejected_rows_are_safe_and_are_launched_as_they_were(tmp_path: Path) -> None:
    content = 'email;first_name;employees\nf@safe.example;"=1+1";many\n-x;+49;@now\n'
    read(tmp_path / "a.csv", content)
    cells = cells_of(tmp_path / "a.rejected.csv", ";")
    assert {"'=1+1", "'-x", "'+49", "'@now"} <= set(cells)
    mended = (tmp_path / "a.rejected.csv").read_text("utf-8").replace("many", "5")
    found = read(tmp_path / "b.csv", mended)
    assert not isinstance(found, str)
    assert found.profiles == [{"email": "f@safe.example", "first_name": "=1+1", "employees": 5}]


def test_exported_suppressions_are_safe_and_are_imported_as_they_were(
    command: Leadflow, database: Database, tmp_path: Path
) -> None:
    at = parse_instant("2026-03-02T09:00:00Z")
    suppress(SqlIntake(database), "+ana@safe.example", "unsubscribed", at=at)
    file = tmp_path / "out.csv"
    assert command("suppressions", "export", str(file)).status == 0
    assert "'+ana@safe.example" in cells_of(file)
    again = command("suppressions", "import", str(file), "--json")
    assert (again.json["suppressed"], again.json["rejected"]) == (1, 0)
    assert command("suppressions", "list", "--json").json["address"] == "+ana@safe.example"
