"""Schemathesis against the OpenAPI document: every generated request is answered as documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from adapters.files.program import read_program
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import migrate, open_database
from adapters.sql.programs import SqlPrograms
from gateway.app import build_app
from gateway.requests.throttle import Limits, Pace
from tests.fakes import FakeActs, FakeMailer
from tests.gateway.gateway_context import CONFIG, gateway_context
from tests.gateway.stored_rows import store_lead, store_sent_mail

ROOT = Path(__file__).parents[2]
MORE_THAN_ITS_SHAPE = {"GET /v1/leads", "POST /v1/leads", "POST /v1/leads/{lead}/acts"}
"""These routes refuse some values of the right shape (422)."""


Described = tuple[schemathesis.schemas.BaseSchema, dict[str, str]]
"""The interface as its document describes it, and the headers of a valid key."""


@pytest.fixture(scope="session")
def document(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Described]:
    url = f"sqlite:///{tmp_path_factory.mktemp('schema') / 'leadflow.db'}"
    migrate(url)
    database = open_database(url)
    SqlPrograms(database).publish(read_program(ROOT / "programs" / "acme.yaml"))
    store_lead(database)
    store_sent_mail(database)
    context = gateway_context(database, FakeMailer())
    key = SqlApiKeys(database).make("schemathesis", role="admin")
    endless = Pace(burst=1_000_000, per_second=1_000_000)  # it sends wrong keys, and many requests
    limits = Limits(requests=endless, wrong_keys=endless)
    app = build_app(context, FakeActs(), limits, config=CONFIG)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    yield schema, {"Authorization": f"Bearer {key}"}
    database.close()


def excluded_checks(label: str) -> list[Any]:
    return CHECKS.get_by_names(["positive_data_acceptance"] if label in MORE_THAN_ITS_SHAPE else [])


def test_every_generated_request_is_answered_as_documented(
    document: Described,
) -> None:
    asked = []
    schema, headers = document
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.append(operation.label)

        @settings(
            max_examples=25,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answered(case: schemathesis.Case[Any]) -> None:
            excluded = excluded_checks(case.operation.label)
            case.call_and_validate(headers=headers, excluded_checks=excluded)

        answered()
    assert {
        "POST /v1/events",
        "POST /v1/leads",
        "GET /v1/leads",
        "GET /v1/leads/{lead}",
        "POST /v1/leads/{lead}/acts",
        "POST /v1/crm/acts",
        "GET /c/{token}",
        "POST /u/{token}",
    } <= set(asked)
