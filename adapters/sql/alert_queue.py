"""Alerts that wait for their person's next mail, and the mails that hold them.

Whoever changes what one person waits for locks that person's row first, so that two workers can't
put one alert into two mails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from activities.alert_pace import (
    LEASE,
    MOST,
    AlertPace,
    after_failure,
    after_mail,
    alert_id,
    is_urgent,
    look_again,
    mail_key,
    rank,
    wait,
)
from activities.envelopes import read_command, write_command
from activities.ports import AlertMail, Claim, WaitingAlert
from adapters.sql.database import Database
from models.addresses import address_key, only_address
from models.decision import Alert
from models.tables.columns import UtcInstant, table_of
from models.tables.mail import AlertPaceRow, MessageRow, WaitingAlertRow

_M = table_of(MessageRow)
_P = table_of(AlertPaceRow)
_W = table_of(WaitingAlertRow)

_WAITS = {"mail": None, "leader": None, "begun": None}
_PACE = ("mailed", "urgent", "failures", "not_before")


class SqlAlertQueue:
    """Waiting alerts in the database. Instants are by the database's clock, or by `now`."""

    def __init__(
        self, database: Database, now: Callable[[sa.Connection], datetime] | None = None
    ) -> None:
        self._database = database
        self._now = now or database.now

    def enter(
        self, lead: str, alert: Alert, every: timedelta
    ) -> Claim | timedelta | AlertMail | tuple[WaitingAlert, ...]:
        """Store an alert, once, and say what its activity does now (activities/ports.py)."""
        person = address_key(alert.to)
        with self._database.write() as connection:
            pace = self._locked(connection, person)
            now = self._now(connection)
            outcome = connection.execute(
                sa.select(_M.c.status, _M.c.why).where(_M.c.key == alert.key)
            ).first()
            if outcome is not None and outcome.status != "claimed":
                connection.execute(sa.delete(_W).where(_W.c.key == alert.key))
                return Claim(status=outcome.status, why=outcome.why)
            row = connection.execute(sa.select(_W).where(_W.c.key == alert.key)).first()
            if row is None:
                # An older release claimed it, and its worker was killed: it is sent alone.
                begun = _begun(alert.key, alert.key, now) if outcome is not None else _WAITS
                values = _row(lead, alert, now) | begun
                connection.execute(sa.insert(_W).values(values))
                if outcome is not None:
                    alone = WaitingAlert(lead=lead, command=alert)
                    return AlertMail(key=alert.key, alerts=(alone,), again=True)
            elif row.mail is not None:
                return _of_mail(connection, row, pace, now, every)
            pause = self._pause(connection, alert, pace, now, every)
            return pause or _waiting(connection, person, alert.key, MOST if every else 1)

    def begin(self, alert: Alert, keys: Sequence[str], every: timedelta) -> AlertMail | None:
        """Claim these waiting alerts for one mail; None if another one was faster."""
        with self._database.write(durable=True) as connection:
            pace = self._locked(connection, address_key(alert.to))
            now = self._now(connection)
            query = sa.select(_W).where(_W.c.key.in_(keys), _W.c.mail.is_(None)).order_by(*_URGENCY)
            rows = connection.execute(query).all()
            if alert.key not in [one.key for one in rows]:
                return None
            if self._pause(connection, alert, pace, now, every):
                return None
            rows = self._claimed(connection, rows)
            if alert.key not in [one.key for one in rows]:
                return None
            kept = [one.key for one in rows]
            key = mail_key(kept)
            connection.execute(
                sa.update(_W).where(_W.c.key.in_(kept)).values(_begun(key, alert.key, now))
            )
            return AlertMail(key=key, alerts=tuple(map(_alert, rows)))

    def settle(
        self, mail: AlertMail, status: Literal["sent", "failed"], why: str | None = None
    ) -> None:
        """Record the outcome of a mail: that of each alert that it holds. The first one is kept."""
        keys = [one.command.key for one in mail.alerts]
        first = mail.alerts[0].command
        with self._database.write() as connection:
            pace = self._locked(connection, address_key(first.to))
            connection.execute(
                sa.update(_M)
                .where(_M.c.key.in_(keys), _STILL_CLAIMED)
                .values(status=status, why=why, updated=datetime.now(UTC))
            )
            connection.execute(sa.delete(_W).where(_W.c.key.in_(keys), _W.c.mail == mail.key))
            urgent = any(is_urgent(one.command.why) for one in mail.alerts)
            now = self._now(connection)
            self._write(connection, first, after_mail(pace, now, urgent=urgent))

    def unsent(self, mail: AlertMail, *, answered: bool) -> timedelta:
        """Let the alerts of a mail wait again, and say for how long."""
        keys = [one.command.key for one in mail.alerts]
        first = mail.alerts[0].command
        with self._database.write() as connection:
            pace = self._locked(connection, address_key(first.to))
            now = self._now(connection)
            if not mail.again:
                held = sa.select(_W.c.key).where(_W.c.key.in_(keys), _W.c.mail == mail.key)
                connection.execute(sa.delete(_M).where(_M.c.key.in_(held), _STILL_CLAIMED))
                connection.execute(sa.update(_W).where(_W.c.key.in_(held)).values(_WAITS))
            failed = after_failure(pace, now, answered=answered)
            self._write(connection, first, failed)
        return failed.not_before - now if failed.not_before is not None else timedelta(0)

    def _pause(
        self,
        connection: sa.Connection,
        alert: Alert,
        pace: AlertPace,
        now: datetime,
        every: timedelta,
    ) -> timedelta:
        """How long a mail with this alert waits; zero: it may go."""
        if every and _others_send(connection, address_key(alert.to), pace, now):
            return max(look_again(every), (pace.not_before or now) - now)
        return wait(pace, now, every, urgent=is_urgent(alert.why))

    def _locked(self, connection: sa.Connection, person: str) -> AlertPace:
        """The person's pace. Until the transaction ends, nobody else changes what they wait for."""
        connection.execute(
            self._database.upsert(_P).values(person=person, failures=0).on_conflict_do_nothing()
        )
        query = sa.select(*(_P.c[name] for name in _PACE)).where(_P.c.person == person)
        return AlertPace(**connection.execute(query.with_for_update()).mappings().one())

    def _write(self, connection: sa.Connection, alert: Alert, pace: AlertPace) -> None:
        values = {name: getattr(pace, name) for name in _PACE}
        person = address_key(alert.to)
        connection.execute(sa.update(_P).where(_P.c.person == person).values(values))

    def _claimed(self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
        """Claim the mail ledger's rows. One that is there already was sent by an older release."""
        kept = []
        wall = datetime.now(UTC)
        for row in rows:
            alert = _alert(row).command
            claim = {
                "key": row.key,
                "lead": row.lead,
                "message": f"alert {row.key}",
                "mail": alert_id(row.key),
                "address": only_address(alert.to).addr_spec.lower(),
                "handoff": alert.handoff,
                "links": [],
                "status": "claimed",
                "at": alert.at,
                "updated": wall,
            }
            insert = self._database.upsert(_M).values(claim).on_conflict_do_nothing()
            if connection.scalar(insert.returning(_M.c.key)) is not None:
                kept.append(row)
            else:
                connection.execute(sa.delete(_W).where(_W.c.key == row.key))
        if len(kept) > 1:
            keys = [one.key for one in kept]
            together = {"bundle": alert_id(mail_key(keys))}
            connection.execute(sa.update(_M).where(_M.c.key.in_(keys)).values(together))
        return kept


_STILL_CLAIMED = _M.c.status == "claimed"
_URGENCY = (_W.c.rank, _W.c.since, _W.c.key)
"""The order of alerts in a mail."""


def _row(lead: str, alert: Alert, now: datetime) -> dict[str, Any]:
    return {
        "key": alert.key,
        "person": address_key(alert.to),
        "lead": lead,
        "command": write_command(alert),
        "rank": rank(alert.why),
        "since": now,
    }


def _begun(mail: str, leader: str, now: datetime) -> dict[str, Any]:
    return {"mail": mail, "leader": leader, "begun": now}


def _others_send(connection: sa.Connection, person: str, pace: AlertPace, now: datetime) -> bool:
    """Whether a mail to this person was begun that has no outcome yet.

    One that nobody has ended for so long delays no other: the lead that began it is gone.
    """
    if pace.not_before is not None and now < pace.not_before + LEASE:
        since: sa.ColumnElement[bool] = sa.true()
    else:
        since = _W.c.begun > sa.literal(now - LEASE, UtcInstant())
    query = sa.select(_W.c.key).where(_W.c.person == person, _W.c.mail.is_not(None), since)
    return connection.scalar(query.limit(1)) is not None


def _of_mail(
    connection: sa.Connection,
    row: sa.Row[Any],
    pace: AlertPace,
    now: datetime,
    every: timedelta,
) -> timedelta | AlertMail:
    """The mail that holds this alert, if its own activity sends it; else when to look again.

    If the activity that began the mail has not ended it for so long, this one sends it.
    """
    if row.leader != row.key:
        tried: datetime = max(row.begun, pace.not_before or row.begun)
        if now < tried + LEASE:
            return max(look_again(every), tried - now)
    begun = _begun(row.mail, row.key, now)
    connection.execute(sa.update(_W).where(_W.c.mail == row.mail).values(begun))
    held = sa.select(_W).where(_W.c.mail == row.mail).order_by(*_URGENCY)
    alerts = tuple(map(_alert, connection.execute(held).all()))
    return AlertMail(key=row.mail, alerts=alerts, again=True)


def _waiting(
    connection: sa.Connection, person: str, own: str, most: int
) -> tuple[WaitingAlert, ...]:
    """This alert and the most urgent others that wait for the person."""
    others = (
        sa.select(_W)
        .where(_W.c.person == person, _W.c.mail.is_(None), _W.c.key != own)
        .order_by(*_URGENCY)
        .limit(most - 1)
    )
    rows = [*connection.execute(sa.select(_W).where(_W.c.key == own))]
    rows += connection.execute(others) if most > 1 else []
    return tuple(map(_alert, sorted(rows, key=lambda one: (one.rank, one.since, one.key))))


def _alert(row: sa.Row[Any]) -> WaitingAlert:
    command = read_command(row.command)
    if not isinstance(command, Alert):
        raise TypeError(f"the waiting alert {row.key} is a {type(command).__name__}")
    return WaitingAlert(lead=row.lead, command=command)
