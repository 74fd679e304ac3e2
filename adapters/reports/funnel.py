"""How leads pass through the stages, and the results of the program's mail, from SQL."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from adapters.reports.queries import counts, rows, text
from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TimelineEntry

_E = table_of(TimelineEntry)
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Nurture mail by its result, from timelines. One mail may be deferred several times."""

    sent: int
    deferred: int
    skipped: int
    failed: int


class SqlFunnel:
    """Figures of stages and of mail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stages(self) -> dict[str, int]:
        """How many leads are in each stage now; a stage without leads is absent."""
        return counts(
            self._database,
            sa.select(_L.c.stage, sa.func.count())
            .where(_L.c.merged_into.is_(None))
            .group_by(_L.c.stage),
        )

    def funnel(self) -> dict[str, int]:
        """How many leads were ever in each stage."""
        stays = _stays()
        return counts(
            self._database,
            sa.select(stays.c.stage, sa.func.count(stays.c.lead.distinct())).group_by(
                stays.c.stage
            ),
        )

    def median_seconds(self) -> dict[str, float]:
        """The median of the elapsed seconds that leads stayed in each stage they have left."""
        stays = _stays()
        ranked = (
            sa.select(
                stays.c.stage,
                stays.c.seconds,
                sa.func.row_number()
                .over(partition_by=stays.c.stage, order_by=stays.c.seconds)
                .label("place"),
                sa.func.count().over(partition_by=stays.c.stage).label("stays"),
            )
            .where(stays.c.seconds.is_not(None))
            .subquery()
        )
        middle = sa.or_(
            2 * ranked.c.place == ranked.c.stays,
            2 * ranked.c.place == ranked.c.stays + 1,
            2 * ranked.c.place == ranked.c.stays + 2,
        )
        query = (
            sa.select(ranked.c.stage, sa.func.avg(ranked.c.seconds).label("median"))
            .where(middle)
            .group_by(ranked.c.stage)
        )
        return {row["stage"]: float(row["median"]) for row in rows(self._database, query)}

    def mail(self) -> Mail:
        """Nurture mail sent, deferred, skipped and failed."""
        kinds = ("email_sent", "email_deferred", "email_skipped", "email_failed")
        counted = counts(
            self._database,
            sa.select(_E.c.kind, sa.func.count()).where(_E.c.kind.in_(kinds)).group_by(_E.c.kind),
        )
        sent, deferred, skipped, failed = (counted.get(kind, 0) for kind in kinds)
        return Mail(sent=sent, deferred=deferred, skipped=skipped, failed=failed)

    def skipped(self) -> dict[str, int]:
        """How many mails were not sent, by the reason."""
        return self._entries_by("email_skipped", "why")

    def tracks(self) -> dict[str, int]:
        """How often each track was entered."""
        return self._entries_by("track_entered", "track")

    def handoffs(self) -> dict[str, int]:
        """How many handoffs each team was given."""
        return self._entries_by("handoff_opened", "team")

    def _entries_by(self, kind: str, name: str) -> dict[str, int]:
        """How many entries of a kind there are, by the value of a field."""
        value = sa.func.coalesce(text(_E.c.fields, name), "nobody")
        return counts(
            self._database,
            sa.select(value, sa.func.count()).where(_E.c.kind == kind).group_by(value),
        )


def _stays() -> sa.Subquery:
    """One row a stay of a lead in a stage; `seconds` is NULL while it lasts."""
    left = sa.func.lead(_E.c.at).over(partition_by=_E.c.lead, order_by=_E.c.seq)
    entered = (
        sa.select(
            _E.c.lead,
            sa.case(
                (_E.c.kind == "created", text(_E.c.fields, "stage")),
                else_=text(_E.c.fields, "to"),
            ).label("stage"),
            _E.c.at,
            left.label("left_at"),
        )
        .where(_E.c.kind.in_(("created", "stage")))
        .subquery()
    )
    seconds = sa.extract("epoch", entered.c.left_at) - sa.extract("epoch", entered.c.at)
    return sa.select(entered.c.lead, entered.c.stage, seconds.label("seconds")).subquery()
