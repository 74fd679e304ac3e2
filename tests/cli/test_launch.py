"""`launch`: a file of leads, started once each, invalid rows put aside.

The file is long because each case of a command stands here with its file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifecycle.stable_hash import lead_id
from tests.cli.conftest import ACME, TEAMS, Leadflow, Ran


def read_rejected(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_file(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_text(text, encoding)
    return str(path)


def test_every_valid_row_is_started_once_and_the_others_say_why(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = write_file(
        tmp_path / "some.csv",
        "email,first_name,timezone,employees\n"
        "one@launch.example,One,Europe/Berlin,900\n"
        "not-an-address,Two,,\n"
        "three@launch.example,Three,Europe/Berln,\n"
        "four@launch.example,Four,,many\n"
        " ONE@launch.example ,Five,,\n"
        ",,,\n"
        "six@launch.example,Six,,,six\n"
        "seven@launch.example,Seven,Asia/Tokyo,7\n",
    )
    first = leadflow("launch", file, "--program", ACME, "--teams", TEAMS, "--json")
    assert first.status == 0
    counts = {"valid": 2, "started": 2, "there_already": 0, "rejected": 5}
    assert {name: first.json[name] for name in counts} == counts
    put_aside = read_rejected(tmp_path / "some.rejected.csv")
    assert first.json["rejects"] == str(tmp_path / "some.rejected.csv")
    assert [row["first_name"] for row in put_aside] == ["Two", "Three", "Four", "Five", "Six"]
    reasons = [row["reason"] for row in put_aside]
    assert "not an address" in reasons[0]
    assert "did you mean Europe/Berlin" in reasons[1]
    assert "employees 'many' is not a number" in reasons[2]
    assert reasons[3] == "the same address as in line 2"
    assert "5 values, but the header names 4: 'six' is beyond it" in reasons[4]

    again = leadflow("launch", file, "--program", "acme", "--json")
    assert again.status == 0
    assert [again.json[one] for one in ("started", "there_already", "rejected")] == [0, 2, 5]


def test_corrected_rows_are_launched_from_the_file_of_rejected_rows(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = write_file(
        tmp_path / "a.csv", "email,employees\na@mend.example,many\nb@mend.example,2\n"
    )
    assert leadflow("launch", file, "--program", "acme").status == 0
    aside = tmp_path / "a.rejected.csv"
    mended = write_file(aside, aside.read_text().replace("many", "20", 1))
    ran = leadflow("launch", mended, "--program", "acme")
    assert (ran.status, ran.out.split(",")[0]) == (0, "1 leads started on acme")
    assert not (tmp_path / "a.rejected.rejected.csv").exists()


def test_a_run_without_invalid_rows_removes_the_old_file_of_them(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "a.csv", "email\nbroken\nfine@old.example\n")
    leadflow("launch", file, "--program", "acme")
    assert (tmp_path / "a.rejected.csv").exists()
    write_file(tmp_path / "a.csv", "email\nfine@old.example\n")
    leadflow("launch", file, "--program", "acme")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.csv"]


def test_semicolons_a_byte_order_mark_and_given_ids_are_understood(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = write_file(
        tmp_path / "excel.csv",
        'id;email;company\nkunde-1;"jörg@umlaut.example";"Müller; Söhne"\nx y;z@umlaut.example;\n',
        "utf-8-sig",
    )
    ran = leadflow("launch", file, "--program", "acme", "--json")
    assert (ran.json["started"], ran.json["rejected"]) == (1, 1)
    head, row = (tmp_path / "excel.rejected.csv").read_text("utf-8").splitlines()
    assert head == "\ufeffid;email;company;reason"
    assert row.startswith("x y;z@umlaut.example;;\"id 'x y' can't be used")


def test_json_lines_are_launched_too(leadflow: Leadflow, tmp_path: Path) -> None:
    rows = [
        json.dumps({"email": "one@lines.example", "employees": 5, "consent": True}),
        "{not json",
        json.dumps({"email": "two@lines.example", "emploees": 5}),
        json.dumps({"first_name": "Nobody"}),
        '{"email": "a@lines.example", "email": "b@lines.example"}',
        json.dumps({"email": "three@lines.example", "first_name": "\ud800"}),
        "[1]",
        "",
    ]
    file = write_file(tmp_path / "rows.txt", "\n".join(rows))
    ran = leadflow("launch", file, "--program", "acme", "--json")
    assert (ran.json["started"], ran.json["rejected"]) == (1, 6)
    aside = (tmp_path / "rows.rejected.jsonl").read_text().splitlines()
    reasons = [json.loads(line)["reason"] for line in aside]
    assert reasons[0].startswith("this is not JSON")
    assert reasons[1] == "'emploees' is not a field of this program; did you mean 'employees'?"
    assert reasons[2] == "email is missing"
    assert "'email' is there twice" in reasons[3]
    assert "first_name" in reasons[4]
    assert reasons[5] == "this is not a JSON object"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n\n", "is empty"),
        (b"email,first_name\n", "no rows"),
        (b"first_name,company\nAna,X\n", "no column 'email'"),
        (b"name,Kontakt\nAna,a@b.example\n", '--map "Kontakt=email" takes one that holds'),
        (b"email,title,title\na@b.example,1,2\n", "none of the 1 rows"),
        (b"email,name\na@b.example,Zo\xeb S\xf8r\n", "it is not clear which encoding"),
        (b'email,title\na@b.example,"x\nb@b.example,y\n', "bad.csv:2: the row that begins here"),
        (b'email,title\na@b.example,"x"y\n', "none of the 1 rows"),
        (b'[{"email": "a@b.example"}]', "JSON array"),
        (b"email\n" + b"x" * 10_000_001, "longer than"),
        (b"email\nnobody\nno one\n", "none of the 2 rows"),
    ],
)
def test_a_file_that_cannot_be_used_starts_nothing(
    leadflow: Leadflow, tmp_path: Path, content: bytes, expected: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    ran = leadflow("launch", str(file), "--program", "acme")
    assert ran.status == 2
    assert expected in ran.err
    assert leadflow("show", "a@b.example").status == 2, ran
    assert not (tmp_path / "bad.rejected.csv.part").exists()


def plan_of(ran: Ran) -> list[int]:
    """How many rows were, or would be, created, updated, unchanged, rejected."""
    return [ran.json["plan"][one] for one in ("create", "update", "unchanged", "rejected")]


def test_a_dry_run_says_what_the_run_then_does(
    leadflow: Leadflow, seen: Callable[..., Any], tmp_path: Path
) -> None:
    first = write_file(
        tmp_path / "a.csv", "email,id,company\na@dry.example,dry-1,Acme\nb@dry.example,,\n"
    )
    wanted = ("launch", first, "--program", "acme", "--json")
    assert plan_of(leadflow(*wanted, "--dry-run")) == [2, 0, 0, 0]
    assert leadflow("show", "a@dry.example").status == 2
    assert plan_of(leadflow(*wanted)) == [2, 0, 0, 0]
    assert plan_of(leadflow(*wanted, "--dry-run")) == [0, 0, 2, 0]
    assert plan_of(leadflow(*wanted)) == [0, 0, 2, 0]
    for address in ("a@dry.example", "b@dry.example"):
        seen(address)

    # New data of a, a moves by its id, b has another's id, c is new.
    content = (
        "email,id,company,title\nA@DRY.example,,Bcme,CEO\nmoved@dry.example,dry-1,,\n"
        "b@dry.example,dry-1,,\nc@dry.example,,,\nbroken,,,\n"
    )
    expected = {
        "keep": [1, 0, 1, 3],
        "fill": [1, 1, 0, 3],
        "overwrite": [1, 2, 0, 2],
    }
    second = write_file(tmp_path / "b.csv", content)
    for conflict, counts in expected.items():
        asked = ("launch", second, "--program", "acme", "--json", "--on-conflict", conflict)
        assert plan_of(leadflow(*asked, "--dry-run")) == counts
    done = leadflow("launch", second, "--program", "acme", "--json", "--on-conflict", "fill")
    assert plan_of(done) == expected["fill"]
    assert [row["reason"][:20] for row in read_rejected(tmp_path / "b.rejected.csv")]
    filled = seen("dry-1", lambda one: one["profile"].get("title") == "CEO")
    assert filled["profile"]["company"] == "Acme"
    leadflow("launch", second, "--program", "acme", "--json", "--on-conflict", "overwrite")
    seen("dry-1", lambda one: one["profile"].get("company") == "Bcme")


def test_what_is_read_otherwise_than_it_is_named_is_said(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = tmp_path / "alt.csv"
    file.write_bytes("E-Mail;Notes;emploees\nzoë@alt.example;Müller;5\n".encode("cp1252"))
    ran = leadflow("launch", str(file), "--program", "acme")
    assert ran.status == 0, ran.err
    assert "alt.csv: Windows-1252, separated by ';'" in ran.err
    assert "2 columns left out: Notes, emploees (did you mean 'employees'?)" in ran.err


def test_columns_are_shown_before_anything_is_started(command: Leadflow, tmp_path: Path) -> None:
    file = write_file(
        tmp_path / "crm.csv",
        "E-Mail,Notes,Lead Owner,Record ID,Lifecycle Stage,Contact owner\n"
        "ana@shown.example,first,,1,Lead,ria@acme.example\nbo@shown.example,,,2,MQL,Ria\n",
    )
    ran = command("launch", file, "--columns", "--map", "Notes=title", "--json")
    assert (ran.json["rows"], ran.json["preset"]) == (2, "HubSpot")
    columns = {one["column"]: one for one in ran.json["columns"]}
    assert (columns["Notes"]["field"], columns["Notes"]["how"]) == ("title", "--map")
    assert (columns["Notes"]["filled"], columns["Notes"]["samples"]) == (1, ["first"])
    assert columns["Lifecycle Stage"]["words"] == {"Lead": "known", "MQL": None}
    assert columns["Record ID"]["field"] is None
    printed = command("launch", file, "--columns")
    assert "MQL → left out" in printed.err
    assert "ana@shown.example, bo@shown.example" in printed.out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--map", "Emial=email"), "names 'Emial', which is no column; there are 'email'"),
        (("--map", "email=emial"), "there is no field 'emial'; did you mean 'email'?"),
        (("--map", "email"), "write COLUMN=FIELD"),
        (("--encoding", "latin-99"), "there is no encoding 'latin-99'"),
        (("--encoding", "utf-16"), "no column 'email'"),
    ],
)
def test_an_option_that_does_not_fit_the_file_says_what_would(
    command: Leadflow, tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    file = write_file(tmp_path / "a.csv", "email\na@option.example\n")
    ran = command("launch", file, "--columns", *options)
    assert (ran.status, expected in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_the_error_about_a_missing_file_names_it(
    leadflow: Leadflow, tmp_path: Path, name: str
) -> None:
    ran = leadflow("launch", str(tmp_path / name), "--program", "acme")
    assert (ran.status, str(tmp_path) in ran.err) == (2, True)


def test_a_program_with_mistakes_is_refused_with_all_of_them(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    leads = write_file(tmp_path / "a.csv", "email\nnever@started.example\n")
    program = write_file(tmp_path / "p.yaml", "program: p\ntimezone: Mars/Base\nunknown: 1\n")
    ran = leadflow("launch", leads, "--program", program)
    assert ran.status == 2
    assert "p.yaml:2:" in ran.err
    assert "p.yaml:3:" in ran.err
    assert leadflow("show", lead_id("never@started.example")).status == 2


def test_a_name_that_was_never_published_is_refused_with_the_nearest(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    leads = write_file(tmp_path / "a.csv", "email\na@b.example\n")
    ran = leadflow("launch", leads, "--program", "acne")
    assert ran.status == 2
    assert "did you mean 'acme'?" in ran.err
    assert "--program FILE.yaml" in ran.err


def test_teams_that_lack_what_the_program_names_are_refused(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    leads = write_file(tmp_path / "a.csv", "email\na@b.example\n")
    teams = write_file(
        tmp_path / "t.yaml", "teams:\n  sdr:\n    members: [{email: r@acme.example}]\n"
    )
    ran = leadflow("launch", leads, "--program", ACME, "--teams", teams)
    assert ran.status == 2
    assert "no team 'emea'" in ran.err


def test_three_lists_with_and_without_ids_start_one_lead(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    lists = [
        "email\nmia@three.example\n",
        "id,email\ncrm-3,MIA@three.example\n",
        "id,email\nhub-3, mia@three.example\n",
    ]
    started = []
    for number, text in enumerate(lists):
        file = write_file(tmp_path / f"list-{number}.csv", text)
        ran = leadflow("launch", file, "--program", "acme", "--json")
        started.append((ran.json["started"], ran.json["there_already"], ran.json["rejected"]))
    assert started == [(1, 0, 0), (0, 1, 0), (0, 1, 0)]

    moved = write_file(tmp_path / "moved.csv", "id,email\ncrm-3,mia@moved.example\n")
    assert leadflow("launch", moved, "--program", "acme", "--json").status == 2
    [refused] = read_rejected(tmp_path / "moved.rejected.csv")
    assert refused["id"] == "crm-3"
    assert "to move it, launch with --on-conflict overwrite" in refused["reason"]
    overwrite = ("--on-conflict", "overwrite", "--json")
    ran = leadflow("launch", moved, "--program", "acme", *overwrite)
    assert (ran.json["there_already"], ran.json["rejected"]) == (1, 0)
    enrolled = leadflow(
        "enrol", "--email", "mia@moved.example", "--id", "hub-3", "--program", "acme", "--json"
    )
    assert (enrolled.json["started"], enrolled.json["moved"]) == (False, False)


def listed(count: int, of: str) -> str:
    return "email\n" + "".join(f"p{n}@{of}.example\n" for n in range(count))


def test_a_launch_that_is_detached_is_looked_at_paused_resumed_and_listed(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "slow.csv", listed(40, "slow"))
    ran = leadflow("launch", file, "--program", "acme", "--rate", "4", "--detach", "--json")
    assert (ran.status, ran.json["rows"], ran.json["standing"]) == (0, 40, "running")
    number = str(ran.json["launch"])
    paused = leadflow("launch", "pause", number, "--json")
    assert (paused.status, paused.json["standing"]) == (0, "paused")
    assert leadflow("launch", "pause", number).status == 1
    again = leadflow("launch", file, "--program", "acme")
    assert (again.status, f"launch resume {number}" in again.err) == (1, True)
    assert leadflow("launch", "resume", number, "--rate", "1000").status == 0
    shown = leadflow("launch", "status", number, "--watch", "--json")
    assert (shown.json["standing"], shown.json["plan"]["create"]) == ("done", 40)
    assert shown.json["workflow"] == f"launch/{number}"
    assert leadflow("launch", "list", "--json").lines[0]["launch"] == int(number)
    assert "slow.csv" in leadflow("launch", "list").out


def test_a_cancelled_launch_is_ended_and_its_rejected_rows_can_be_mended(
    leadflow: Leadflow, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "end.csv", listed(30, "end") + "broken\n")
    ran = leadflow("launch", file, "--program", "acme", "--rate", "1", "--detach", "--json")
    number = str(ran.json["launch"])
    ended = leadflow("launch", "cancel", number, "--json")
    assert (ended.status, ended.json["standing"]) == (0, "cancelled")
    assert leadflow("launch", "resume", number).status == 1
    mend = tmp_path / "mend.csv"
    assert leadflow("launch", "rejected", number, "--out", str(mend)).status == 0
    assert [row["email"] for row in read_rejected(mend)] == ["broken"]
    assert "broken" in leadflow("launch", "rejected", number).out


def test_an_undo_closes_new_leads_and_names_those_that_it_left(
    leadflow: Leadflow, seen: Callable[..., Any], tmp_path: Path
) -> None:
    file = write_file(tmp_path / "undo.csv", listed(3, "undo"))
    ran = leadflow("launch", file, "--program", "acme", "--json")
    number = str(ran.json["launch"])
    seen("p1@undo.example")
    assert leadflow("event", "p1@undo.example", "page.viewed", "/pricing").status == 0
    viewed = lambda one: any(row["kind"] == "event" for row in one["timeline"])  # noqa: E731
    touched = seen("p1@undo.example", viewed)
    undone = leadflow("launch", "undo", number, "--json")
    said, left = undone.lines
    assert (said["standing"], said["closed"], said["left"]) == ("undone", 2, 1)
    assert left == {"lead": touched["lead"], "left": "something happened: page.viewed"}
    closed = seen("p0@undo.example", lambda one: one["closed"])["timeline"]
    assert {one["reason"] for one in closed if one["kind"] == "disqualified"} == {"launch_undone"}
    assert "1 left" in leadflow("launch", "status", number).out


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (("launch", "status", "9999"), 2, "there is no launch 9999"),
        (("launch", "undo", "9999"), 2, "there is no launch 9999"),
        (("launch", "x.csv", "--program", "acme", "--rate", "0"), 2, "--rate: the rate is 0"),
    ],
)
def test_what_cannot_be_done_with_a_launch_says_why(
    leadflow: Leadflow, arguments: tuple[str, ...], status: int, expected: str
) -> None:
    ran = leadflow(*arguments)
    assert (ran.status, expected in ran.err) == (status, True), ran.err
