"""A lead is found by each of its ids: in the API, at the desk's list and for acts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import httpx
import pytest

from adapters.reports.desk_queue import Filters, QueueDay, SqlQueues, queue_of
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from tests.fakes import FakeActs
from tests.gateway.sales_keys import (
    RILEY,
    TEAMS,
    Header,
    apply_directory,
    header,
    store_lead_for_each_person,
)
from tests.gateway.stored_rows import NOW, intake_bodies
from usecases.context import Context
from usecases.intake import accept_events, accept_leads
from usecases.naming import lead_meant

ADDRESS = "ana@northwind.example"


@pytest.fixture
def ana(database: Database, context: Context) -> Header:
    """Riley's key. Riley owns Ana, whom two other systems know by ids of their own."""
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    leads = [{"email": ADDRESS, "id": one, "program": "acme"} for one in ("crm-7", "hub-9")]
    assert [one.lead for one in accept_leads(context.intake_now(), leads)] == ["ana", "ana"]
    return header(database, "sales", RILEY)


@pytest.mark.parametrize("given", ["ana", "crm-7", "hub-9"])
async def test_a_lead_is_read_and_acted_on_by_any_of_its_ids(
    http: httpx.AsyncClient, ana: Header, acts: FakeActs, database: Database, given: str
) -> None:
    read = await http.get(f"/v1/leads/{given}", headers=ana)
    assert (read.status_code, read.json()["lead"]) == (200, "ana")
    answer = await http.post(f"/v1/leads/{given}/acts", json={"do": "accept"}, headers=ana)
    assert answer.json()["lead"]["lead"] == "ana"
    assert [lead for lead, *_ in acts.done] == ["ana"]
    assert lead_meant(database, given) == lead_meant(database, ADDRESS) == "ana"
    day = QueueDay.of(NOW, ZoneInfo("UTC"))
    queue = SqlQueues(database).page(queue_of(RILEY), day, Filters(find=given))
    assert [one.lead for one in queue.rows] == ["ana"]


@pytest.mark.usefixtures("ana")
async def test_an_event_by_any_id_goes_to_the_lead(
    http: httpx.AsyncClient, database: Database
) -> None:
    key = {"Authorization": f"Bearer {SqlApiKeys(database).make('site', ['events:write'])}"}
    events = [{"type": "page.viewed", "lead": one, "id": one} for one in ("crm-7", "hub-9")]
    answer = await http.post("/v1/events", json={"events": events}, headers=key)
    assert [one["lead"] for one in answer.json()["results"]] == ["ana", "ana"]
    outcome = await http.get("/v1/leads/hub-9/events/crm-7", headers=key)
    assert outcome.json()["outcome"] == "waiting"
    assert {one["lead"] for one in intake_bodies(database)} == {"ana"}


@pytest.mark.usefixtures("ana")
def test_an_event_with_the_id_of_one_lead_and_the_address_of_another_is_rejected(
    context: Context,
) -> None:
    both = {"type": "page.viewed", "lead": "ben", "email": ADDRESS}
    [refused] = accept_events(context.intake_now(), [both])
    assert refused.why is not None
    assert "'ben' is one lead and the address is that of another, lead 'ana'" in refused.why
    moved = {"type": "page.viewed", "lead": "ben", "email": "ben@new.example"}
    [refused] = accept_events(context.intake_now(), [moved], ["events:write"])
    assert refused.why is not None
    assert "to move it needs a key with the scope profiles:write" in refused.why
