"""The metrics of this process, for Prometheus: ours, and those of Temporal's SDK.

docs/operations.md lists them. The SDK's core has an exporter of its own. It listens on loopback,
and what it says is handed on with ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from activities.meter import MailOutcome, MailServer, RelayOutcome
from adapters.reports.backlog import Backlog, backlog
from adapters.sql.database import Database, DatabaseNotReadyError
from models.envelopes import ReconcileOutcome
from usecases.reconciling import REMEDIES

_TURN_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8)
"""A turn may take eight seconds (workflows/lead.py)."""
_LATE_SECONDS = (1, 2, 5, 15, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400)
"""Up to a minute counts as in time (docs/language.md section 3)."""

# They would be a second series for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it

_log = structlog.get_logger(__name__)


class PrometheusMeter:
    """A Meter, and the registry that `/metrics` writes out."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._turns = Histogram(
            "leadflow_turn_seconds",
            "How long a turn of a lead takes.",
            buckets=_TURN_SECONDS,
            registry=self.registry,
        )
        self._refused = Counter(
            "leadflow_refusals", "Acts that the rules refused.", registry=self.registry
        )
        self._late = Histogram(
            "leadflow_clock_lateness_seconds",
            "How long after its due instant a turn began.",
            buckets=_LATE_SECONDS,
            registry=self.registry,
        )
        self._rejections = Counter(
            "leadflow_fence_rejections",
            "Turns that were not stored because the lead's row was newer.",
            registry=self.registry,
        )
        self._mails = Counter(
            "leadflow_mails",
            "Tries to send a mail to a lead, by outcome: sent, skipped, failed, unknown, unsent.",
            ["outcome"],
            registry=self.registry,
        )
        self._server_away = Gauge(
            "leadflow_mail_server_away",
            "Whether the mail server takes no mail of this process: connection, TLS or login.",
            registry=self.registry,
        )
        self._findings = Counter(
            "leadflow_reconcile_findings",
            "What comparisons of database and Temporal found, by kind and outcome: repaired, left.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._comparisons = Counter(
            "leadflow_reconcile_runs",
            "Comparisons of database and Temporal that ended.",
            registry=self.registry,
        )
        self._relayed = Counter(
            "leadflow_relayed_items",
            "Accepted items on their way to leads, by outcome: sent, put_off, given_up.",
            ["outcome"],
            registry=self.registry,
        )
        # From zero on, so that the first of a kind shows as an increase.
        for mail in get_args(MailOutcome):
            self._mails.labels(mail)
        for relayed in get_args(RelayOutcome):
            self._relayed.labels(relayed)
        for kind in REMEDIES:
            self._findings.labels(kind, "repaired")
            self._findings.labels(kind, "left")

    def turn(self, seconds: float, *, refused: int, late: float | None) -> None:
        """Observe a turn."""
        self._turns.observe(seconds)
        self._refused.inc(refused)
        if late is not None:
            self._late.observe(late)

    def fence_rejection(self) -> None:
        """Count it."""
        self._rejections.inc()

    def mail(self, outcome: MailOutcome) -> None:
        """Count it."""
        self._mails.labels(outcome).inc()

    def mail_server(self, stands: MailServer) -> None:
        """Show it."""
        self._server_away.set(stands == "away")

    def reconciled(self, outcome: ReconcileOutcome) -> None:
        """Count the comparison, and its findings by kind."""
        self._comparisons.inc()
        for name, counts in (("repaired", outcome["repaired"]), ("left", outcome["left"])):
            for kind, number in counts.items():
                self._findings.labels(kind, name).inc(number)

    def relayed(self, outcome: RelayOutcome, items: int) -> None:
        """Count the items."""
        self._relayed.labels(outcome).inc(items)

    def watch(self, database: Database) -> None:
        """Read from this database, at each scrape, what waits in it."""
        self.registry.register(_Waiting(database))


class _Waiting(Collector):
    """What waits in the database. Every process tells the same: take the maximum of all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._away = False

    def describe(self) -> list[Metric]:
        """Say nothing, so that registering does not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask the database once a scrape."""
        now = datetime.now(UTC)
        try:
            found: Backlog | None = backlog(self._database, now)
        except (SQLAlchemyError, DatabaseNotReadyError) as error:
            if not self._away:  # one line an outage, not one a scrape
                _log.error("the database does not answer", why=str(error))
            found = None
        self._away = found is None
        yield _gauge("leadflow_database_up", "Whether the database answers.", found is not None)
        if (file := self._database.file) is not None and file.parent.exists():
            free = shutil.disk_usage(file.parent).free
            yield _gauge("leadflow_disk_free_bytes", "Where SQLite's file is.", free)
        if found is None:
            return
        yield _gauge("leadflow_intake_waiting", "Accepted items not sent yet.", found.intake)
        yield _age("leadflow_intake_age_seconds", "Of the oldest of them.", found.intake_since, now)
        yield _gauge("leadflow_outbox_waiting", "Events that wait for the CRM.", found.outbox)
        yield _age("leadflow_outbox_age_seconds", "Of the first tried.", found.outbox_since, now)
        yield _age(
            "leadflow_outbox_untaken_age_seconds",
            "Of the first event that could be sent and is not taken: no lease, no pause.",
            found.outbox_ready_since,
            now,
        )
        yield _gauge("leadflow_outbox_dead", "Events for the CRM, given up.", found.outbox_dead)
        yield _age(
            "leadflow_mail_claimed_age_seconds",
            "Of the oldest mail that was claimed and not settled.",
            found.claimed_since,
            now,
        )
        yield _gauge(
            "leadflow_mail_routes_stopped",
            "Programs and domains whose mail waits because a server refuses everybody.",
            found.routes_stopped,
        )
        yield _gauge("leadflow_leads_overdue", "Leads whose due instant passed.", found.overdue)
        yield _age("leadflow_overdue_age_seconds", "Of the earliest.", found.overdue_since, now)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _age(name: str, text: str, since: datetime | None, now: datetime) -> Metric:
    seconds = max(0.0, (now - since).total_seconds()) if since is not None else 0.0
    return GaugeMetricFamily(name, text, value=seconds)
