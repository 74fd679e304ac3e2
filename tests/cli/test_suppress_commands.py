"""Suppressing by hand: it stops queued mail at once, and is on the leads' timelines."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.sql.database import Database
from adapters.sql.mail_ledger import SqlMailLedger
from tests.cli.conftest import ACME, Leadflow


def suppressing_reason_of(
    database: Database, address: str, *, operational: bool = False
) -> str | None:
    return SqlMailLedger(database).suppression(address, operational=operational)


def test_an_address_is_suppressed_once_and_allowed_again(
    command: Leadflow, database: Database
) -> None:
    first = command("suppress", "Ana@Northwind.example")
    assert (first.status, first.out) == (0, "ana@northwind.example is suppressed\n")
    assert suppressing_reason_of(database, "ana@northwind.example") == "unsubscribed"
    again = command("suppress", "ana@northwind.example", "--json")
    assert (again.status, again.json) == (0, {"ok": True, "new": False})
    lifted = command("unsuppress", "ana@northwind.example", "--json")
    assert lifted.json == {"ok": True, "lifted": ["unsubscribed"], "kept": {}}
    assert suppressing_reason_of(database, "ana@northwind.example") is None
    nothing = command("unsuppress", "ana@northwind.example")
    assert (nothing.status, nothing.err) == (1, "ana@northwind.example is not suppressed\n")


def test_one_reason_of_several_is_lifted(command: Leadflow, database: Database) -> None:
    for reason in ("unsubscribed", "complained", "bounced"):
        assert command("suppress", "ana@x.example", "--reason", reason).status == 0
    assert command("unsuppress", "ana@x.example", "--reason", "bounced").status == 0
    assert suppressing_reason_of(database, "ana@x.example", operational=True) == "complained"
    assert command("unsuppress", "ana@x.example", "--reason", "bounced").status == 1


def test_an_international_domain_may_be_written_either_way(
    command: Leadflow, database: Database
) -> None:
    assert command("suppress", "ana@xn--bcher-kva.example").out.startswith("ana@bücher.example")
    assert suppressing_reason_of(database, "ana@bücher.example") == "unsubscribed"
    assert command("unsuppress", "ana@BÜCHER.example").status == 0
    assert suppressing_reason_of(database, "ana@xn--bcher-kva.example") is None


@pytest.mark.parametrize("address", ["ana", "ana@", "a@x.example, b@x.example", ""])
@pytest.mark.usefixtures("database")
def test_what_is_no_address_is_refused(command: Leadflow, address: str) -> None:
    ran = command("suppress", address)
    assert ran.status == 2
    assert "address" in ran.err


def test_a_list_is_imported_and_its_bad_rows_are_kept_with_reasons(
    command: Leadflow, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "\ufeffAddress,reason,note\n"
        "ana@x.example,complained,\n"
        '"Ben <ben@x.example>",,left\n'
        "\n"
        "not an address,bounced,\n"
        "cyd@x.example,did not like us,\n"
        "dee@x.example\n",
        encoding="utf-8",
    )
    ran = command("suppressions", "import", str(file), "--json")
    beside = tmp_path / "list.rejected.csv"
    assert ran.status == 0
    assert ran.json["file"]["left_out"] == ["note"]
    counts = {name: ran.json[name] for name in ("suppressed", "rejected", "rejects")}
    assert counts == {"suppressed": 3, "rejected": 2, "rejects": str(beside)}
    found = [
        suppressing_reason_of(database, f"{name}@x.example")
        for name in ("ana", "ben", "cyd", "dee")
    ]
    assert found == ["complained", "unsubscribed", None, "unsubscribed"]
    with beside.open(newline="", encoding="utf-8-sig") as rows:
        rejected = list(csv.DictReader(rows))
    assert [row["Address"] for row in rejected] == ["not an address", "cyd@x.example"]
    assert "not one e-mail address" in rejected[0]["why"]
    assert "none of unsubscribed, bounced, complained" in rejected[1]["why"]


MAILCHIMP = (
    "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON,LEID,EUID\n"
    "ana@x.example,Ana,2,2025-01-01 10:00:00,2026-01-01 10:00:00,N/A (Unsubscribed by admin),1,a\n"
)
CLEANED = (
    "Email Address,First Name,MEMBER_RATING,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID\n"
    "ben@x.example,Ben,2,2026-01-01 10:00:00,Spring,2,b\n"
)
HUBSPOT = (
    '"Record ID","First Name","Email","Unsubscribed from all email","Email hard bounce reason"\n'
    '"1","Cyd","cyd@x.example","true",""\n"2","Dee","dee@x.example","","UNKNOWN_USER"\n'
    '"3","Eve","eve@x.example","false",""\n'
)


def test_exports_of_other_tools_are_imported_as_they_are(
    command: Leadflow, database: Database, tmp_path: Path
) -> None:
    rejected = []
    for number, content in enumerate((MAILCHIMP, CLEANED, HUBSPOT)):
        file = tmp_path / f"{number}.csv"
        file.write_text(content, encoding="utf-8")
        ran = command("suppressions", "import", str(file), "--json")
        assert ran.status == 0, ran.err
        rejected.append(ran.json["rejected"])
    assert rejected == [0, 0, 1]
    found = [
        suppressing_reason_of(database, f"{name}@x.example")
        for name in ("ana", "ben", "cyd", "dee", "eve")
    ]
    assert found == ["unsubscribed", "bounced", "unsubscribed", "bounced", None]
    assert "did not opt out" in (tmp_path / "2.rejected.csv").read_text("utf-8")


def test_what_is_exported_can_be_imported(
    command: Leadflow, database: Database, tmp_path: Path
) -> None:
    for reason in ("unsubscribed", "complained"):
        command("suppress", "ana@x.example", "--reason", reason)
    file = tmp_path / "out.csv"
    assert command("suppressions", "export", str(file), "--json").json["exported"] == 2
    listed = command("suppressions", "list", "--json").lines
    assert [(one["address"], one["reason"]) for one in listed] == [
        ("ana@x.example", "complained"),
        ("ana@x.example", "unsubscribed"),
    ]
    assert "ana@x.example" in command("suppressions", "list").out
    command("unsuppress", "ana@x.example")
    assert suppressing_reason_of(database, "ana@x.example") is None
    assert command("suppressions", "import", str(file)).out.startswith("2 suppressed, 0 rows")
    assert suppressing_reason_of(database, "ana@x.example", operational=True) == "complained"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"name,Who\nAna,ana@x.example\n", '--map "Who=email"'),
        (b"", "is empty"),
        (b"address\n\xff\xfe\n", "it is not clear which encoding"),
    ],
)
def test_a_file_that_is_no_list_of_addresses_is_refused(
    command: Leadflow, tmp_path: Path, content: bytes, expected: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    ran = command("suppressions", "import", str(file))
    assert (ran.status, expected in ran.err) == (2, True), ran.err


@pytest.mark.usefixtures("database")
def test_a_list_without_one_good_row_is_wrong_input(command: Leadflow, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("address\nnobody\n")
    assert command("suppressions", "import", str(file)).status == 2
    assert command("suppressions", "import", str(tmp_path / "absent.csv")).status == 2


def test_a_suppression_by_hand_is_on_the_leads_timeline(
    leadflow: Leadflow, seen: Callable[..., Any], tmp_path: Path
) -> None:
    email = f"hand-{tmp_path.name}@northwind.example".lower()
    made = leadflow("enrol", "--email", email, "--program", ACME, "--json")
    assert made.status == 0, made.err
    lead = made.json["lead"]
    seen(lead)

    def has_entry(kind: str) -> Callable[[Any], bool]:
        return lambda one: any(entry["kind"] == kind for entry in one["timeline"])

    assert leadflow("suppress", email).status == 0
    seen(lead, has_entry("suppressed"))
    assert leadflow("unsuppress", email).status == 0
    seen(lead, has_entry("unsuppressed"))
    assert leadflow("suppress", email, "--reason", "bounced").status == 0
    seen(lead, lambda one: any(entry.get("why") == "bounced" for entry in one["timeline"]))
    lifted = leadflow("unsuppress", email, "--reason", "bounced", "--json").json
    assert lifted == {"ok": True, "lifted": ["bounced"], "kept": {}}
    seen(lead, lambda one: [e["kind"] for e in one["timeline"]].count("unsuppressed") == 2)
    assert leadflow("suppress", email, "--reason", "bounced").status == 0
    bulk = ("unsuppress", "--reason", "bounced", "--since", "2020-01-01", "--domain")
    assert leadflow(*bulk, "elsewhere.example").status == 1
    assert email in leadflow(*bulk, "northwind.example", "--json").json["addresses"]
    assert leadflow("unsuppress", "--since", "2020-01-01").status == 2
