"""The OpenAPI document, as authors of clients read it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.crm.events import MQL, TYPES
from models.inputs import Act
from models.messages import ActMessage

Document = dict[str, Any]


@pytest.fixture
async def document(http: httpx.AsyncClient) -> Document:
    found: Document = (await http.get("/openapi.json")).json()
    return found


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, of in document["paths"].items():
        for method, operation in of.items():
            yield f"{method.upper()} {path}", operation


def has_example(document: Document, content: Document) -> bool:
    """Whether a body has an example: of its own, of its schema, or of each of its fields."""
    schema = content["schema"]
    if "$ref" in schema and "examples" not in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    fields = list(schema.get("properties", {}).values())
    return (
        "examples" in content
        or "examples" in schema
        or (bool(fields) and all("examples" in one or "const" in one for one in fields))
    )


def test_every_request_body_has_an_example(document: Document) -> None:
    bodies = {
        name: one["requestBody"]["content"].values()
        for name, one in operations(document)
        if "requestBody" in one
    }
    assert {"POST /v1/events", "POST /v1/providers/ses", "POST /u/{token}", "POST /w"} <= set(
        bodies
    )
    without = [
        name for name, all_ in bodies.items() if not all(has_example(document, one) for one in all_)
    ]
    assert without == []


def test_every_json_answer_has_an_example_and_every_error_is_a_problem(document: Document) -> None:
    for name, one in operations(document):
        for status, answer in one["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if status >= "400" and kind != "text/html":
                    assert kind == "application/problem+json", (name, status)
                if "json" in kind:
                    assert has_example(document, content), (name, status)


async def test_the_examples_are_accepted(
    http: httpx.AsyncClient, document: Document, key: dict[str, str]
) -> None:
    for path in ("/v1/leads", "/v1/events"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        [example] = body["schema"]["examples"]
        answer = await http.post(path, json=example, headers=key)
        assert answer.status_code == 202
        assert [one["status"] for one in answer.json()["results"]] == ["accepted"]


def test_every_reference_has_a_target(document: Document) -> None:
    wanted = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert wanted
    assert wanted <= set(document["components"]["schemas"])


def test_every_operation_has_a_plain_id_of_its_own(document: Document) -> None:
    ids = [one["operationId"] for _, one in operations(document)]
    ids += [one["post"]["operationId"] for one in document["webhooks"].values()]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)*", one)] == []


def test_items_and_timeline_entries_have_schemas_with_names(document: Document) -> None:
    schemas = document["components"]["schemas"]
    for schema, name, wanted in (
        ("LeadBatch", "leads", "LeadItem"),
        ("EventBatch", "events", "EventItem"),
        ("DossierDocument", "timeline", "TimelineEntryDocument"),
    ):
        items = schemas[schema]["properties"][name]["items"]
        assert items == {"$ref": f"#/components/schemas/{wanted}"}
        assert "properties" in schemas[wanted]


def test_no_object_is_bare(document: Document) -> None:
    """An object says its fields, or that it has any."""

    def bare(part: Any, path: str) -> Iterator[str]:
        if isinstance(part, dict):
            if part.get("type") == "object" and not part.keys() & {
                "properties",
                "additionalProperties",
                "examples",
            }:
                yield path
            for name, inner in part.items():
                yield from bare(inner, f"{path}/{name}")
        elif isinstance(part, list):
            for place, inner in enumerate(part):
                yield from bare(inner, f"{path}/{place}")

    assert list(bare(document, "")) == []


def test_each_event_that_the_crm_is_sent_is_a_webhook(document: Document) -> None:
    assert set(document["webhooks"]) == {MQL, *TYPES.values()}


def test_both_doors_of_acts_describe_every_field_of_an_act(document: Document) -> None:
    decided = {one.name for one in dataclasses.fields(Act)} - {"arrived", "ref", "via"}
    schemas = document["components"]["schemas"]
    assert set(schemas["ActBody"]["properties"]) == decided | {"at"}
    assert set(schemas["CrmAct"]["properties"]) == decided - {"id"} | {"lead", "email"}
    assert set(ActMessage.model_fields) == decided - {"do"} | {"at", "via"}
