"""Where each lead stands, written with the turn (`models.tables.standings`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from adapters.sql.storable_text import storable
from lifecycle.stages import WORKED
from lifecycle.words.timeline_text import event_phrase
from models.decision import Decision
from models.state import HandoffState, LeadState
from models.tables.columns import table_of
from models.tables.standings import StandingRow

_S = table_of(StandingRow)

_GRAVEST = ("complained", "bounced", "unsubscribed")
_MAIL_KINDS = {"email_sent": None, "email_skipped": "skipped", "email_failed": "failed"}
_PLACE = ("track", "entered", "step")


class SqlStandings:
    """Writes the row of a lead."""

    def __init__(self, database: Database) -> None:
        self._upsert = _upsert(database)

    def record(self, connection: Connection, decision: Decision, now: datetime) -> None:
        """Write the row in the turn's transaction. `now` is the turn's instant."""
        if decision.state.merged is not None:  # it stands nowhere any more
            merged = sa.delete(_S).where(_S.c.lead == decision.state.lead)
            connection.execute(merged)
            return
        connection.execute(self._upsert, standing(decision, now))


def standing(decision: Decision, now: datetime) -> dict[str, Any]:
    """The row after this turn.

    What the state does not say comes from the turn's entries. `mailed` says whether they speak of
    a mail; if not, what is stored of the latest mail stays.
    """
    state = decision.state
    at = state.at or now
    suppressed = next((one for one in _GRAVEST if one in state.suppressed), None)
    return {
        "lead": state.lead,
        "program": state.program,
        "digest": state.digest,
        "stage": state.stage,
        "since": state.since,
        "closed": state.closed,
        "owner": state.owner,
        "team": state.handoff.team if state.handoff is not None else None,
        **_place(decision, at),
        **_latest_mail(decision),
        "suppressed": suppressed,
        "suppressed_since": at if suppressed is not None else None,
        **_paused(state, at),
        **_handed(state.handoff, state.owner),
        "due_at": decision.wake.at if decision.wake else None,
        **_queued(state),
        "raised": _raised(decision) if state.stage in WORKED else None,
        "active_at": state.last_human,
        "score": state.fit + state.engagement,
    }


def _queued(state: LeadState) -> dict[str, Any]:
    """What the desk ranks a lead by."""
    handoff = state.handoff
    if handoff is None or handoff.over or state.stage not in WORKED:
        return {"to_accept": False, "clock": None, "clock_due": None, "held_until": None}
    running = [one for one in handoff.clocks if not one.breached]
    clock = min(running, key=lambda one: one.due, default=None)
    return {
        "to_accept": handoff.accepted is None,
        "clock": clock.name if clock is not None else None,
        "clock_due": clock.due if clock is not None else None,
        "held_until": handoff.held_until,
    }


def _raised(decision: Decision) -> str | None:
    """What the lead did in this turn to ask for sales, if it did."""
    event = None
    for one in decision.entries:
        if one.kind == "event":
            event = one.fields
        elif event is not None and one.fields.get("why") == "hand_raise":
            words = event_phrase(str(event["type"]), str(event.get("subject", "")))
            return storable(words)
    return None


def _place(decision: Decision, at: datetime) -> dict[str, Any]:
    track = decision.state.track
    if track is None:
        return dict.fromkeys((*_PLACE, "step_since", "until", "deferred"))
    why = "paused" if track.paused else None
    for entry in decision.entries:
        if entry.kind == "email_deferred" and entry.fields.get("step") == track.step:
            why = str(entry.fields["why"])
    return {
        "track": track.name,
        "entered": track.entered,
        "step": track.step,
        "step_since": track.reached or at,
        "until": track.until,
        "deferred": why if track.until is not None else None,
    }


def _latest_mail(decision: Decision) -> dict[str, Any]:
    told = [one for one in decision.entries if one.kind in _MAIL_KINDS]
    row: dict[str, Any] = dict.fromkeys(("mail", "mail_why", "mail_name", "mail_at"))
    row["mailed"] = bool(told)
    if told and (became := _MAIL_KINDS[told[-1].kind]) is not None:
        fields = told[-1].fields
        row |= {
            "mail": became,
            "mail_why": fields.get("why"),
            "mail_name": fields.get("email"),
            "mail_at": told[-1].at,
        }
    return row


def _paused(state: LeadState, at: datetime) -> dict[str, Any]:
    if state.paused_since is not None:
        return {"paused": "program", "paused_since": state.paused_since, "paused_until": None}
    if not state.pauses:
        return dict.fromkeys(("paused", "paused_since", "paused_until"))
    why, until = max(state.pauses.items(), key=lambda one: one[1])
    return {"paused": why, "paused_since": at, "paused_until": until}


def _handed(handoff: HandoffState | None, owner: str | None) -> dict[str, Any]:
    if handoff is None or handoff.over:
        names = ("handoff", "handoff_since", "unassigned", "overdue", "overdue_since")
        return dict.fromkeys(names)
    breached = [one for one in handoff.clocks if one.breached]
    first = min(breached, key=lambda one: one.due, default=None)
    return {
        "handoff": handoff.number,
        "handoff_since": handoff.opened,
        "unassigned": handoff.complaints[-1] if owner is None and handoff.complaints else None,
        "overdue": first.name if first is not None else None,
        "overdue_since": first.due if first is not None else None,
    }


def _upsert(database: Database) -> sa.Executable:
    """Writes the row. An instant since when something is so stays while it is so."""
    insert = database.upsert(_S).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in _S.c}
    )
    new, mailed = insert.excluded, sa.bindparam("mailed", type_=sa.Boolean())
    stays = sa.and_(*(_S.c[one] == new[one] for one in _PLACE))
    changes: dict[str, sa.ColumnElement[Any]] = {
        column.name: new[column.name] for column in _S.c if column.name != "lead"
    }
    changes["step_since"] = sa.case((stays, _S.c.step_since), else_=new.step_since)
    still = sa.and_(stays, new.deferred.is_(None), new.until.is_not(None))
    changes["deferred"] = sa.case((still, _S.c.deferred), else_=new.deferred)
    for name in ("mail", "mail_why", "mail_name", "mail_at"):
        changes[name] = sa.case((mailed, new[name]), else_=_S.c[name])
    worked = new.stage.in_(sorted(WORKED))
    changes["raised"] = sa.case((worked, sa.func.coalesce(new.raised, _S.c.raised)))
    for name in ("suppressed", "paused"):
        same = sa.and_(_S.c[name] == new[name], _S.c[name] != "program")
        since = f"{name}_since"
        changes[since] = sa.case((same, _S.c[since]), else_=new[since])
    return insert.on_conflict_do_update(index_elements=[_S.c.lead], set_=changes)
