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
from adapters.sql.database import migrate, open_database
from adapters.sql.programs import SqlPrograms
from gateway.app import build_app
from gateway.requests.throttle import Limits, Pace
from tests.fakes import FakeActs, FakeMailer
from tests.gateway.gateway_context import CONFIG, gateway_context
from tests.gateway.sales_keys import MORGAN, RILEY, TEAMS, apply_directory, header
from tests.gateway.stored_rows import store_lead, store_sent_mail

ROOT = Path(__file__).parents[2]
MORE_THAN_ITS_SHAPE = {
    "GET /v1/leads",
    "GET /v1/reports/{name}",
    "POST /v1/leads",
    "POST /v1/leads/{lead}/acts",
    "POST /v1/leads/{lead}/merge",
    "POST /v1/programs",
}
"""These routes refuse some values of the right shape (422)."""


Described = tuple[schemathesis.schemas.BaseSchema, dict[str, dict[str, str]]]
"""The interface as its document describes it, and the headers of a key of each role."""
PERSONS = {"manager": MORGAN, "sales": RILEY}
EXAMPLES = {"admin": 10, "marketing": 3, "manager": 3, "sales": 3}
"""How many requests each operation gets from a key of each role."""


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
    apply_directory(database, TEAMS)
    keys = {role: header(database, role, PERSONS.get(role)) for role in EXAMPLES}
    endless = Pace(burst=1_000_000, per_second=1_000_000)  # it sends wrong keys, and many requests
    limits = Limits(requests=endless, wrong_keys=endless)
    app = build_app(context, FakeActs(), limits, config=CONFIG)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    yield schema, keys
    database.close()


def excluded_checks(label: str) -> list[Any]:
    return CHECKS.get_by_names(["positive_data_acceptance"] if label in MORE_THAN_ITS_SHAPE else [])


def every_request_is_answered(
    operation: schemathesis.schemas.APIOperation[Any, Any, Any, Any],
    headers: dict[str, str],
    examples: int,
) -> None:
    """Send so many generated requests of one operation, and validate each answer."""

    @settings(
        max_examples=examples,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answered(case: schemathesis.Case[Any]) -> None:
        excluded = excluded_checks(case.operation.label)
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    answered()


def test_every_generated_request_is_answered_as_documented(
    document: Described,
) -> None:
    asked = []
    schema, keys = document
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.append(operation.label)

        for role, examples in EXAMPLES.items():
            every_request_is_answered(operation, keys[role], examples)
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
