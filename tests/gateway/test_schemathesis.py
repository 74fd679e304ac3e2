"""Schemathesis against the OpenAPI document: whatever it thinks of is answered as documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from adapters.api_keys import SqlApiKeys
from adapters.database import migrate, open_database
from adapters.program_file import read_program
from adapters.programs import SqlPrograms
from gateway.app import build_app
from tests.fakes import FakeActs, FakeMailer
from tests.gateway.house import house
from tests.gateway.senders import known_lead, sent_mail

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def document(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[schemathesis.schemas.BaseSchema]:
    url = f"sqlite:///{tmp_path_factory.mktemp('schema') / 'leadflow.db'}"
    migrate(url)
    database = open_database(url)
    SqlPrograms(database).publish(read_program(ROOT / "programs" / "acme.yaml"))
    known_lead(database)
    sent_mail(database)
    outside = house(database, FakeMailer())
    key = SqlApiKeys(database).make("schemathesis", ["leads:write", "events:write"])
    schema = schemathesis.openapi.from_asgi("/openapi.json", build_app(outside, FakeActs()))
    schema.config.update(headers={"Authorization": f"Bearer {key}"})
    yield schema
    database.close()


def test_whatever_is_asked_is_answered_as_documented(
    document: schemathesis.schemas.BaseSchema,
) -> None:
    asked = []
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.append(operation.label)

        @settings(
            max_examples=25,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answered(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate()

        answered()
    expected = {"POST /v1/events", "POST /v1/leads", "POST /v1/crm/acts", "GET /c/{token}"}
    assert {*expected, "POST /u/{token}"} <= set(asked)
