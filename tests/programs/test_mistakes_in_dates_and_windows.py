"""Mistakes in waits for dates, in tracks that events begin, and in send windows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.documents.problems import Problem

PROGRAM = """\
program: dates
fields: {renewal: date, budget: number}
sending:
  from: "D <d@dates.example>"
  postal_address: "1 Main Street"
  send_window: {hours: "08:00-18:00", holidays: {country: US}}
emails:
  soon:
    subject: Soon
    text: Soon.
    send_window: {days: tue, hours: "09:00-12:00", holidays: {country: DE, subdivision: BE}}
tracks:
  t:
    for: "stage == 'known'"
    start_on: "event.type == 'content.downloaded'"
    steps:
      - {wait_for: renewal, before: 30d, at: "09:00", then: [{email: soon}]}
"""

MISTAKES = [
    ("before: 30d", "before: §3h", "tracks.t.steps[0].before", "write one like 3d"),
    ("before: 30d", "after: §0d", "tracks.t.steps[0].after", "at least 1d"),
    ("- {wait", "- §{after: 1d, wait", "tracks.t.steps[0]", "either before or after"),
    ('at: "09:00"', 'at: §"9"', "tracks.t.steps[0].at", "write one like 09:00"),
    ('at: "09:00"', 'at: §"24:00"', "tracks.t.steps[0].at", "00:00 to 23:59"),
    ("wait_for: renewal", "wait_for: §budget", "tracks.t.steps[0].wait_for", "is a number"),
    ("wait_for: renewal", "wait_for: §renewl", "tracks.t.steps[0].wait_for", "'renewal'"),
    ("wait_for: renewal", "wait_for: §email", "tracks.t.steps[0].wait_for", "of type date"),
    ("country: US", "country: §UZZ", "sending.send_window.holidays.country", "country"),
    ("country: US", "§dates: []", "sending.send_window.holidays.dates", "'also'"),
    ("subdivision: BE", "subdivision: §ZZ", "emails.soon.send_window.holidays.subdivision", "DE"),
    ("event.type ==", "§evnt.type ==", "tracks.t.start_on", "did you mean 'event'?"),
]


@pytest.mark.parametrize(("old", "new", "path", "expected"), MISTAKES)
def test_a_mistake_is_reported_at_its_place(
    problems_of: Callable[[str], tuple[Problem, ...]], old: str, new: str, path: str, expected: str
) -> None:
    assert PROGRAM.count(old) == 1
    before, _, after = PROGRAM.replace(old, new).partition("§")
    (problem,) = problems_of(before + after)
    assert (problem.line, problem.path) == (before.count("\n") + 1, path), str(problem)
    assert expected in problem.message


def test_without_a_mistake_there_is_no_problem(
    problems_of: Callable[[str], tuple[Problem, ...]],
) -> None:
    assert problems_of(PROGRAM) == ()


def test_without_a_date_field_the_error_says_to_declare_one(
    problems_of: Callable[[str], tuple[Problem, ...]],
) -> None:
    (problem,) = problems_of(PROGRAM.replace("renewal: date, ", ""))
    assert "declare one under fields, like renewal: date" in problem.message
