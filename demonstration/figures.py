"""The figures of a demonstration, read from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from adapters.reports.audit import SqlAudit
from adapters.reports.funnel import Mail, SqlFunnel
from adapters.reports.leads import SqlReports
from adapters.reports.sla import Acceptance, SqlSla
from adapters.sql.database import Database
from simulation.timeline import TimelineLine, line_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the journal says of a demonstration at one moment."""

    lasted: timedelta
    """In the program's time."""
    stages: Mapping[str, int]
    funnel: Mapping[str, int]
    mail: Mail
    skipped: Mapping[str, int]
    tracks: Mapping[str, int]
    """How often each track was entered."""
    handoffs: Mapping[str, int]
    """How many handoffs each team was given."""
    acceptance: Acceptance
    breaches: Mapping[str, int]
    medians: Mapping[str, float]
    lead: str
    """The lead with the longest timeline."""
    life: tuple[TimelineLine, ...]
    """Its timeline."""

    @classmethod
    def read(cls, database: Database, *, lasted: timedelta) -> Self:
        """Read the figures as they are now."""
        funnel, sla = SqlFunnel(database), SqlSla(database)
        lead = SqlAudit(database).fullest_life() or ""
        timeline = SqlReports(database).timeline(lead)
        return cls(
            lasted=lasted,
            stages=funnel.stages(),
            funnel=funnel.funnel(),
            mail=funnel.mail(),
            skipped=funnel.skipped(),
            tracks=funnel.tracks(),
            handoffs=funnel.handoffs(),
            acceptance=sla.acceptance(),
            breaches=sla.breaches(),
            medians=funnel.median_seconds(),
            lead=lead,
            life=tuple(line_of(lead, entry) for entry in timeline),
        )
