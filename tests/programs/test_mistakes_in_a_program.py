"""Each mistake that marketing can make is found at its place, with the remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.documents.problems import Problem

OnlyProblem = Callable[..., Problem]

SHAPES = [
    ("scoring:\n", "§scorng: {}\nscoring:\n", "scorng", "did you mean 'scoring'?"),
    ("    again: true", "    §agan: true", "tracks.long-term.agan", "did you mean 'again'?"),
    (
        "- {email: onboarding}",
        "- {§for_: x, email: onboarding}",
        "tracks.customer.steps[0].for_",
        "unknown key 'for_'",
    ),
    ("half_life: 30d", "half_life: §0d", "scoring.engagement.half_life", "at least 1d"),
    ("- wait: 30d", "- wait: §0d", "tracks.long-term.steps[1].wait", "'0d' is not positive"),
    ("- wait: 30d", "- wait: §-3d", "tracks.long-term.steps[1].wait", "write one like 30m"),
    ("- wait: 30d", "- wait: §3", "tracks.long-term.steps[1].wait", "write one like 30m"),
    ("- wait: 30d", "- wait: §9999999w", "tracks.long-term.steps[1].wait", "century"),
    (
        "- wait: 30d",
        "- {§wait: 30d, email: ebook}",
        "tracks.long-term.steps[1].wait",
        "this one has 'email' and 'wait'",
    ),
    ("- wait: 30d", "- §wiat: 30d", "tracks.long-term.steps[1]", "did you mean 'wait'?"),
    ("- wait: 30d", "- §{}", "tracks.long-term.steps[1]", "does nothing"),
    ("- wait: 30d", "- §wait", "tracks.long-term.steps[1]", "is not a step"),
    ("finish: true", "finish: §no", "tracks.long-term.steps[4].finish", "write true"),
    ("again: true", "again: §yes", "tracks.long-term.again", "true or false is expected"),
    ("holdout: 0%", "holdout: §120%", "sending.holdout", "between 0% and 100%"),
    ("remind_at: [50%, 80%]", "remind_at: [§50]", "handoff.accept[1].remind_at[0]", "like 50%"),
    (
        "caps: [1 per 1d, 3 per 7d]",
        "caps: [1 per 1d, §0 per 7d]",
        "sending.caps[1]",
        "can never allow a send",
    ),
    ('hours: "08:00-18:00"', 'hours: §"08:00-08:00"', "sending.send_window.hours", "equal ends"),
    ('hours: "08:00-18:00"', 'hours: §"8-18"', "sending.send_window.hours", "09:00-12:30"),
    ("days: mon-fri,", "days: §[],", "sending.send_window.days", "at least one"),
    (
        'fri: ["09:00-12:30", "13:30-16:00"]',
        'fri: [§"09:00-09:00", "13:30-16:00"]',
        "calendars.office.hours.fri[0]",
        "equal ends",
    ),
    (
        'fri: ["09:00-12:30", "13:30-16:00"]',
        '§fry: ["09:00-12:30", "13:30-16:00"]',
        "calendars.office.hours.fry",
        "not a weekday",
    ),
    (
        'hours: {mon-thu: ["09:00-12:30", "13:30-18:00"], fri: ["09:00-12:30", "13:30-16:00"]}',
        "hours: §{mon-fri: []}",
        "calendars.office.hours",
        "no open hour",
    ),
    ("also: [2026-12-24]", "also: [§2026-12-32]", "calendars.office.holidays.also[0]", "day"),
    ("also: [2026-12-24]", "also: [§20261224]", "calendars.office.holidays.also[0]", "date"),
    ("points: 40", "points: §'40'", "scoring.engagement.rules[1].points", "without quotes"),
    ("points: 40", "points: §.inf", "scoring.engagement.rules[1].points", "finite"),
    ("attempts: 2", "attempts: §0", "handoff.accept[0].attempts", "at least 1"),
    ("attempts: 2", "attempts: §2.5", "handoff.accept[0].attempts", "whole number"),
    (
        "on_breach: [alert, reassign]",
        "on_breach: [§alrt]",
        "handoff.accept[0].on_breach[0]",
        "'alert'",
    ),
    ("  digest:   {", "  §dijest: {", "schedules.dijest", "did you mean 'digest'?"),
    (
        "touches_to_opportunity: 8",
        "touches_to_opportunity: §many",
        "targets.touches_to_opportunity",
        "40%",
    ),
    ("program: acme", "program: §a b", "program", "is not a name"),
]

NAMES = [
    ("in: [known, engaged]", "in: [§knwon, engaged]", "lifecycle.idle[0].in[0]", "'known'"),
    ("- email: whats-new", "- email: §what-new", "tracks.win-back.steps[2].email", "'whats-new'"),
    ("- finish: true", "- move_to: §longterm", "tracks.long-term.steps[4].move_to", "'long-term'"),
    (
        "- {email: onboarding}",
        "- variants: {a: ebook, b: §e-book}",
        "tracks.customer.steps[0].variants.b",
        "did you mean 'ebook'?",
    ),
    (
        "calendar: buero}",
        "calendar: §büro}",
        "handoff.routing[0].calendar",
        "did you mean 'buero'?",
    ),
    (
        "calendar: office, remind",
        "calendar: §ofice, remind",
        "handoff.accept[2].calendar",
        "did you mean 'office'?",
    ),
    (
        "    - when: \"stage == 'mql'\"\n      within: 4h\n",
        "    - §within: 4h\n",
        "handoff.accept[1]",
        "only the last clock of a list may have no 'when'",
    ),
    (
        "      attempts: 2\n",
        "      §atempts: 2\n",
        "handoff.accept[0].atempts",
        "did you mean 'attempts'?",
    ),
    ("reason: gone_cold", "reason: §gone", "lifecycle.idle[0].reason", "recycle.reasons"),
    ("reason: no_interest", "reason: §nointerest", "lifecycle.idle[1].reason", "'no_interest'"),
    (
        "reason: competitor}",
        "reason: §rival}",
        "lifecycle.disqualify[0].reason",
        "disqualify.reasons",
    ),
    ("reason: not_worked", "reason: §notworked", "handoff.accept[0].reason", "'not_worked'"),
    ("timezone: America/New_York\n\nf", "timezone: §America/NewYork\n\nf", "timezone", "New_York"),
    (
        "    timezone: America/New_York",
        "    timezone: §EST5",
        "calendars.office.timezone",
        "not a time zone",
    ),
    ("country: US,", "country: §UZZ,", "calendars.office.holidays.country", "country"),
    (
        "country: US,",
        "country: US, subdivision: §ZZ,",
        "calendars.office.holidays.subdivision",
        "subdivision",
    ),
    ("[DE]", "[§XX]", "sending.consent_required_in[0]", "ISO 3166"),
    ("[DE]", "[§de]", "sending.consent_required_in[0]", "did you mean 'DE'?"),
    ("track: long-term}", "track: §longterm}", "schedules.reengage.track", "'long-term'"),
    ('"0 9 * * MON"', '§"0 9 * *"', "schedules.reengage.cron", "five"),
    ('"0 9 * * MON"', '§"0 24 * * MON"', "schedules.reengage.cron", "'24' is no hour"),
    ('"0 9 * * MON"', '§"0 9 * * FRI-MON"', "schedules.reengage.cron", "day of the week"),
    ('"Acme <hello@acme.example>"', '§"hello at acme"', "sending.from", "e-mail address"),
    ("  budget: number", "  §employees: number", "fields.employees", "every lead has"),
    ("  budget: number", "  §big-budget: number", "fields.big-budget", "lead.big-budget"),
    ("  budget: number", "  budget: §money", "fields.budget", "number"),
]

UNREACHABLE = [
    ("- wait: 60d\n      - finish: true", "- finish: true\n      - §wait: 60d", "[4]", "'finish'"),
    (
        "- wait: 60d\n      - finish: true",
        "- move_to: customer\n      - §wait: 60d",
        "[4]",
        "move_to",
    ),
    (
        "- wait: 60d\n      - finish: true",
        "- {if: 'true', then: [{finish: true}], else: [{move_to: customer}]}\n      - §wait: 60d",
        "[4]",
        "both branches",
    ),
    (
        "- wait: 60d\n      - finish: true",
        "- {if: 'true', then: [{finish: true}, {§wait: 3d}]}",
        "[3].then[1]",
        "'finish'",
    ),
]


@pytest.mark.parametrize(("old", "new", "path", "message"), SHAPES)
def test_a_value_of_a_wrong_type_is_reported_at_its_place(
    only_problem: OnlyProblem, old: str, new: str, path: str, message: str
) -> None:
    problem = only_problem((old, new))
    assert problem.path == path
    assert message in problem.message


@pytest.mark.parametrize("blank", ['"  "', r'"\u200b"', '" - "'])
def test_an_empty_postal_address_is_a_mistake(only_problem: OnlyProblem, blank: str) -> None:
    problem = only_problem(
        ('postal_address: "Acme Inc., 1 Main Street, Springfield"', f"postal_address: §{blank}")
    )
    assert problem.path == "sending.postal_address"
    assert "no postal address" in problem.message


def test_what_is_missing_is_reported_at_the_key_that_lacks_it(only_problem: OnlyProblem) -> None:
    problem = only_problem(
        ("sending:\n", "§sending:\n"),
        ('  postal_address: "Acme Inc., 1 Main Street, Springfield"\n', ""),
    )
    assert problem.path == "sending.postal_address"
    assert "'postal_address' is missing" in problem.message


@pytest.mark.parametrize(("old", "new", "path", "message"), NAMES)
def test_an_unknown_name_is_reported_with_the_nearest_known_one(
    only_problem: OnlyProblem, old: str, new: str, path: str, message: str
) -> None:
    problem = only_problem((old, new))
    assert problem.path == path
    assert message in problem.message


@pytest.mark.parametrize(("old", "new", "place", "message"), UNREACHABLE)
def test_a_step_after_one_that_always_leaves_is_never_reached(
    only_problem: OnlyProblem, old: str, new: str, place: str, message: str
) -> None:
    # The mark of a mapping is its brace or its first key.
    problem = only_problem((old, new.replace("{§", "§{")))
    assert problem.path == f"tracks.long-term.steps{place}"
    assert "never reached" in problem.message
    assert message in problem.message


def test_a_branch_that_may_go_on_makes_the_next_step_reachable(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    text = acme.replace(
        "- finish: true", "- {if: 'true', then: [{finish: true}]}\n      - wait: 1d", 1
    )
    assert problems_of(text) == ()


def test_two_steps_of_a_track_have_different_ids(only_problem: OnlyProblem) -> None:
    problem = only_problem(
        (
            "- email: still-there\n      - wait: 30d",
            "- {id: x, email: still-there}\n      - wait: 30d",
        ),
        ("- wait: 60d\n      - finish", "- {id: §x, wait: 60d}\n      - finish"),
    )
    assert problem.path == "tracks.long-term.steps[3].id"
    assert f"is taken in this track, in line {problem.line - 3}" in problem.message


def test_a_domain_kept_for_tests_may_send(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    for sender in ("hello@acme.test", "Acme <hello@acme.example>", "Ämne <hej@acme.example>"):
        assert problems_of(acme.replace("Acme <hello@acme.example>", sender, 1)) == ()


def test_the_built_in_reason_needs_no_entry(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    text = acme.replace("    recycled_out: {revive: true}\n", "", 1)
    assert problems_of(text.replace("reason: no_interest", "reason: recycled_out", 1)) == ()


def test_all_mistakes_are_reported_at_once_and_by_line(
    acme: str, problems_of: Callable[[str], tuple[Problem, ...]]
) -> None:
    text = acme
    for old, new in (
        ("program: acme", "program: acme\nprogam: acme"),
        ("lead.employees >= 200", "lead.emploees >= 200"),
        ("half_life: 30d", "half_life: 0d"),
        ("- email: problem-guide", "- email: problemguide"),
        ("{{ lead.first_name | default: 'there' }},\n", "{{ lead.frist_name }},\n"),
        ("calendar: office,", "calendar: ofice,"),
        ("reasons:\n", "reasons:\n    not_now: {}\n"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    problems = problems_of(text)
    assert [problem.path for problem in problems] == [
        "progam",
        "doors[0].when",
        "scoring.engagement.half_life",
        "emails.problem-guide.text",
        "tracks.awareness.steps[2].email",
        "handoff.accept[2].calendar",
        "recycle.reasons.not_now",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
