"""Programs that can run but probably do not what is meant: a warning names place and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import starter
from adapters.documents.problems import Problem
from adapters.files.program import checked_program
from cli.publishing import warn
from usecases.publishing import Published

ROOT = Path(__file__).parents[2]

PROGRAM = """\
program: small
timezone: UTC
sending: {from: "S <s@small.example>", postal_address: "1 Main Street"}
emails:
  hello: {subject: Hello, text: Hello.}
tracks:
  first:
    for: "stage == 'known'"
    steps: [{email: hello}]
"""
UNSENT = PROGRAM.replace("tracks:", "  §spare: {subject: Spare, text: Spare.}\ntracks:")

FIRST = "program: small\n"
FOR = '"lead.consent"'
STEPS = "[{email: hello}, {wait: 3d}, {email: other}]"
OPEN = 'hours: {mon-fri: ["09:00-17:00"]}'
WIDE = f"""\
{FIRST}timezone: America/New_York
fields: {{renewal: date, plan: text}}
sending: {{from: "S <s@small.example>", postal_address: "1 Main Street", caps: [1 per 1d]}}
emails:
  hello: {{subject: Hello, text: Hello.}}
  other: {{subject: Other, text: Other.}}
tracks:
  first:
    for: {FOR}
    steps: {STEPS}
"""
"""A program with an e-mail more, a field of each type and a cap."""

RIGHT_WARNINGS = {
    "capped": {"tracks.first.steps[2].email", "tracks.second.steps[1].email"},
    "desk": {"handoff.accept.on_breach"},
    "desk-idle": {"handoff.first_touch.remind_at[0]", "handoff.qualify.remind_at[0]"},
    "desk-relay": {"handoff.accept.remind_at[0]"},
    "leaving": {"lifecycle.idle[0].in[0]"},
    "mail": {"tracks.mails.steps[1].email", "tracks.mails.steps[4].email"},
    "step-names": {"tracks.first.steps[2].else[0].email", "tracks.first.steps[5].email"},
    "thresholds-2": {"sending.holdout"},
}
"""What programs of scenarios do on purpose, to show what comes of it."""

Warned = Callable[[str], tuple[Problem, ...]]


@pytest.fixture
def warnings_of(tmp_path: Path) -> Warned:
    """Reads a program's text; each warning must be where a `§` stands."""

    def read(text: str) -> tuple[Problem, ...]:
        places = [
            (number, column + 1)
            for number, line in enumerate(text.splitlines(), 1)
            if (column := line.find("§")) >= 0
        ]
        path = tmp_path / "program.yaml"
        path.write_text(text.replace("§", ""), "utf-8")
        _, warnings = checked_program(path)
        assert [(one.line, one.column) for one in warnings] == places, warnings
        assert all(one.severity == "warning" for one in warnings)
        return warnings

    return read


def edited_program(*edits: tuple[str, str]) -> str:
    """The small program with these texts replaced."""
    text = PROGRAM
    for old, new in edits:
        assert old in text, f"the program has no {old!r}"
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "programs" / "acme.yaml",
        ROOT / "bench" / "reference.yaml",
        *(
            path
            for path in sorted((ROOT / "tests" / "scenarios" / "programs").glob("*.yaml"))
            if path.read_text("utf-8").find("\nprogram: ") >= 0
        ),
    ],
    ids=lambda path: path.stem,
)
def test_shipped_programs_have_no_wrong_warning(path: Path) -> None:
    _, warnings = checked_program(path)
    said = {one.path for one in warnings}
    assert said == RIGHT_WARNINGS.get(path.stem, set()), [str(one) for one in warnings]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FOR, "\"did('webinar.attended') || did('product.deactivated')\""),
        (FOR, "\"lead.plan == 'x'\""),
        (FOR, '"lead.employees >= 200.0 && score.fit >= 20"'),
        (FOR, "\"lead.renewal < '2027-03-01' && size(lead.title) > 3\""),
        (STEPS, "[{email: hello}, {wait: 1d}, {email: other}]"),
        (STEPS, "[{email: hello}, {if: lead.consent, then: [{email: other}]}]"),
        (FIRST, f"{FIRST}calendars: {{c: {{{OPEN}, holidays: {{country: US}}}}}}\n"),
        (
            FIRST,
            f"{FIRST}calendars: {{c: {{{OPEN}, holidays: {{country: GB, subdivision: SCT}}}}}}\n",
        ),
        (FIRST, f'{FIRST}schedules: {{digest: {{cron: "0 3 * * *"}}}}\n'),
        (FIRST, f'{FIRST}schedules: {{digest: {{cron: "30 2 * * MON"}}}}\n'),
        (FIRST, f'{FIRST}schedules: {{digest: {{cron: "0 9 31 * *"}}}}\n'),
        (FIRST, f'{FIRST}schedules: {{digest: {{cron: "0 1-4 * * *"}}}}\n'),
        (FOR, "\"lead.country.startsWith('U') || lead.country.matches('^(GB|IE)$')\""),
        (STEPS, "[{variants: {a: hello, b: other}, weights: {a: 9, b: 1}}]"),
        (
            STEPS,
            "[{email: hello}, {wait_until: lead.consent, up_to: 1d, then: [{email: other}]}]",
        ),
        (FIRST, f"{FIRST}targets: {{mql_to_sal: 50%, touches_to_opportunity: 8}}\n"),
    ],
)
def test_what_may_be_meant_is_not_warned_of(warnings_of: Warned, old: str, new: str) -> None:
    assert warnings_of(WIDE.replace(old, new, 1)) == ()


def test_the_missing_hour_is_that_of_the_programs_time_zone(warnings_of: Warned) -> None:
    for zone, hour in (("Europe/Berlin", "2"), ("America/New_York", "2"), ("UTC", "")):
        cron = f'"30 {hour or 2} * * *"'
        mark = "§" if hour else ""
        text = WIDE.replace("America/New_York", zone).replace(
            FIRST, f"{FIRST}schedules: {{digest: {{cron: {mark}{cron}}}}}\n"
        )
        found = warnings_of(text)
        assert all(f"the clocks of {zone} go forward" in one.message for one in found)


def test_two_tracks_that_move_to_each_other_for_ever_are_warned_of(warnings_of: Warned) -> None:
    tracks = """\
tracks:
  one:
    for: "stage == 'known' && lead.consent"
    again: true
    steps: [{email: hello}, {wait: 5d}, {move_to: two}]
  two:
    for: "stage == 'known' && !lead.consent"
    again: §true
    steps: [{email: other}, {wait: 5d}, {move_to: one}]
"""
    (warning,) = warnings_of(WIDE[: WIDE.index("tracks:")] + tracks)
    assert "'one' and 'two' move to each other for ever" in warning.message


def test_a_digest_that_selects_leads_is_warned_of(warnings_of: Warned) -> None:
    digest = f'{FIRST}schedules: {{digest: {{cron: "0 9 * * *", §track: first}}}}\n'
    (warning,) = warnings_of(WIDE.replace(FIRST, digest, 1))
    assert warning.path == "schedules.digest.track"
    assert warning.message == "a digest takes no leads, so 'track' has no effect; remove it"


def test_a_track_that_only_a_schedule_begins_is_not_warned_of(warnings_of: Warned) -> None:
    again = f'{FIRST}schedules: {{reengage: {{cron: "0 9 * * *", track: first}}}}\n'
    assert warnings_of(WIDE.replace(FIRST, again, 1).replace(FOR, "\"stage == 'mql'\"")) == ()


def test_an_email_that_no_track_sends_is_warned_of(warnings_of: Warned) -> None:
    (warning,) = warnings_of(UNSENT)
    assert warning.path == "emails.spare"
    assert warning.message == (
        "no track sends this e-mail; add a step 'email: spare', or remove the e-mail"
    )


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        starter.main(arguments)
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_check_prints_warnings_and_fails_on_them_only_if_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(UNSENT.replace("§", ""), "utf-8")
    status, said, warned = _run(capsys, "program", "check", str(path))
    assert status == 0
    assert "small is a valid program" in said
    assert warned.startswith(f"{path}:6:3  emails.spare  warning: no track sends this e-mail; ")
    status, said, warned = _run(capsys, "program", "check", str(path), "--strict")
    assert (status, said) == (2, "")
    assert "  warning: no track sends this e-mail; " in warned
    assert "1 problem found" in warned
    for strict, expected in ((), 0), (("--strict",), 2):
        status, said, _ = _run(capsys, "program", "check", str(path), "--json", *strict)
        assert status == expected
        told = json.loads(said)
        assert told["ok"] is (expected == 0)
        assert [one["severity"] for one in told["problems"]] == ["warning"]


def test_publishing_prints_the_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(UNSENT.replace("§", ""), "utf-8")
    program, warnings = checked_program(path)
    warn(Published(program=program, teams=None, unstaffed=(), warnings=warnings))
    assert "emails.spare  warning: no track sends this e-mail; " in capsys.readouterr().err


@pytest.mark.parametrize(
    "stages",
    ["stage == 'mql'", "stage in ['sal', 'sql'] && lead.employees >= 5", "stage == 'lost'"],
)
def test_a_track_that_no_stage_allows_is_warned_of(warnings_of: Warned, stages: str) -> None:
    (warning,) = warnings_of(edited_program(("\"stage == 'known'\"", f'§"{stages}"')))
    assert warning.path == "tracks.first.for"
    assert "only in the stages known, engaged, customer, recycled; name one" in warning.message


@pytest.mark.parametrize(
    "stages",
    ["stage == 'mql' || lead.consent", "!(stage == 'mql')", "stage != 'sal' && motion == 'sales'"],
)
def test_a_track_that_some_stage_allows_is_not_warned_of(warnings_of: Warned, stages: str) -> None:
    assert warnings_of(edited_program(("stage == 'known'", stages))) == ()


def test_minutes_that_look_like_months_are_warned_of(warnings_of: Warned) -> None:
    (warning,) = warnings_of(edited_program(("[{email: hello}]", "[{email: hello}, {wait: §2m}]")))
    assert warning.path == "tracks.first.steps[1].wait"
    assert warning.message == "'2m' is 2 minutes, not months; for months write 60d"
    assert warnings_of(edited_program(("[{email: hello}]", "[{wait: 30m}, {email: hello}]"))) == ()


CLOCKS = """\
handoff:
  routing:
    - {when: lead.consent, team: a}
    - {when: §lead.consent, team: b}
    - {otherwise: a}
  accept:
    - {when: did('form.submitted'), within: 15m}
    - {when: did('page.viewed'), within: 1h}
    - {when: §did('form.submitted'), within: 1d}
"""


def test_a_rule_whose_condition_stands_before_it_is_never_used(warnings_of: Warned) -> None:
    paths = [one.path for one in warnings_of(PROGRAM + CLOCKS)]
    assert paths == ["handoff.routing[1].when", "handoff.accept[2].when"]


def test_a_cap_that_is_longer_than_all_waits_of_a_track_is_warned_of(warnings_of: Warned) -> None:
    until = "{wait_until: lead.consent, up_to: 5d, then: [{email: §other}], else: [{wait: 9d}]}"
    steps = f"[{{email: hello}}, {{wait: 3d}}, {until}]"
    (warning,) = warnings_of(WIDE.replace(STEPS, steps).replace("1 per 1d", "1 per 9d"))
    assert "only 8d of waits lie between" in warning.message
    assert (
        warnings_of(WIDE.replace(STEPS, steps.replace("§", "")).replace("1 per 1d", "1 per 8d"))
        == ()
    )


def test_tracks_that_begin_again_for_other_leads_are_not_warned_of(warnings_of: Warned) -> None:
    tracks = """\
tracks:
  one: {for: "stage == 'recycled' && lead.consent", again: true, steps: [{email: hello}]}
  two: {for: "stage == 'recycled' && !lead.consent", again: true, steps: [{email: other}]}
"""
    assert warnings_of(WIDE[: WIDE.index("tracks:")] + tracks) == ()
