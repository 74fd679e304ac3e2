"""Steps that leads reached and left, and their mails: `models.tables.visits`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.decision import Decision, Entry
from models.state import LeadState
from models.tables.columns import table_of
from models.tables.visits import StepMail, StepVisit, TrackHour

_H = table_of(TrackHour)
_M = table_of(StepMail)
_V = table_of(StepVisit)

_REACTIONS = {
    f"email.{name}": name for name in ("delivered", "opened", "clicked", "replied", "unsubscribed")
}
_MAIL_KINDS = ("email_sent", "event")

# Built once: building them for every turn costs more than running them.
_LEAVE = (
    sa.update(_V)
    .where(_V.c.lead == sa.bindparam("whose"), _V.c.left.is_(None))
    .values(left=sa.bindparam("gone"), why=sa.bindparam("reason"))
)
_INSERT_VISITS, _INSERT_MAIL = sa.insert(_V), sa.insert(_M)
_OTHER = _M.alias()
_LATEST = (
    sa.select(sa.func.max(_OTHER.c.seq))
    .where(_OTHER.c.lead == sa.bindparam("whose"), _OTHER.c.email == sa.bindparam("which"))
    .scalar_subquery()
)
_REACT = {
    name: sa.update(_M)
    .where(_M.c.lead == sa.bindparam("whose"), _M.c.seq == _LATEST, _M.c[name].is_(None))
    .values({name: sa.bindparam("when")})
    for name in _REACTIONS.values()
}
_FORGET = tuple(sa.delete(one).where(one.c.lead == sa.bindparam("whose")) for one in (_V, _M))


KEPT: Final = timedelta(days=32)
"""How long the board needs what is over: it counts the last 30 days, in any time zone."""
KEPT_HOURS: Final = timedelta(days=62)
"""How long it needs the hours of tracks: it compares those of 60 days."""
_AT_ONCE: Final = 5_000
"""Rows that are removed in one transaction."""


def shorten(database: Database, now: datetime) -> int:
    """Remove the visits that ended, and the mails that were sent, before the board's days.

    What is open stays. Also hours of tracks go that are older than those which the board compares.
    Returns how many visits and mails were removed.
    """
    before = now - KEPT
    removed = 0
    for table, old in ((_V, _V.c.left < before), (_M, _M.c.sent < before)):
        keys = list(table.primary_key)
        some = sa.select(*keys).where(old).limit(_AT_ONCE)
        while True:
            with database.write() as connection:
                gone = sa.delete(table).where(sa.tuple_(*keys).in_(some))
                rows = connection.execute(gone).rowcount
            removed += rows
            if rows < _AT_ONCE:
                break
    with database.write() as connection:
        connection.execute(sa.delete(_H).where(_H.c.hour < now - KEPT_HOURS))
    return removed


def record_visits(database: Database, connection: Connection, decision: Decision) -> None:
    """Write them in the turn's transaction. A lead that was merged into another has none."""
    state = decision.state
    if state.merged is not None:
        for forget in _FORGET:
            connection.execute(forget, {"whose": state.lead})
        return
    if decision.track_moves:
        first = decision.track_moves[0]
        connection.execute(_LEAVE, {"whose": state.lead, "gone": first.at, "reason": first.why})
        if visits := visit_rows(decision):
            connection.execute(_INSERT_VISITS, visits)
            _record_hours(database, connection, visits)
    for entry in decision.entries:
        if entry.kind in _MAIL_KINDS:
            _record_mail(connection, state, entry)


def _record_hours(database: Database, connection: Connection, visits: list[dict[str, Any]]) -> None:
    hours = {
        (one["program"], one["track"], one["entered"].replace(minute=0, second=0, microsecond=0))
        for one in visits
    }
    rows = [{"program": one[0], "track": one[1], "hour": one[2]} for one in sorted(hours)]
    connection.execute(database.upsert(_H).values(rows).on_conflict_do_nothing())


def visit_rows(decision: Decision) -> list[dict[str, Any]]:
    """The visits that began in this turn. All but the last have ended in it, too."""
    state, moves = decision.state, decision.track_moves
    rows = []
    for place, move in enumerate(moves):
        if move.step is None:
            continue
        after = moves[place + 1] if place + 1 < len(moves) else None
        rows.append(
            {
                "lead": state.lead,
                "turn": state.turn,
                "place": place,
                "program": state.program,
                "digest": move.digest,
                "track": move.track,
                "step": move.step,
                "entered": move.at,
                "left": after.at if after is not None else None,
                "why": after.why if after is not None else None,
            }
        )
    return rows


def _record_mail(connection: Connection, state: LeadState, entry: Entry) -> None:
    fields = entry.fields
    if entry.kind == "email_sent":
        if "track" in fields:
            connection.execute(_INSERT_MAIL, _mail_row(state, entry))
        return
    reaction, email = _REACTIONS.get(str(fields.get("type"))), fields.get("subject")
    if reaction is not None and email is not None and not fields.get("machine"):
        at: datetime = entry.at
        connection.execute(_REACT[reaction], {"whose": state.lead, "which": email, "when": at})


def _mail_row(state: LeadState, entry: Entry) -> dict[str, Any]:
    fields = entry.fields
    return {
        "lead": state.lead,
        "seq": entry.seq,
        "program": state.program,
        "digest": state.digest,
        **{name: str(fields[name]) for name in ("track", "step", "email")},
        "sent": entry.at,
        **dict.fromkeys(_REACTIONS.values()),
    }
