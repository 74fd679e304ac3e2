"""OpenTelemetry traces, if OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) says where to.

All else is set by OpenTelemetry's own variables, such as OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME
and OTEL_EXPORTER_OTLP_HEADERS. The packages are loaded only if traces are wanted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from activities.tracing import Rename, turn_on

if TYPE_CHECKING:  # they take a quarter of a second to load
    from opentelemetry.sdk.trace import TracerProvider

_WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class OpenTelemetryTracing:
    """`activities.tracing.Tracing` over a provider of OpenTelemetry's SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415  # see above
            TraceContextTextMapPropagator,
        )

        self._tracer = provider.get_tracer("leadflow")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self,
        name: str,
        parents: Iterable[str],
        attributes: Mapping[str, str | int],
        *,
        server: bool,
    ) -> Iterator[Rename]:
        """A span while the block runs. Of an error it has the class, never the text."""
        from opentelemetry import trace  # noqa: PLC0415  # see above

        contexts = [self._propagator.extract({"traceparent": one}) for one in parents]
        linked = [trace.get_current_span(one).get_span_context() for one in contexts[1:]]
        with self._tracer.start_as_current_span(
            name,
            context=contexts[0] if contexts else None,
            kind=trace.SpanKind.SERVER if server else trace.SpanKind.INTERNAL,
            links=[trace.Link(one) for one in linked if one.is_valid],
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as one:
            try:
                yield one.update_name
            except BaseException as error:
                one.set_status(trace.StatusCode.ERROR, type(error).__name__)
                raise

    def context(self) -> str | None:
        """The `traceparent` of the present span, if it is recorded."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")


@contextmanager
def tracing(process: str) -> Iterator[None]:
    """Trace this process while the block runs, if the environment says where traces go.

    What is not sent yet is sent at the end. A receiver that does not answer stops nothing.
    """
    if not any(os.environ.get(name) for name in _WHERE):
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  # see above
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # see above

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": f"leadflow-{process}"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    turn_on(OpenTelemetryTracing(provider))
    try:
        yield
    finally:
        turn_on(None)
        provider.shutdown()
