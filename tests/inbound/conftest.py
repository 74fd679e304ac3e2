"""The inbound listener over the gateway's fresh database, with Ana's mail already sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.sql.database import Database
from gateway.inbound.listener import receiving
from gateway.requests.http_server import listening
from tests.gateway.conftest import context, database, gateway_template
from tests.gateway.stored_rows import store_lead, store_sent_mail
from tests.inbound.deliveries import RecordingMailer
from usecases.context import Context

__all__ = ["context", "database", "gateway_template"]


@pytest.fixture
def mailer() -> RecordingMailer:
    return RecordingMailer()


@pytest.fixture
async def port(context: Context) -> AsyncIterator[int]:
    listener = listening("127.0.0.1", 0)
    async with receiving(context, listener):
        yield listener.getsockname()[1]


@pytest.fixture
def message(database: Database, context: Context) -> str:
    """Ana's mail, whose program is published."""
    program = context.programs.newest("acme")
    assert program is not None
    store_lead(database, digest=program.digest)
    return store_sent_mail(database)
