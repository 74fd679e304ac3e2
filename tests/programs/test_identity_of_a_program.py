"""The digest changes with the meaning of a program, and with nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapters.files.program import read_program
from models.program.program import Program


def _read(folder: Path, text: str) -> Program:
    path = folder / "program.yaml"
    path.write_text(text, "utf-8")
    return read_program(path)


def test_the_reference_program_survives_its_canonical_json(folder: Path, acme: str) -> None:
    program = _read(folder, acme)
    again = Program.model_validate_json(program.canonical_json)
    assert again == program
    assert again.canonical_json == program.canonical_json
    assert again.digest == program.digest


def test_comments_and_layout_do_not_change_it(folder: Path, acme: str) -> None:
    text = "# hello\n" + acme.replace("attempts: 2", "attempts:    2   # two")
    assert _read(folder, text).digest == _read(folder, acme).digest


def test_a_default_written_out_does_not_change_it(folder: Path, acme: str) -> None:
    text = acme.replace("  ebook:\n", "  ebook:\n    operational: false\n", 1)
    assert _read(folder, text).digest == _read(folder, acme).digest


def test_the_templates_text_is_part_of_it(folder: Path, acme: str) -> None:
    before = _read(folder, acme).digest
    template = folder / "welcome.mjml"
    template.write_text(template.read_text("utf-8").replace("Start here", "Begin"), "utf-8")
    assert _read(folder, acme).digest != before


def test_holidays_are_dates_in_it(folder: Path, acme: str) -> None:
    program = _read(folder, acme)
    dates = program.calendars["office"].holidays.dates
    assert dates is not None
    assert date(2026, 7, 3) in dates  # Independence Day is a Saturday then
    assert date(2026, 12, 24) in dates
    assert min(dates).year == 2020
    assert max(dates).year == 2045
    assert "2026-12-24" in program.canonical_json
    fewer = _read(folder, acme.replace("also: [2026-12-24]", "except: [2026-07-03]", 1))
    assert fewer.digest != program.digest


def test_the_order_of_tracks_is_part_of_it(folder: Path, acme: str) -> None:
    start, end = acme.index("  customer:\n"), acme.index("calendars:\n")
    customer = acme[start:end].rstrip() + "\n"
    moved = acme[:start] + acme[end:]
    moved = moved.replace("tracks:\n", "tracks:\n" + customer, 1)
    assert next(iter(_read(folder, moved).tracks)) == "customer"
    assert _read(folder, moved).digest != _read(folder, acme).digest


@pytest.mark.parametrize("share", ["33.333333%", "0.5%", "66.6666667%"])
def test_shares_keep_all_their_digits(folder: Path, acme: str, share: str) -> None:
    program = _read(folder, acme.replace("holdout: 0%", f"holdout: {share}", 1))
    again = Program.model_validate_json(program.canonical_json)
    assert again.sending.holdout == program.sending.holdout


def test_norway_is_a_country_and_noon_a_text(folder: Path, acme: str) -> None:
    text = acme.replace("[DE]", "[NO]", 1).replace("['US', 'CA', 'DE']", "['NO']", 1)
    text = text.replace("country: US,", "country: NO,", 1)
    text = text.replace('hours: "08:00-18:00"', "hours: 12:30-18:00", 1)
    program = _read(folder, text)
    assert program.sending.consent_required_in == ("NO",)
    assert program.calendars["office"].holidays.country == "NO"
    dates = program.calendars["office"].holidays.dates
    assert dates is not None
    assert date(2026, 5, 17) in dates
    assert str(program.sending.send_window and program.sending.send_window.hours) == "12:30-18:00"
