"""The inbound listener over the gateway's fresh database, with Ana's mail already sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.sql.database import Database
from gateway.inbound.listener import receiving
from gateway.server import listening
from tests.gateway.conftest import database, gateway_template, outside
from tests.gateway.senders import known_lead, sent_mail
from tests.inbound.deliveries import FakeMailer
from usecases.context import Outside

__all__ = ["database", "gateway_template", "outside"]


@pytest.fixture
def mailer() -> FakeMailer:
    return FakeMailer()


@pytest.fixture
async def port(outside: Outside) -> AsyncIterator[int]:
    listener = listening("127.0.0.1", 0)
    async with receiving(outside, listener):
        yield listener.getsockname()[1]


@pytest.fixture
def message(database: Database, outside: Outside) -> str:
    """Ana's mail, whose program is published."""
    program = outside.programs.newest("acme")
    assert program is not None
    known_lead(database, digest=program.digest)
    return sent_mail(database)
