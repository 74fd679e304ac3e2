"""Traces over the real path: from a request at the gateway to the mail server, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.testing import WorkflowEnvironment

from activities.tracing import span, trace_context, traced, turn_on
from adapters.sql.api_keys import SqlApiKeys
from assembly.tracing import OpenTelemetryTracing, tracing
from gateway.app import build_app
from models.instants import whole_second
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from models.tables.leads import LeadRow
from tests.fakes import FakeMailer
from tests.gateway.gateway_context import CONFIG, gateway_context
from tests.server.reconciled_site import ReconciledSite, reconciled_site
from tests.waiting import until
from usecases.relay import Relay

_I, _L = table_of(IntakeItem), table_of(LeadRow)
HAND = {"id": "hand", "type": "form.submitted", "subject": "demo"}
SECRETS = ("@", "northwind", "acme", "riley", "Riley")


@pytest.fixture
async def site(dev_server: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[ReconciledSite]:
    async with reconciled_site(dev_server.client, tmp_path) as one:
        await one.work()
        yield one


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Collects the spans of this process while a test runs."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    turn_on(OpenTelemetryTracing(provider))
    yield exporter
    turn_on(None)
    provider.shutdown()


async def _post_event(site: ReconciledSite, lead: str) -> None:
    """Post an event to the gateway, and relay what it stored."""
    context = replace(
        gateway_context(site.database, FakeMailer()), now=lambda: whole_second(datetime.now(UTC))
    )
    key = SqlApiKeys(site.database).make("tests", ["events:write"])
    transport = httpx.ASGITransport(build_app(context, site.leads, config=CONFIG))
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as http:
        answer = await http.post(
            "/v1/events",
            json={"events": [{"lead": lead, **HAND}]},
            headers={"Authorization": f"Bearer {key}"},
        )
    assert answer.json()["results"][0]["status"] == "accepted", answer.text
    relay = Relay(context.intake, context.programs, site.leads)

    async def relayed() -> int:
        return await relay.once()

    await until(relayed)


def _chain(found: tuple[ReadableSpan, ...], last: str) -> list[str]:
    """The names of this span and of all above it."""
    by_id = {one.context.span_id: one for one in found if one.context is not None}
    one = next(span for span in found if span.name == last)
    names = [one.name]
    while one.parent is not None:
        one = by_id[one.parent.span_id]
        names.append(one.name)
    return names


async def test_one_trace_reaches_from_the_post_of_an_event_to_the_mail_server(
    site: ReconciledSite, spans: InMemorySpanExporter
) -> None:
    lead = await site.create_lead(begins="lead")
    spans.clear()
    await _post_event(site, lead)
    await until(lambda: any(one.name == "send alert" for one in spans.get_finished_spans()))
    found = spans.get_finished_spans()
    assert _chain(found, "SMTP") == ["SMTP", "send alert", "turn", "POST /v1/events"]
    assert _chain(found, "relay") == ["relay", "POST /v1/events"]
    assert len({one.context.trace_id for one in found if one.context is not None}) == 1
    written = "".join(one.to_json() for one in found)
    assert [secret for secret in (*SECRETS, lead) if secret in written] == []


async def test_an_error_in_a_span_shows_its_class_and_no_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="ana"), span("turn", [None]):
        raise ValueError("ana@northwind.example is wrong")
    (one,) = spans.get_finished_spans()
    assert one.status.description == "ValueError"
    assert "ana" not in one.to_json()


async def test_nothing_is_traced_and_nothing_carries_a_trace_unless_somebody_asks(
    site: ReconciledSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with tracing("worker"), span("turn"):
        assert trace_context() is None
        assert traced({"id": "e"}) == {"id": "e"}
    lead = await site.create_lead(begins="lead")
    await _post_event(site, lead)
    await until(lambda: site.entries(lead, "assigned"))
    with site.database.read() as connection:
        assert list(connection.scalars(sa.select(_I.c.trace))) == [None]
        writer = connection.scalar(sa.select(_L.c.writer).where(_L.c.id == lead))
    assert "trace" not in str(writer)


async def test_a_receiver_that_does_not_answer_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with tracing("worker"), span("turn"):
        assert trace_context() is not None
    assert trace_context() is None
