"""How the inbound listener is set up."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.inbound.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundConfig:
    """By default the listener offers no encryption, and has nobody for `postmaster@`."""

    contact: str | None = None
    """Who gets mail to `postmaster@` and `abuse@`; without one it is refused."""
    certificate: Certificate | None = None
    """With which STARTTLS is offered."""
