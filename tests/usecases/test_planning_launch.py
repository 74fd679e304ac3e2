"""A dry run says how many mails the new leads of a list get by themselves, and when."""

from __future__ import annotations

from pathlib import Path

from adapters.files.program import read_program
from adapters.files.teams import read_directory
from lifecycle.program.new_lead import read_new_lead
from models.instants import parse_instant
from simulation.pure import play
from simulation.scenario import Newcomer, Scenario
from usecases.planning_launch import HORIZON, SAMPLE, EvenSample, expected_mails

PROGRAMS = Path(__file__).parents[2] / "programs"
ACME = read_program(PROGRAMS / "acme.yaml")
TEAMS = read_directory(PROGRAMS / "teams.yaml")
NOW = parse_instant("2026-03-02T14:00:00Z")
LEADS = [
    read_new_lead(
        {"email": f"p{n}@plan.example", "timezone": ["Europe/Berlin", "America/New_York"][n % 2]},
        ACME,
    )
    for n in range(12)
]


def test_the_mails_of_all_new_leads_are_those_of_a_rehearsal() -> None:
    rehearsed = play(
        Scenario(
            program=ACME,
            people=TEAMS,
            start=NOW,
            until=NOW + HORIZON,
            leads=tuple(one.id for one in LEADS),
            newcomers=tuple(Newcomer(lead=one.id, at=NOW, profile=one.profile) for one in LEADS),
            lines=(),
            expect=(),
            never=(),
        )
    )
    sent = [one for one in rehearsed if one["kind"] == "email_sent"]
    assert sent
    found = expected_mails(LEADS, len(LEADS), ACME, TEAMS, now=NOW)
    assert sum(found.days.values()) == len(sent)
    assert {day.isoformat() for day in found.days} == {one["at"][:10] for one in sent}
    assert (found.sampled, found.of) == (12, 12)


def test_a_sample_is_scaled_up_to_all_new_leads() -> None:
    some = expected_mails(LEADS, len(LEADS), ACME, TEAMS, now=NOW)
    scaled = expected_mails(LEADS, 10 * len(LEADS), ACME, TEAMS, now=NOW)
    assert dict(scaled.days) == {day: 10 * count for day, count in some.days.items()}


def test_a_paused_program_sends_no_mail() -> None:
    assert not expected_mails(LEADS, len(LEADS), ACME, TEAMS, now=NOW, paused=True).days


def test_the_sample_of_a_long_list_is_spread_over_all_of_it() -> None:
    sample, lead = EvenSample(), LEADS[0]
    for number in range(10_000):
        sample.add(LEADS[number * len(LEADS) // 10_000])
    assert SAMPLE <= len(sample.taken) < 2 * SAMPLE
    assert sample.seen == 10_000
    assert {one.id for one in sample.taken} == {one.id for one in LEADS}
    assert sample.taken[0] == lead
