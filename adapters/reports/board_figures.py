"""The figures of the board: where leads stand, and why they do not go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa

from adapters.reports.figures import EXCEPTIONS, STANDINGS, Asking, Element, Figure, Source
from adapters.reports.queries import text
from adapters.reports.step_figures import STEP_FIGURES
from adapters.sql.lead_search import SqlLeadSearch
from models.tables.columns import UtcInstant, table_of
from models.tables.leads import TimelineEntry
from models.tables.standings import StandingRow

_E = table_of(TimelineEntry)
_S = table_of(StandingRow)
_OPEN = _S.c.closed.is_(sa.false())
_IN_A_TRACK = _S.c.track.is_not(None)

PATIENCE = timedelta(minutes=10)
"""How long after its due instant a lead counts as not woken: a busy worker catches up in less."""

_ENTRIES = Source(
    rows=_E.join(_S, _S.c.lead == _E.c.lead),
    dimensions={
        **STANDINGS.dimensions,
        "email": text(_E.c.fields, "email"),
        "to": text(_E.c.fields, "to"),
    },
)
"""Entries of timelines, each with how its lead stands now."""


def _open(*conditions: Element) -> Callable[[Asking], tuple[Element, ...]]:
    """What holds for leads that are not closed."""
    return lambda _: (_OPEN, *conditions)


def _paused(asking: Asking) -> tuple[Element, ...]:
    ends = sa.or_(_S.c.paused_until.is_(None), _S.c.paused_until > asking.instant())
    return _OPEN, _IN_A_TRACK, _S.c.paused.is_not(None), ends


def _not_woken(asking: Asking) -> tuple[Element, ...]:
    return _OPEN, _S.c.due_at < sa.literal(asking.now - PATIENCE, UtcInstant())


def _today(kind: str, asking: Asking) -> tuple[Element, ...]:
    # A literal, not a bound value, so that the index on kind and instant is always used.
    same = _E.c.kind == sa.literal_column(f"'{kind}'")
    return same, _E.c.at >= sa.literal(asking.today, UtcInstant())


def _due_within(asking: Asking, **length: float) -> tuple[Element, ...]:
    before = sa.literal(asking.now + timedelta(**length), UtcInstant())
    return _OPEN, _IN_A_TRACK, _S.c.until <= before


LEADS = Figure(name="leads", title="Leads", where=lambda _: (), since=_S.c.since)
IN_FLIGHT = Figure(name="in-flight", title="In flight", where=_open(), since=_S.c.since)
HERE = Figure(
    name="here",
    title="In a track",
    where=_open(_IN_A_TRACK),
    since=_S.c.step_since,
    until=_S.c.until,
    why=_S.c.deferred,
)
DUE_IN_AN_HOUR = Figure(
    name="due-in-an-hour",
    title="Go on within the hour",
    where=lambda asking: _due_within(asking, hours=1),
    since=_S.c.step_since,
    until=_S.c.until,
)
DUE_IN_A_DAY = Figure(
    name="due-in-a-day",
    title="Go on within a day",
    where=lambda asking: _due_within(asking, days=1),
    since=_S.c.step_since,
    until=_S.c.until,
)
OPEN_HANDOFFS = Figure(
    name="open-handoffs",
    title="Open handoffs",
    where=_open(_S.c.handoff.is_not(None)),
    since=_S.c.handoff_since,
)
MAILS_TODAY = Figure(
    name="mails-today",
    title="Mails sent today",
    where=lambda asking: _today("email_sent", asking),
    since=_E.c.at,
    why=text(_E.c.fields, "email"),
    source=_ENTRIES,
)
MOVED_TODAY = Figure(
    name="moved-today",
    title="Changed their stage today",
    where=lambda asking: _today("stage", asking),
    since=_E.c.at,
    why=text(_E.c.fields, "why"),
    source=_ENTRIES,
)

DEFERRED = Figure(
    name="deferred",
    title="Mail deferred",
    where=_open(_S.c.deferred.is_not(None)),
    since=_S.c.step_since,
    until=_S.c.until,
    why=_S.c.deferred,
)
SKIPPED = Figure(
    name="skipped",
    title="Latest mail skipped",
    where=_open(_S.c.mail == "skipped"),
    since=_S.c.mail_at,
    why=_S.c.mail_why,
    source=EXCEPTIONS,
)
FAILED = Figure(
    name="failed",
    title="Latest mail failed",
    where=_open(_S.c.mail == "failed", _S.c.mail_why != "unknown_outcome"),
    since=_S.c.mail_at,
    why=_S.c.mail_why,
    source=EXCEPTIONS,
)
UNKNOWN_OUTCOME = Figure(
    name="unknown-outcome",
    title="Nobody knows whether the latest mail left",
    where=_open(_S.c.mail == "failed", _S.c.mail_why == "unknown_outcome"),
    since=_S.c.mail_at,
    why=_S.c.mail_name,
    source=EXCEPTIONS,
)
UNASSIGNED = Figure(
    name="unassigned",
    title="Handoff without an owner",
    where=_open(_S.c.unassigned.is_not(None)),
    since=_S.c.handoff_since,
    why=_S.c.unassigned,
    source=EXCEPTIONS,
)
OVERDUE = Figure(
    name="overdue",
    title="Handoff overdue",
    where=_open(_S.c.overdue.is_not(None)),
    since=_S.c.overdue_since,
    why=_S.c.overdue,
    source=EXCEPTIONS,
)
PAUSED = Figure(
    name="paused",
    title="Paused",
    where=_paused,
    since=_S.c.paused_since,
    until=_S.c.paused_until,
    why=_S.c.paused,
    source=EXCEPTIONS,
)
SUPPRESSED = Figure(
    name="suppressed",
    title="Gets no marketing mail",
    where=_open(_S.c.suppressed.is_not(None)),
    since=_S.c.suppressed_since,
    why=_S.c.suppressed,
    source=EXCEPTIONS,
)
NOT_WOKEN = Figure(
    name="not-woken",
    title="Not woken",
    where=_not_woken,
    since=_S.c.due_at,
    source=EXCEPTIONS,
)

REASONS = (
    *(NOT_WOKEN, UNKNOWN_OUTCOME, FAILED, UNASSIGNED, OVERDUE),
    *(PAUSED, SUPPRESSED, SKIPPED, DEFERRED),
)
"""Why leads do not go on, what is most urgent first. A lead may have several reasons."""


def _not_moving(asking: Asking) -> tuple[Element, ...]:
    """A lead with any reason. A mail that waits for less than a day waits as it should."""
    reasons = {one.name: one.where(asking) for one in REASONS}
    reasons[DEFERRED.name] += (_S.c.step_since < asking.instant(days=1),)
    # All of them hold for open leads only: that is asked once.
    return _OPEN, sa.or_(
        *(sa.and_(*(one for one in why if one is not _OPEN)) for why in reasons.values())
    )


NOT_MOVING = Figure(
    name="not-moving",
    title="Not moving",
    where=_not_moving,
    since=_S.c.since,
)

FIGURES = {
    one.name: one
    for one in (
        *(LEADS, IN_FLIGHT, HERE, DUE_IN_AN_HOUR, DUE_IN_A_DAY, OPEN_HANDOFFS),
        *(MAILS_TODAY, MOVED_TODAY, NOT_MOVING, *REASONS),
        *STEP_FIGURES,
    )
}
"""All figures of the board by name."""


def found_by(search: SqlLeadSearch, text: str) -> Figure:
    """The leads that the search finds by this text."""
    return Figure(
        name="found",
        title="Found",
        where=lambda _: (_S.c.lead.in_(search.leads(text)),),
        since=_S.c.since,
        until=_S.c.until,
    )
