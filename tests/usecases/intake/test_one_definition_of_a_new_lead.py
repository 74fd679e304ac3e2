"""The same new lead is accepted, or rejected for the same reason, at every door."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from lifecycle.stable_hash import lead_id
from tests.cli.conftest import ACME, Leadflow, command
from tests.gateway.stored_rows import intake_bodies, store_lead, store_twin
from usecases.context import Context
from usecases.naming import AmbiguousLeadError, lead_meant

__all__ = ["command"]

BO = "bo+1@northwind.example"
NO_TEMPORAL = 3
"""The exit status of a command whose lead was accepted: it only lacks a server here."""

ACCEPTED: list[dict[str, Any]] = [
    {"email": "bo@northwind.example"},
    {"email": "bo@northwind.example", "id": BO},
    {"email": "bo@northwind.example", "id": "kunde-1"},
    {"email": "Bo@xn--bcher-kva.example", "timezone": "Europe/Berlin", "employees": "900"},
    {"email": "bo@northwind.example", "country": "de", "phone": "", "consent": "yes"},
]
REJECTED: list[tuple[dict[str, Any], str]] = [
    ({"email": "bo@northwind.example", "id": "x y"}, "id 'x y' can't be used"),
    ({"email": "bo@northwind.example", "id": "../etc"}, "id '../etc' can't be used"),
    ({"email": "bo@northwind.example", "id": "+1"}, "id '+1' can't be used"),
    ({"email": "bo@northwind.example", "id": "a" * 101}, "can't be used; write up to 100"),
    ({"email": "bo@northwind.example", "timezone": "Europe/Berln"}, "did you mean Europe/Berlin"),
    ({"email": "bo@northwind.example", "timezone": "Mars/Base"}, "'Mars/Base' is not a time zone"),
    ({"email": "bo"}, "email 'bo' is not an address"),
    ({"email": ""}, "email can't be empty"),
    ({"email": "bo@northwind.example", "emploees": "5"}, "did you mean 'employees'?"),
    ({"email": "bo@northwind.example", "employees": "many"}, "'many' is not a number"),
    ({"email": "bo@northwind.example", "consent": "perhaps"}, "consent 'perhaps' is not a flag"),
]


@pytest.fixture
def environment(database: Database, command: Leadflow, monkeypatch: pytest.MonkeyPatch) -> Leadflow:
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", f"sqlite:///{database.file}")
    return command


async def create_over_http(
    http: httpx.AsyncClient, database: Database, lead: dict[str, Any]
) -> str:
    key = SqlApiKeys(database).make("walk", ["leads:write"])
    headers = {"Authorization": f"Bearer {key}"}
    answer = await http.post("/v1/leads", json={"leads": [lead]}, headers=headers)
    if answer.status_code == 422:  # every lead was rejected
        [fault] = answer.json()["errors"]
        return str(fault["problem"])
    [result] = answer.json()["results"]
    return str(result["lead"])


def enrol_by_command(run: Leadflow, lead: dict[str, Any]) -> tuple[int, str]:
    more = [
        f"--field={name}={value}" for name, value in lead.items() if name not in ("id", "email")
    ]
    named = ["--id", lead["id"]] if "id" in lead else []
    ran = run("enrol", "--email", lead["email"], *named, *more, "--program", ACME)
    return ran.status, ran.err


def launch_file(
    run: Leadflow, folder: Path, lead: dict[str, Any], *, lines: bool
) -> tuple[int, str]:
    file = folder / ("rows.jsonl" if lines else "rows.csv")
    with file.open("w", newline="", encoding="utf-8") as text:
        if lines:
            text.write(json.dumps(lead) + "\n")
        else:
            rows = csv.DictWriter(text, lead)
            rows.writeheader()
            rows.writerow(lead)
    ran = run("launch", str(file), "--program", ACME)
    aside = folder / f"rows.rejected.{'jsonl' if lines else 'csv'}"
    if not aside.exists():
        return ran.status, ran.err
    written = aside.read_text(encoding="utf-8-sig")
    if lines:
        return ran.status, str(json.loads(written)["reason"])
    return ran.status, str(next(csv.DictReader(written.splitlines()))["reason"])


@pytest.mark.parametrize("lead", ACCEPTED, ids=str)
async def test_what_one_door_accepts_all_accept(
    http: httpx.AsyncClient,
    database: Database,
    environment: Leadflow,
    tmp_path: Path,
    lead: dict[str, Any],
) -> None:
    bo = await create_over_http(http, database, lead)
    assert bo == lead.get("id", lead_id(intake_bodies(database)[0]["profile"]["email"]))
    assert (await asyncio.to_thread(enrol_by_command, environment, lead))[0] == NO_TEMPORAL
    for lines in (False, True):
        status, problem = await asyncio.to_thread(
            launch_file, environment, tmp_path, lead, lines=lines
        )
        assert status == NO_TEMPORAL, problem


@pytest.mark.parametrize(("lead", "why"), REJECTED, ids=lambda one: str(one)[:60])
async def test_what_one_door_rejects_all_reject_for_the_same_reason(
    http: httpx.AsyncClient,
    database: Database,
    environment: Leadflow,
    tmp_path: Path,
    *,
    lead: dict[str, Any],
    why: str,
) -> None:
    problem = await create_over_http(http, database, lead)
    assert why in problem
    assert intake_bodies(database) == []
    status, printed = await asyncio.to_thread(enrol_by_command, environment, lead)
    assert (status, problem in printed) == (2, True), printed
    # A CSV has a header, which is refused as a whole, and a row without any value is blank.
    formats = [True] if "emploees" in lead else [False, True] if lead["email"] else []
    for lines in formats:
        found = await asyncio.to_thread(launch_file, environment, tmp_path, lead, lines=lines)
        assert found == (2, problem)


async def test_a_lead_that_was_created_at_one_door_can_be_named_at_all_others(
    http: httpx.AsyncClient, context: Context, environment: Leadflow
) -> None:
    database = context.database
    store_lead(database, BO, email="bo@northwind.example")
    shown = await asyncio.to_thread(environment, "show", BO, "--json")
    assert (shown.status, shown.json["lead"]) == (0, BO)
    key = SqlApiKeys(database).make("walk", ["events:write"])
    headers = {"Authorization": f"Bearer {key}"}
    events = [{"type": "page.viewed", "lead": BO}]
    answer = await http.post("/v1/events", json={"events": events}, headers=headers)
    assert answer.json()["results"][0]["lead"] == BO


def test_a_text_that_is_one_leads_id_and_anothers_address_names_neither(
    database: Database,
) -> None:
    store_lead(database, BO, email="bo@northwind.example")
    store_lead(database, "other", email=BO)
    with pytest.raises(AmbiguousLeadError, match="the address of other; write lead/bo"):
        lead_meant(database, BO)
    assert lead_meant(database, f"lead/{BO}") == BO
    assert lead_meant(database, "lead/other") == "other"


def test_an_address_names_its_lead_in_any_spelling(database: Database) -> None:
    store_lead(database, "zoe", email="zoe@bücher.example")
    for written in ("zoe@bücher.example", " Zoe@xn--bcher-kva.example"):
        assert lead_meant(database, written) == "zoe"
    assert lead_meant(database, "new@northwind.example") == lead_id("new@northwind.example")
    assert lead_meant(database, "not @ address") == lead_id("not @ address")
    store_twin(database, "zoe-2", email="zoe@bücher.example")
    assert lead_meant(database, "zoe@bücher.example") == "zoe"
