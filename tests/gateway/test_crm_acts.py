"""The CRM's acts: done once, in the name of a person, if the signature proves the sender."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook
from temporalio.service import RPCError, RPCStatusCode

from adapters.sql.database import Database
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from gateway.app import build_app
from gateway.config import GatewayConfig
from models.refusal import RefusedError
from tests.fakes import FakeActs
from tests.gateway.stored_rows import CRM_SECRET, sign_as_crm, store_lead
from usecases.context import Context

RILEY = "riley@acme.example"
ACCEPT = {"lead": "ana", "do": "accept", "by": RILEY}
OLD = SecretStr("whsec_" + base64.b64encode(b"the secret of last year").decode())


@pytest.fixture(autouse=True)
def ana(database: Database) -> None:
    store_lead(database)


async def post_act(http: httpx.AsyncClient, document: Any, **how: Any) -> httpx.Response:
    body, headers = sign_as_crm(document, **how)
    return await http.post("/v1/crm/acts", content=body, headers=headers)


async def test_an_act_is_done_in_the_name_of_a_person(
    http: httpx.AsyncClient, acts: FakeActs
) -> None:
    answered = await post_act(http, {**ACCEPT, "at": "2026-03-02T14:00:00Z"})
    assert (answered.status_code, answered.json()) == (200, {"lead": "ana", "do": "accept"})
    [(lead, do, fields)] = acts.done
    assert (lead, do, fields["by"]) == ("ana", "accept", RILEY)


async def test_a_signature_made_by_the_library_is_accepted(http: httpx.AsyncClient) -> None:
    body, now = json.dumps(ACCEPT), datetime.now(UTC)
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(CRM_SECRET.get_secret_value()).sign("msg-1", now, body),
    }
    answered = await http.post("/v1/crm/acts", content=body, headers=headers)
    assert answered.status_code == 200


async def test_a_redelivery_is_the_same_act_and_another_message_is_another(
    http: httpx.AsyncClient, acts: FakeActs
) -> None:
    for identity in ("msg-1", "msg-1", "msg-2", "x" * 5_000):
        assert (await post_act(http, ACCEPT, identity=identity)).status_code == 200
    first, again, other, long = (fields["id"] for _, _, fields in acts.done)
    assert first == again != other
    assert len(long) <= 200


async def test_an_act_may_be_sent_as_a_cloudevent(http: httpx.AsyncClient, acts: FakeActs) -> None:
    document = {
        "specversion": "1.0",
        "id": "crm-4711",
        "source": "https://crm.acme.example",
        "type": "lead.recycle",
        "subject": "ana",
        "time": "2026-03-02T14:00:00Z",
        "datacontenttype": "application/json",
        "data": {"by": RILEY, "reason": "timing"},
    }
    assert (await post_act(http, document)).status_code == 200
    [(lead, do, fields)] = acts.done
    assert (lead, do, fields["reason"]) == ("ana", "recycle", "timing")
    assert set(fields) == {"by", "reason", "id", "via"}


async def test_a_lead_may_be_named_by_its_address(http: httpx.AsyncClient, acts: FakeActs) -> None:
    by_address = {"email": " Ana@Northwind.example", "do": "accept", "by": RILEY}
    assert (await post_act(http, by_address)).json()["lead"] == "ana"
    nobody = {**by_address, "email": "nobody@northwind.example"}
    unknown = await post_act(http, nobody, identity="msg-2")
    assert unknown.status_code == 404
    assert len(acts.done) == 1


@pytest.mark.parametrize(
    ("raised", "status", "expected"),
    [
        (RefusedError("Accept is for the owner."), 409, "Accept is for the owner."),
        (LeadNotFoundError("see the list"), 404, "there is no lead 'ana'"),
        (ValueError("until: is wrong"), 422, "until: is wrong"),
        (TemporalUnavailableError("away"), 503, "send it again with the same webhook-id"),
        (
            RPCError("away", RPCStatusCode.UNAVAILABLE, b""),
            503,
            "send it again with the same webhook-id",
        ),
    ],
    ids=["refused", "unknown", "malformed", "no worker", "no server"],
)
async def test_an_act_that_was_not_done_is_answered_with_a_problem(
    http: httpx.AsyncClient, acts: FakeActs, raised: Exception, status: int, expected: str
) -> None:
    acts.failures = [raised]
    answered = await post_act(http, ACCEPT)
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert expected in answered.text
    assert ("retry-after" in answered.headers) == (status == 503)
    assert (await post_act(http, ACCEPT)).status_code == 200  # the same message, sent again


@pytest.mark.parametrize(
    ("document", "status", "expected"),
    [
        (b"{", 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        ([ACCEPT], 422, "one JSON object"),
        ({"lead": "ana"}, 422, "'' is not an act"),
        ({}, 422, "by lead, one of its ids, by email"),
        ({**ACCEPT, "do": "marry"}, 422, "'marry' is not an act; there are accept, touch"),
        ({**ACCEPT, "do": "\ud800"}, 422, "is not an act"),
        ({**ACCEPT, "do": ["accept"]}, 422, "is not an act"),
        ({"lead": "ana", "do": "accept"}, 422, "by: is missing"),
        ({**ACCEPT, "amont": 3}, 422, "amont: is not known here"),
        ({**ACCEPT, "note": "\0"}, 422, "can't be written down"),
        ({**ACCEPT, "until": "soon"}, 422, "'soon' is not an instant"),
        ({**ACCEPT, "id": "mine"}, 422, "webhook-id is the act's id"),
        ({"do": "accept", "by": RILEY}, 422, "by lead, one of its ids, by email"),
        ({**ACCEPT, "lead": "a/../b"}, 422, "lead: up to 100"),
        ({**ACCEPT, "lead": None}, 422, "lead: up to 100"),
        ({"email": "\0@x", "do": "accept", "by": RILEY}, 422, "email: write an address"),
        ({"specversion": "0.3", "type": "lead.accept", "data": {}}, 422, "specversion 1.0"),
        ({"specversion": "1.0", "type": "lead.accept"}, 422, "data: must hold the act's fields"),
        (
            {"specversion": "1.0", "type": "io.acme.win", "subject": "ana", "data": {}},
            422,
            "'io.acme.win' is not",
        ),
    ],
)
async def test_a_malformed_act_is_refused_with_what_would_be_right(
    http: httpx.AsyncClient, acts: FakeActs, document: Any, status: int, expected: str
) -> None:
    answered = await post_act(http, document)
    assert answered.status_code == status
    assert expected in answered.json()["detail"]
    assert acts.done == []


def _without(name: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


async def test_a_message_without_a_valid_signature_is_refused(
    http: httpx.AsyncClient, acts: FakeActs
) -> None:
    body, headers = sign_as_crm(ACCEPT)
    other = sign_as_crm(ACCEPT, secret=OLD)[1]
    for wrong in (
        *(_without(name, headers) for name in headers),
        {**headers, "webhook-id": "msg-2"},
        {**headers, "webhook-signature": "v1,nonsense v1 , v2"},
        {**headers, "webhook-signature": "v2" + headers["webhook-signature"][2:]},
        {**headers, "webhook-timestamp": "nan"},
        other,
    ):
        answered = await http.post("/v1/crm/acts", content=body, headers=wrong)
        assert answered.status_code == 401
        assert "does not prove where it is from" in answered.json()["detail"]
    changed = body.replace(b"ana", b"bea")
    assert (await http.post("/v1/crm/acts", content=changed, headers=headers)).status_code == 401
    binary = await http.post("/v1/crm/acts", content=b"\xff", headers=headers)
    assert binary.status_code == 401
    assert acts.done == []


@pytest.mark.parametrize("ago", [301, 3_600, -310])
async def test_a_timestamp_too_far_off_is_refused_with_the_time_of_this_machine(
    http: httpx.AsyncClient, acts: FakeActs, ago: float
) -> None:
    answered = await post_act(http, ACCEPT, ago=ago)
    assert answered.status_code == 401
    detail = answered.json()["detail"]
    assert "more than five minutes off; here it is 1" in detail
    assert "time server" in detail
    assert acts.done == []


@pytest.mark.parametrize("ago", [290, -290])
async def test_a_timestamp_less_than_five_minutes_off_is_accepted(
    http: httpx.AsyncClient, ago: float
) -> None:
    assert (await post_act(http, ACCEPT, ago=ago)).status_code == 200


async def test_during_a_change_of_secrets_both_are_accepted(
    context: Context, acts: FakeActs
) -> None:
    transport = httpx.ASGITransport(
        build_app(context, acts, config=GatewayConfig(crm_secrets=(OLD, CRM_SECRET)))
    )
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as http:
        for secret in (OLD, CRM_SECRET):
            assert (await post_act(http, ACCEPT, secret=secret)).status_code == 200


async def test_without_a_configured_crm_the_route_does_not_exist(
    context: Context, acts: FakeActs
) -> None:
    transport = httpx.ASGITransport(build_app(context, acts))
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as http:
        assert (await post_act(http, ACCEPT)).status_code == 404
    assert acts.done == []


async def test_the_document_of_the_interface_shows_how_to_act(
    http: httpx.AsyncClient,
) -> None:
    document = (await http.get("/openapi.json")).json()
    operation = document["paths"]["/v1/crm/acts"]["post"]
    assert {one["name"] for one in operation["parameters"]} == {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    for content in operation["requestBody"]["content"].values():
        for name, example in content["examples"].items():
            assert (await post_act(http, example["value"], identity=name)).status_code == 200


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_ACTISH = st.fixed_dictionaries(
    {},
    optional={
        "lead": st.just("ana") | _JSON,
        "email": st.just("ana@northwind.example") | _JSON,
        "do": st.sampled_from(["accept", "win", "note"]) | _JSON,
        "by": st.just(RILEY) | _JSON,
        "amount": _JSON,
        "note": _JSON,
        "specversion": st.just("1.0") | _JSON,
        "type": st.just("lead.accept") | _JSON,
        "data": _JSON,
    },
)


@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=_ACTISH | _JSON)
async def test_any_document_signed_by_the_crm_is_done_or_answered_with_a_problem(
    http: httpx.AsyncClient, document: Any
) -> None:
    answered = await post_act(http, document)
    assert answered.status_code in (200, 404, 422)
    if answered.status_code != 200:
        assert answered.json()["detail"]


async def test_a_webhook_id_that_comes_with_another_message_is_answered_with_both(
    http: httpx.AsyncClient, acts: FakeActs
) -> None:
    assert (await post_act(http, ACCEPT)).status_code == 200
    for other in ({**ACCEPT, "do": "qualify"}, {**ACCEPT, "note": "mine"}, {**ACCEPT, "lead": "b"}):
        answered = await post_act(http, other)
        assert (answered.status_code, answered.json()["code"]) == (409, "key_used")
        assert "came with the act accept" in answered.json()["detail"]
    assert len(acts.done) == 1
    acts.failures = [RefusedError("Qualify is for a lead in stage sal.", why="stage")]
    qualify = {**ACCEPT, "do": "qualify"}
    assert (await post_act(http, qualify, identity="msg-2")).status_code == 409
    other = {**ACCEPT, "do": "touch"}
    assert (await post_act(http, other, identity="msg-2")).status_code == 200  # nothing was done
