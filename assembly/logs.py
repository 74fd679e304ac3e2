"""Logs: structured, without e-mail addresses, and silent while a workflow replays."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections import Counter
from collections.abc import MutableMapping
from functools import cache
from operator import itemgetter
from threading import Lock
from typing import Any, Literal

import structlog
from temporalio import workflow
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

_ADDRESS = re.compile(r"([^\s@<>\"'(),;:=]{1,2})[^\s@<>\"'(),;:=]*@([^\s@<>\"'(),;:]+)")

_VERBOSE_LIBRARIES = ("mail.log", "alembic", "asyncio", "httpx", "httpcore")
"""Libraries that log every step. httpx logs URLs, which may hold secrets."""

_WHILE_SECONDS = 10.0
_FEW = 5
"""So often the same line is logged within a while."""
_MANY = 200
"""So many lines of one kind are logged within a while, if they differ: one a lead, for example."""
_OF_ONE_REQUEST = frozenset({"timestamp", "request"})
"""What differs from line to line though all say the same."""

_log = structlog.get_logger(__name__)

Event = MutableMapping[str, Any]


def mask_addresses(_logger: object, _method: str, event: Event) -> Event:
    """Every e-mail address in every value as `an…@northwind.example`."""
    for key, value in event.items():
        event[key] = masked(value)
    return event


def masked(value: Any) -> Any:
    """The value with its e-mail addresses masked, however deep they stand."""
    if isinstance(value, str):
        return _ADDRESS.sub(r"\1…@\2", value)
    if isinstance(value, dict):
        return {masked(key): masked(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked(repr(value)) if "@" in repr(value) else value


def workflow_facts(_logger: object, _method: str, event: Event) -> Event:
    """In a workflow: drop what a replay says again, and add the ids of workflow and run."""
    if not workflow.in_workflow():
        return event
    if workflow.unsafe.is_replaying_history_events():
        raise structlog.DropEvent
    info = workflow.info()
    return {**event, "workflow": info.workflow_id, "run": info.run_id}


def configure(form: Literal["console", "json"], level: str) -> None:
    """Set up structlog for this process, and the standard library's logs through it."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        workflow_facts,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_addresses,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(RepeatedLineFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("temporalio").setLevel(logging.NOTSET)
    forward_core_logs()


class RepeatedLineFilter(logging.Filter):
    """Lets a line through a few times in a while; the next one says how many were left out.

    A fault that repeats a thousand times a second would fill the disk, and hide all other lines.
    Lines that differ, such as one for each lead, are limited by their kind: the event, or the place
    in the code that says it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._began = time.monotonic()
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._kinds: Counter[tuple[str, ...]] = Counter()
        self._left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is logged."""
        said, kind = str(record.msg), f"{record.pathname}:{record.lineno}"
        if isinstance(record.msg, dict):
            facts = {key: one for key, one in record.msg.items() if key not in _OF_ONE_REQUEST}
            said, kind = repr(sorted(facts.items(), key=itemgetter(0))), repr(facts.get("event"))
        of = (record.name, record.levelname)
        line, kinds = (*of, said, repr(record.args)), (*of, kind)
        with self._lock:
            left_out: Counter[str] = Counter()
            if time.monotonic() - self._began > _WHILE_SECONDS:
                self._began, left_out = time.monotonic(), self._left_out
                self._seen, self._kinds, self._left_out = Counter(), Counter(), Counter()
            self._seen[line] += 1
            passes = self._seen[line] <= _FEW and self._kinds[kinds] < _MANY
            if passes:
                self._kinds[kinds] += 1
            else:
                self._left_out[record.name] += 1
                # What is not logged is not remembered, or a storm of lines would fill the memory.
                if self._kinds[kinds] >= _MANY:
                    del self._seen[line]
        for name, number in left_out.items():
            _log.warning("a line was repeated and left out", logger_of_it=name, times=number)
        return passes


def configure_for_commands() -> None:
    """Keep logs off the output of a command: errors alone, on standard error.

    A command says in sentences what went wrong. With LEADFLOW_DEBUG=1 all is logged.
    """
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                _errors_alone,
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                mask_addresses,
                structlog.dev.ConsoleRenderer(colors=False),
            ],
            logger_factory=lambda *_: _ToStandardError(),
        )
    forward_core_logs()


def _errors_alone(_logger: object, method: str, event: Event) -> Event:
    if method in ("error", "critical", "exception") or os.environ.get("LEADFLOW_DEBUG") == "1":
        return event
    raise structlog.DropEvent


class _ToStandardError:
    """Prints to what standard error is at that moment."""

    def msg(self, message: str) -> None:
        """Print a line."""
        print(message, file=sys.stderr)  # noqa: T201 - this is how a command logs

    debug = info = warning = error = critical = exception = msg


@cache
def forward_core_logs(metrics_at: str | None = None) -> None:
    """Log what Temporal's core says like the rest; without this it writes to standard output.

    With `metrics_at` (host and port) its own exporter of metrics listens there. Clients that were
    made before keep what they have.
    """
    core = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
    )
    metrics = None
    if metrics_at is not None:
        metrics = PrometheusConfig(
            bind_address=metrics_at,
            counters_total_suffix=True,
            unit_suffix=True,
            durations_as_seconds=True,
        )
    Runtime.set_default(
        Runtime(telemetry=TelemetryConfig(logging=core, metrics=metrics)),
        error_if_already_set=False,
    )
