"""The directory by hand: a teams file is applied, and people are away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from tests.cli.conftest import TEAMS, Leadflow, until

SMALL = """\
teams:
  sdr:
    manager: morgan@acme.example
    members:
      - {email: riley@acme.example, capacity: 40}
      - {email: sam@acme.example, away: [{from: 2026-03-09, to: 2026-03-13}]}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Writes a teams file; its path."""

    def written(text: str) -> str:
        file = tmp_path / "teams.yaml"
        file.write_text(text, "utf-8")
        return str(file)

    return written


Write = Callable[[str], str]


def test_a_teams_file_is_applied_once_and_its_difference_shown(
    command: Leadflow, database: Database, write: Write
) -> None:
    *shown, last = command("team", "apply", write(SMALL), "--json").lines
    assert last == {"ok": True, "applied": True, "changes": 6, "left": {}}
    assert [(one["change"], one["member"], one["setting"], one["after"]) for one in shown] == [
        ("added", None, None, None),
        ("added", None, "manager", "morgan@acme.example"),
        ("added", "riley@acme.example", None, None),
        ("added", "riley@acme.example", "capacity", 40),
        ("added", "sam@acme.example", None, None),
        ("added", "sam@acme.example", "away", [{"from": "2026-03-09", "to": "2026-03-13"}]),
    ]
    again = command("team", "apply", write(SMALL))
    assert (again.status, "nothing changed" in again.out) == (0, True)
    assert command("team", "apply", write(SMALL), "--json").json == {
        "ok": True,
        "applied": False,
        "changes": 0,
        "left": {},
    }
    with database.read() as connection:
        versions = connection.exec_driver_sql("SELECT count(*) FROM directories").scalar()
    assert versions == 1


def test_settings_members_and_teams_are_shown_as_they_change(
    command: Leadflow, database: Database, write: Write
) -> None:
    command("team", "apply", write(SMALL))
    changed = """\
teams:
  west: {members: [{email: wim@acme.example}]}
  sdr:
    members:
      - {email: tess@acme.example}
      - {email: riley@acme.example, capacity: 30, weight: 2}
"""
    dry = command("team", "apply", write(changed), "--dry-run", "--json").lines
    assert dry[-1]["applied"] is False
    assert list(SqlDirectory(database).directory().teams) == ["sdr"]
    real = command("team", "apply", write(changed), "--json").lines
    assert real[-1] == {**dry[-1], "applied": True}
    assert real[:-1] == dry[:-1]
    assert [tuple(one.values()) for one in real[:-1]] == [
        ("added", "west", None, None, None, None),
        ("added", "west", "wim@acme.example", None, None, None),
        ("removed", "sdr", None, "manager", "morgan@acme.example", None),
        ("added", "sdr", "tess@acme.example", None, None, None),
        ("changed", "sdr", "riley@acme.example", "capacity", 40, 30),
        ("changed", "sdr", "riley@acme.example", "weight", 1, 2),
        ("removed", "sdr", "sam@acme.example", None, None, None),
    ]
    gone = command("team", "apply", write("teams: {west: {members: []}}"))
    assert gone.status == 0
    assert list(SqlDirectory(database).directory().teams) == ["west"]
    assert "removed" in gone.out


def test_another_order_of_the_members_is_a_change(
    command: Leadflow, database: Database, write: Write
) -> None:
    one = "teams: {sdr: {members: [{email: a@x.example}, {email: b@x.example}]}}"
    other = "teams: {sdr: {members: [{email: b@x.example}, {email: a@x.example}]}}"
    command("team", "apply", write(one))
    shown = command("team", "apply", write(other), "--json").lines[0]
    assert (shown["setting"], shown["after"]) == ("order", ["b@x.example", "a@x.example"])
    members = SqlDirectory(database).directory().teams["sdr"].members
    assert [member.email for member in members] == ["b@x.example", "a@x.example"]


def test_a_mistake_in_the_file_changes_nothing(
    command: Leadflow, database: Database, write: Write
) -> None:
    command("team", "apply", write(SMALL))
    before = SqlDirectory(database).directory()
    ran = command("team", "apply", write(SMALL.replace("capacity", "capacty")), "--json")
    assert ran.status == 2
    assert ran.json["problems"][0]["path"] == "teams.sdr.members[0].capacty"
    assert command("team", "apply", "nowhere.yaml").status in (2, 3)
    assert SqlDirectory(database).directory() == before


def test_an_absence_entered_by_hand_is_kept_when_a_new_file_is_applied(
    command: Leadflow, database: Database, write: Write
) -> None:
    command("team", "apply", write(SMALL))
    days = ("--from", "2026-12-24", "--to", "2026-12-31")
    add = ("team", "absence", "add", " Riley@acme.example ", *days, "--by", "morgan@acme.example")
    assert command(*add, "--json").json == {"ok": True, "new": True}
    assert command(*add, "--json").json == {"ok": True, "new": False}
    command("team", "apply", write(SMALL.replace("capacity: 40", "capacity: 41")))
    listed = command("team", "absence", "list", "--json").lines
    assert listed == [
        {
            "member": "riley@acme.example",
            "from": "2026-12-24",
            "to": "2026-12-31",
            "by": "morgan@acme.example",
        },
        {
            "member": "sam@acme.example",
            "from": "2026-03-09",
            "to": "2026-03-13",
            "by": "teams file",
        },
    ]
    member = SqlDirectory(database).directory().member("riley@acme.example")
    assert member is not None
    assert [(str(one.from_), str(one.to)) for one in member.away] == [("2026-12-24", "2026-12-31")]
    assert command("team", "absence", "remove", "riley@acme.example", *days).status == 0
    again = command("team", "absence", "remove", "riley@acme.example", *days)
    assert (again.status, "team absence list" in again.err) == (1, True)
    assert SqlDirectory(database).directory() == SqlDirectory(database).applied()


@pytest.mark.usefixtures("database")
def test_an_absence_of_the_file_is_removed_in_the_file(command: Leadflow, write: Write) -> None:
    command("team", "apply", write(SMALL))
    days = ("--from", "2026-03-09", "--to", "2026-03-13")
    ran = command("team", "absence", "remove", "sam@acme.example", *days)
    assert (ran.status, "by the teams file" in ran.err) == (1, True)
    assert len(command("team", "absence", "list", "--json").lines) == 1


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("member", "days", "expected"),
    [
        ("sum@acme.example", ("2026-03-09", "2026-03-13"), "did you mean 'sam@acme.example'"),
        ("morgan@acme.example", ("2026-03-09", "2026-03-13"), "no member of a team"),
        ("sam@acme.example", ("2026-03-13", "2026-03-09"), "ends before it begins"),
        ("sam@acme.example", ("2026-02-30", "2026-03-09"), "not a day of the calendar"),
        ("sam@acme.example", ("tomorrow", "2026-03-09"), "write one like 2026-12-24"),
    ],
)
def test_a_wrong_absence_is_refused(
    command: Leadflow, write: Write, member: str, days: tuple[str, str], expected: str
) -> None:
    command("team", "apply", write(SMALL))
    ran = command("team", "absence", "add", member, "--from", days[0], "--to", days[1])
    assert (ran.status, expected in ran.err) == (2, True), ran.err
    assert len(command("team", "absence", "list", "--json").lines) == 1


@pytest.mark.usefixtures("database")
def test_teams_are_listed_with_who_is_away_today(command: Leadflow, write: Write) -> None:
    assert "there are no teams" in command("team", "list").out
    command("team", "apply", write(SMALL))
    today = datetime.now(UTC).date()
    first, last = str(today - timedelta(days=2)), str(today + timedelta(days=2))
    command("team", "absence", "add", "sam@acme.example", "--from", first, "--to", last)
    (team,) = command("team", "list", "--json").lines
    assert (team["team"], team["manager"], team["left"]) == ("sdr", "morgan@acme.example", {})
    assert [(one["email"], one["capacity"], one["away_until"]) for one in team["members"]] == [
        ("riley@acme.example", 40, None),
        ("sam@acme.example", None, last),
    ]
    hint = command("team", "list").out
    assert "managed by morgan@acme.example" in hint
    assert last in hint


def test_the_manager_is_alerted_of_a_leaver_who_owns_a_lead(
    leadflow: Leadflow, seen: Callable[..., Any], write: Write
) -> None:
    email = "left@team.example"
    fields = ("--email", email, "--employees", "900", "--country", "DE", "--program", "acme")
    assert leadflow("enrol", *fields).status == 0
    lead = seen(email)["lead"]
    assert leadflow("event", lead, "form.submitted", "demo").status == 0
    assert seen(lead, lambda one: one["owner"])["owner"] == "jonas@acme.example"
    gone, new = "jonas@acme.example, name: Jonas", "n@acme.example"
    text = Path(TEAMS).read_text("utf-8").replace(gone, new)
    try:
        dry = leadflow("team", "apply", write(text), "--dry-run")
        assert f"jonas@acme.example owns {lead}: the manager would be alerted" in dry.out
        needed = "jonas@acme.example of team emea is needed by 1 open lead"
        assert f"without --remove this is refused: {needed}" in dry.err
        refused = leadflow("team", "apply", write(text))
        assert (refused.status, needed in refused.err) == (1, True)
        applied = leadflow("team", "apply", write(text), "--remove", "--json").lines[-1]
        assert applied["left"] == {"jonas@acme.example": [lead]}

        def alerted(one: Any) -> bool:
            return any(entry.get("why") == "owner_left" for entry in one["timeline"])

        dossier = seen(lead, alerted)
        assert dossier["owner"] == "jonas@acme.example"
        (alert,) = [one for one in dossier["timeline"] if one.get("why") == "owner_left"]
        assert (alert["kind"], alert["who"]) == ("alerted", "mara@acme.example")
        teams = {one["team"]: one for one in leadflow("team", "list", "--json").lines}
        assert teams["emea"]["left"] == {"jonas@acme.example": 1}
        hint = "jonas@acme.example is not in this team and owns 1 lead"
        assert hint in leadflow("team", "list").out
        act = ("reassign", lead, "--to", new, "--by", "mara@acme.example")
        until(lambda: leadflow(*act).status == 0)  # a worker looks at the directory now and then
        without = text.replace("manager: mara@acme.example", "")
        until(lambda: new in leadflow("leads", "--owner", new, "--json").out)
        moved = leadflow("team", "apply", write(without.replace(new, "o@acme.example")), "--remove")
        assert "team emea has no manager now" in moved.err
    finally:
        assert leadflow("team", "apply", TEAMS).status == 0
