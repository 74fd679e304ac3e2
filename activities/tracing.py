"""Spans of a trace, from a request at a door to the mail server. Off unless a process turns it on.

A lead's workflow lives for months, and a trace is about one event or act. So a trace does not
follow the workflow: its context (W3C `traceparent`) goes along with the item in the intake, with
the input of the workflow, and with the commands of the turn that took the input.

A span never holds an address or another field of a lead, and no error's text: it may hold one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

TRACE = "trace"
"""The key under which a message carries its trace context."""


Rename = Callable[[str], None]
"""Gives the present span another name."""


class Tracing(Protocol):
    """Makes spans; `assembly.tracing` has the one over OpenTelemetry."""

    def span(
        self,
        name: str,
        parents: Iterable[str],
        attributes: Mapping[str, str | int],
        *,
        server: bool,
    ) -> AbstractContextManager[Rename]:
        """A span while the block runs, `server`: of a request from outside."""
        ...

    def context(self) -> str | None:
        """The `traceparent` of the present span; None without one."""
        ...


_process: list[Tracing] = []
"""The tracing of this process, as it has one log."""


def turn_on(tracing: Tracing | None) -> None:
    """Trace this process from now on; None turns it off."""
    _process[:] = [tracing] if tracing is not None else []


def span(
    name: str, parents: Iterable[str | None] = (), *, server: bool = False, **attributes: str | int
) -> AbstractContextManager[Rename]:
    """A span while the block runs. The first of `parents` is its parent, the others are linked.

    Without parents it belongs to the present span. It costs nothing if nothing is traced.
    """
    if not _process:
        return nullcontext(_unnamed)
    known = list(dict.fromkeys(one for one in parents if one))
    return _process[0].span(name, known, attributes, server=server)


def _unnamed(_name: str) -> None:
    """Of a span that is not there."""


def trace_context() -> str | None:
    """The context of the present span, to be sent along; None if nothing is traced."""
    return _process[0].context() if _process else None


def traced(message: dict[str, Any], context: str | None = None) -> dict[str, Any]:
    """The message with this trace context, or the present one; as it is if nothing is traced."""
    known = context or trace_context()
    return {**message, TRACE: known} if known is not None else message
