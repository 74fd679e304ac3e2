"""The figures of a demonstration, read from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from adapters.reports.leads import Acceptance, Mail, SqlReports
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
    acceptance: Acceptance
    breaches: Mapping[str, int]
    medians: Mapping[str, float]
    lead: str
    """The lead with the longest timeline."""
    life: tuple[TimelineLine, ...]
    """Its timeline."""

    @classmethod
    def read(cls, reports: SqlReports, *, lasted: timedelta) -> Self:
        """Read the figures as they are now."""
        lead = reports.fullest_life() or ""
        return cls(
            lasted=lasted,
            stages=reports.stages(),
            funnel=reports.funnel(),
            mail=reports.mail(),
            skipped=reports.skipped(),
            acceptance=reports.acceptance(),
            breaches=reports.breaches(),
            medians=reports.median_seconds(),
            lead=lead,
            life=tuple(line_of(lead, entry) for entry in reports.timeline(lead)),
        )
