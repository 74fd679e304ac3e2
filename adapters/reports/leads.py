"""What lists and reports read: leads, timelines and figures, from SQL alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from lifecycle.stable_hash import short_hash
from models.decision import Entry
from models.state import LeadState, read_state
from models.tables.columns import table_of
from models.tables.leads import HandoffRow, LeadRow, TimelineEntry
from models.tables.mail import MessageRow

_E = table_of(TimelineEntry)
_H = table_of(HandoffRow)
_L = table_of(LeadRow)
_M = table_of(MessageRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLine:
    """One lead in a list."""

    id: str
    email: str | None
    stage: str
    since: datetime | None
    motion: str
    owner: str | None
    track: str | None
    cycle: int
    fit: float
    engagement: float
    """As of the lead's last event; it has decayed since."""
    due_at: datetime | None
    due_what: str | None
    handoff: int | None
    team: str | None
    """Of the handoff of this cycle."""
    clock: str | None
    """The running clock of the handoff that is due first."""
    clock_due: datetime | None
    breached: bool
    closed: bool
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which leads somebody may see: those they own and those of some teams."""

    owner: str
    teams: frozenset[str]
    unhanded: bool = False
    """Also leads that no team has: they are every manager's."""

    def shows(self, line: LeadLine) -> bool:
        """Whether this lead is among them."""
        if line.team is None and self.unhanded:
            return True
        return line.owner == self.owner or line.team in self.teams

    def condition(self) -> sa.ColumnElement[bool]:
        """The same in SQL."""
        seen = sa.or_(_L.c.owner == self.owner, _L.c.team.in_(sorted(self.teams)))
        return sa.or_(seen, _L.c.team.is_(None)) if self.unhanded else seen


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDossier:
    """All that is known of one lead."""

    line: LeadLine
    state: LeadState
    timeline: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Nurture mail by what became of it, as timelines tell it. A mail may be deferred often."""

    sent: int
    deferred: int
    skipped: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Handoffs whose accept clock has ended: by an acceptance or by a breach."""

    ended: int
    in_time: int
    """Accepted by the first owner who was to, before any breach."""

    @property
    def share(self) -> float | None:
        """The share accepted in time, 0 to 1; None if no clock has ended."""
        return self.in_time / self.ended if self.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMailEntry:
    """A mail that a timeline says was sent."""

    lead: str
    email: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDisagreement:
    """Where timelines and outbox differ on the program's mail, as Message-IDs."""

    told_only: tuple[str, ...]
    """`email_sent` on a timeline, but not sent by the outbox."""
    sent_only: tuple[str, ...]
    """Sent by the outbox, but no timeline tells it (yet: its turn may be still to come)."""


_LINE = [_L.c[name] for name in LeadLine.__slots__]


def _text(column: sa.Column[Any], key: str) -> sa.ColumnElement[str]:
    found: sa.ColumnElement[str] = column[key].as_string()
    return found


class SqlReports:
    """Lists, dossiers and figures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leads(
        self,
        *,
        stage: str | None = None,
        owner: str | None = None,
        due_before: datetime | None = None,
        program: str | None = None,
        sight: Sight | None = None,
        limit: int | None = None,
    ) -> list[LeadLine]:
        """Leads to which all that is given applies; what is due first comes first."""
        query = sa.select(*_LINE).order_by(_L.c.due_at.asc().nulls_last(), _L.c.id)
        if stage is not None:
            query = query.where(_L.c.stage == stage)
        if owner is not None:
            query = query.where(_L.c.owner == owner.strip().lower())
        if due_before is not None:
            query = query.where(_L.c.due_at < due_before)
        if program is not None:
            query = query.where(_L.c.program == program)
        if sight is not None:
            query = query.where(sight.condition())
        return [LeadLine(**row) for row in self._rows(query.limit(limit))]

    def ids_of(self, email: str) -> list[str]:
        """The leads that have this address, sorted; usually one."""
        query = sa.select(_L.c.id).where(_L.c.email == email.strip().lower()).order_by(_L.c.id)
        return [row["id"] for row in self._rows(query)]

    def line(self, lead: str) -> LeadLine | None:
        """One lead as lists show it, or None if it is not known here."""
        rows = self._rows(sa.select(*_LINE).where(_L.c.id == lead))
        return LeadLine(**rows[0]) if rows else None

    def dossier(
        self, lead: str, *, last: int | None = None, before: int | None = None
    ) -> StoredDossier | None:
        """One lead with its timeline, or None if it is not known here.

        Of the timeline only the `last` so many entries before the number `before`, if given.
        """
        rows = self._rows(sa.select(_L.c.state, *_LINE).where(_L.c.id == lead))
        if not rows:
            return None
        row = dict(rows[0])
        state = read_state(row.pop("state"))
        timeline = self.timeline(lead, last=last, before=before)
        return StoredDossier(line=LeadLine(**row), state=state, timeline=timeline)

    def acted(self, lead: str, act: str, by: str) -> bool:
        """Whether this person did the act of this id, as far as the lead remembers its acts."""
        rows = self._rows(sa.select(_L.c.state).where(_L.c.id == lead))
        turn = rows[0]["state"].get("acts", {}).get(short_hash(act)) if rows else None
        if turn is None:
            return False
        told = (_E.c.lead == lead, _E.c.turn == turn, _text(_E.c.fields, "by") == by)
        return bool(self._rows(sa.select(_E.c.seq).where(*told).limit(1)))

    def pace(self, lead: str) -> tuple[int, datetime | None]:
        """How many turns a lead has taken, and when it wants the next; (0, None) before any."""
        rows = self._rows(sa.select(_L.c.turn, _L.c.due_at).where(_L.c.id == lead))
        return next(((row["turn"], row["due_at"]) for row in rows), (0, None))

    def timeline(
        self, lead: str, *, last: int | None = None, before: int | None = None
    ) -> tuple[Entry, ...]:
        """The lead's entries by seq; instants inside fields are ISO 8601 texts.

        Only the `last` so many, before the number `before`, if given.
        """
        query = (
            sa.select(_E.c.seq, _E.c.at, _E.c.kind, _E.c.fields)
            .where(_E.c.lead == lead)
            .order_by(_E.c.seq.desc())
            .limit(last)
        )
        if before is not None:
            query = query.where(_E.c.seq < before)
        return tuple(Entry(**row) for row in reversed(self._rows(query)))

    def stages(self) -> dict[str, int]:
        """How many leads are in each stage now; a stage without leads is absent."""
        return self._counted(sa.select(_L.c.stage, sa.func.count()).group_by(_L.c.stage))

    def stage_of(self) -> dict[str, str]:
        """Each lead's stage, to compare with its workflow's."""
        return {row["id"]: row["stage"] for row in self._rows(sa.select(_L.c.id, _L.c.stage))}

    def stage_of_lead(self, lead: str) -> str | None:
        """One lead's stage; None if there is no such lead."""
        rows = self._rows(sa.select(_L.c.stage).where(_L.c.id == lead))
        return next((str(row["stage"]) for row in rows), None)

    def funnel(self) -> dict[str, int]:
        """How many leads were ever in each stage."""
        stays = _stays()
        return self._counted(
            sa.select(stays.c.stage, sa.func.count(stays.c.lead.distinct())).group_by(stays.c.stage)
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
        return {row["stage"]: float(row["median"]) for row in self._rows(query)}

    def fullest_life(self) -> str | None:
        """The lead with the most entries of different kinds on its timeline; None without any."""
        kinds = sa.func.count(_E.c.kind.distinct())
        query = sa.select(_E.c.lead).group_by(_E.c.lead).order_by(kinds.desc(), _E.c.lead)
        return next((str(row["lead"]) for row in self._rows(query.limit(1))), None)

    def mail(self) -> Mail:
        """Nurture mail sent, deferred, skipped and failed."""
        kinds = ("email_sent", "email_deferred", "email_skipped", "email_failed")
        counted = self._counted(
            sa.select(_E.c.kind, sa.func.count()).where(_E.c.kind.in_(kinds)).group_by(_E.c.kind)
        )
        sent, deferred, skipped, failed = (counted.get(kind, 0) for kind in kinds)
        return Mail(sent=sent, deferred=deferred, skipped=skipped, failed=failed)

    def skipped(self) -> dict[str, int]:
        """Mails not sent, by why."""
        why = _text(_E.c.fields, "why")
        return self._counted(
            sa.select(why, sa.func.count()).where(_E.c.kind == "email_skipped").group_by(why)
        )

    def acceptance(self) -> Acceptance:
        """How many handoffs were accepted in time."""
        in_time = sa.and_(_H.c.accepted.is_not(None), _H.c.accept_breaches == 0)
        query = sa.select(
            sa.func.count().label("ended"),
            sa.func.coalesce(sa.func.sum(sa.case((in_time, 1), else_=0)), 0).label("in_time"),
        ).where(sa.or_(_H.c.accepted.is_not(None), _H.c.accept_breaches > 0))
        row = self._rows(query)[0]
        return Acceptance(ended=row["ended"], in_time=row["in_time"])

    def breaches(self) -> dict[str, int]:
        """Breaches by clock."""
        clock = _text(_E.c.fields, "clock")
        return self._counted(
            sa.select(clock, sa.func.count()).where(_E.c.kind == "breached").group_by(clock)
        )

    def sent_mail(self) -> list[SentMailEntry]:
        """Every `email_sent` of every timeline, in time order: what the mailbox must hold."""
        query = (
            sa.select(_E.c.lead, _E.c.at, _E.c.fields)
            .where(_E.c.kind == "email_sent")
            .order_by(_E.c.at, _E.c.lead, _E.c.seq)
        )
        return [
            SentMailEntry(
                lead=row["lead"],
                email=row["fields"]["email"],
                message=row["fields"]["message"],
                at=row["at"],
            )
            for row in self._rows(query)
        ]

    def mail_disagreement(self) -> MailDisagreement:
        """Compare what timelines say was sent with what the outbox sent."""
        message = _text(_E.c.fields, "message")
        told = sa.select(message.label("message")).where(
            _E.c.kind == "email_sent", message.is_not(None)
        )
        mails = _M.c.message.not_like("alert %")  # alerts go through the outbox too
        sent = sa.select(_M.c.message).where(_M.c.status == "sent", mails)
        told_only = told.where(message.not_in(sent))
        sent_only = sent.where(_M.c.message.not_in(told))
        return MailDisagreement(
            told_only=tuple(sorted(row["message"] for row in self._rows(told_only))),
            sent_only=tuple(sorted(row["message"] for row in self._rows(sent_only))),
        )

    def unsettled(self) -> list[str]:
        """Keys of mails whose sending began and never told its end."""
        query = sa.select(_M.c.key).where(_M.c.status == "claimed").order_by(_M.c.key)
        return [row["key"] for row in self._rows(query)]

    def _rows(self, query: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _counted(self, query: sa.Select[str, int]) -> dict[str, int]:
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _stays() -> sa.Subquery:
    """One row a stay of a lead in a stage; `seconds` is NULL while it lasts."""
    left = sa.func.lead(_E.c.at).over(partition_by=_E.c.lead, order_by=_E.c.seq)
    entered = (
        sa.select(
            _E.c.lead,
            sa.case(
                (_E.c.kind == "created", _text(_E.c.fields, "stage")),
                else_=_text(_E.c.fields, "to"),
            ).label("stage"),
            _E.c.at,
            left.label("left_at"),
        )
        .where(_E.c.kind.in_(("created", "stage")))
        .subquery()
    )
    seconds = sa.extract("epoch", entered.c.left_at) - sa.extract("epoch", entered.c.at)
    return sa.select(entered.c.lead, entered.c.stage, seconds.label("seconds")).subquery()
