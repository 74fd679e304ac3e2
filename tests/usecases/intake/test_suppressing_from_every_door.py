"""The same request at every door, interrupted at every step and made again, ends the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database, open_database
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.new_item import NewItem
from adapters.sql.suppressions import SqlSuppressionList
from gateway import providers
from gateway.requests.problems import explain
from lifecycle.nurture.suppression import suppressing_reason
from tests.fakes import FakeMailer
from tests.gateway.gateway_context import gateway_context
from tests.gateway.provider_messages import certificate, provider_secrets
from tests.gateway.stored_rows import intake_bodies, store_lead, store_sent_mail, store_twin
from tests.usecases.intake.doors import AMAZONS, ANA, DOORS, SuppressingDoor
from tests.usecases.intake.interruptions import interrupted
from usecases import suppressing
from usecases.context import Context

MOST_STEPS = 30
LEADS = ["ana", "ana-2"]
"""Two leads have the address, as some have from before addresses were unique."""


class FreshDatabases:
    """A fresh database for each step, with the leads and the mail that was sent to the first."""

    def __init__(self, template: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._template, self._folder, self._patch = template, folder, patch

    def fresh(self, name: str) -> Context:
        path = self._folder / f"{name}.db"
        path.write_bytes(self._template.read_bytes())
        url = f"sqlite:///{path}"
        self._patch.setenv("LEADFLOW_DATABASE_URL", url)
        database = open_database(url)
        store_lead(database, LEADS[0], email=ANA)
        store_twin(database, LEADS[1], email=ANA)
        store_sent_mail(database)
        (self._folder / "key").write_text(
            SqlApiKeys(database).make("walk", ["events:write", "mail:write"])
        )
        return gateway_context(database, FakeMailer())


@pytest.fixture
def databases(
    gateway_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FreshDatabases:
    monkeypatch.setenv("LEADFLOW_HOME", str(tmp_path))
    return FreshDatabases(gateway_template, tmp_path, monkeypatch)


def leads_with_event(database: Database, reason: str) -> list[str]:
    """The leads that have an intake item which suppresses for this reason."""
    return [
        one["lead"]
        for one in intake_bodies(database)
        if suppressing_reason(one["type"], one["data"]) == reason
    ]


def assert_suppressed_once(database: Database, reason: str) -> None:
    """The row is there, each lead has one intake item, the last check before sending finds it."""
    assert SqlSuppressionList(database).reasons(ANA) == [reason]
    assert [one.address for one in SqlSuppressionList(database).all()] == [ANA]
    assert sorted(leads_with_event(database, reason)) == LEADS
    assert SqlMailLedger(database).suppression(ANA, operational=False) == reason


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_a_request_that_is_interrupted_anywhere_and_made_again_is_done_once(
    databases: FreshDatabases, tmp_path: Path, door: SuppressingDoor
) -> None:
    for step in range(1, MOST_STEPS):
        context = databases.fresh(f"step-{step}")
        with interrupted(context.database, step) as interruption:
            await door.ask(context, tmp_path)
        if interruption.happened:
            assert leads_with_event(context.database, door.reason) == []
            assert SqlSuppressionList(context.database).reasons(ANA) == []
        for _ in range(2):
            await door.ask(context, tmp_path)
            assert_suppressed_once(context.database, door.reason)
        context.database.close()
        if not interruption.happened:
            assert step > 2, "a request changes a row, an event and commits"
            return
    pytest.fail(f"{door.name} takes more than {MOST_STEPS} steps")


@pytest.mark.parametrize(("reason", "made"), AMAZONS)
async def test_amazons_reports_suppress_at_once(
    databases: FreshDatabases, reason: str, made: object
) -> None:
    context = databases.fresh("amazon")
    app = FastAPI()
    explain(app)
    pem = certificate()
    app.include_router(providers.router(context, provider_secrets(), lambda _url: pem))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://x.example") as http:
        for interrupt in (True, False, False):
            content, headers = made()  # type: ignore[operator]  # a maker of signed messages
            with interrupted(context.database, 1 if interrupt else 1_000):
                answer = await http.post("/v1/providers/ses", content=content, headers=headers)
            assert answer.status_code == (503 if interrupt else 200)
    assert_suppressed_once(context.database, reason)


async def test_a_suppression_at_a_second_door_adds_no_second_event(
    databases: FreshDatabases, tmp_path: Path
) -> None:
    context = databases.fresh("two-doors")
    for door in DOORS:
        if door.name in ("suppress", "one-click"):
            await door.ask(context, tmp_path)
    assert_suppressed_once(context.database, "unsubscribed")


async def test_a_lead_newer_than_the_suppression_gets_the_event_when_the_request_is_repeated(
    databases: FreshDatabases,
) -> None:
    context = databases.fresh("newer")
    for store, lead in ((store_lead, "cyd"), (store_twin, "dan")):
        suppressing.suppress(context.intake, "cyd@x.example", "bounced", at=context.now())
        store(context.database, lead, email="cyd@x.example")
    suppressing.suppress(context.intake, "cyd@x.example", "bounced", at=context.now())
    assert sorted(leads_with_event(context.database, "bounced")) == ["cyd", "dan"]


async def test_a_suppression_that_was_lifted_and_repeated_adds_its_event_again(
    databases: FreshDatabases,
) -> None:
    context = databases.fresh("again")
    for _ in range(2):
        assert suppressing.suppress(context.intake, ANA, "unsubscribed", at=context.now())
        lifted = suppressing.unsuppress(context.intake, ANA, at=context.now())
        assert lifted.reasons == ("unsubscribed",)
    kinds = [one["type"] for one in intake_bodies(context.database) if one["lead"] == "ana"]
    assert kinds == ["email.unsubscribed", "email.resubscribed"] * 2


@pytest.mark.parametrize("spelt", ["zoe@bücher.example", "Zoe@xn--bcher-kva.example"])
async def test_an_international_address_has_one_row_however_it_is_written(
    databases: FreshDatabases, spelt: str
) -> None:
    context = databases.fresh("spelt")
    for address in (spelt, "zoe@bücher.example", "zoe@xn--bcher-kva.example"):
        suppressing.suppress(context.intake, address, "bounced", at=context.now())
    [row] = SqlSuppressionList(context.database).all()
    assert row.address == "zoe@bücher.example"


async def test_a_report_that_comes_again_does_not_undo_what_was_lifted_since(
    databases: FreshDatabases, tmp_path: Path
) -> None:
    context = databases.fresh("lifted")
    [door] = [one for one in DOORS if one.name == "sendgrid-unsubscribe"]
    await door.ask(context, tmp_path)
    suppressing.unsuppress(context.intake, ANA, at=context.now() + timedelta(hours=1))
    await door.ask(context, tmp_path)
    assert SqlSuppressionList(context.database).reasons(ANA) == []


async def test_a_bounce_for_a_policy_suppresses_no_address(databases: FreshDatabases) -> None:
    context = databases.fresh("policy")
    raw = {"id": "b", "type": "email.bounced", "data": {"kind": "hard", "status": "5.7.1"}}
    context.accept(NewItem.event("ana", raw, arrived=context.now()))
    assert SqlSuppressionList(context.database).reasons(ANA) == []
    assert [one["lead"] for one in intake_bodies(context.database)] == ["ana"]
