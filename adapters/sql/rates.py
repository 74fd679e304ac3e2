"""Rates of mail, kept by all workers together: one row a rate, and no bursts.

The generic cell rate algorithm (ITU-T I.371) without tolerance: mail is sent evenly, one mail in
each period divided by the number of mails in a period. So no window of the period holds more than
that, and a receiving domain sees a steady stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from activities.ports import Reservation
from adapters.sql.database import Database
from models.durations import Rate
from models.tables.columns import table_of
from models.tables.mail import RateSlot

_R = table_of(RateSlot)


_LONGEST_PATIENCE = timedelta(minutes=1)
"""No mail waits so long for a place that it has taken (activities/mail.py: five seconds)."""


class SqlRates:
    """When the next mail under some rates may go. Instants are by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, rates: Mapping[str, Rate], patience: timedelta) -> Reservation:
        """A place for one more mail under all these rates, and how long until it comes.

        If that is within `patience`, the place is taken, and the mail should be sent then.
        Otherwise nothing is taken, and the caller asks again after that time.
        """
        if not rates:
            return Reservation(wait=timedelta(0))
        names = sorted(rates)  # one order, so that two mails can't deadlock
        taken: dict[str, datetime] = {}
        with self._database.write() as connection:
            now = self._database.now(connection)
            connection.execute(
                self._database.upsert(_R).on_conflict_do_nothing(),
                [{"name": name, "next_at": now} for name in names],
            )
            free = connection.execute(
                sa.select(_R.c.name, _R.c.next_at)
                .where(_R.c.name.in_(names))
                .order_by(_R.c.name)
                .with_for_update()
            ).all()
            nexts = [_plausible(row.next_at, now, patience, rates[row.name]) for row in free]
            at = max(now, *nexts)
            if at - now <= patience:
                taken = {name: at + spacing(rates[name]) for name in names}
                for name in names:
                    connection.execute(
                        sa.update(_R).where(_R.c.name == name).values(next_at=taken[name])
                    )
        return Reservation(wait=at - now, taken=taken)

    def give_back(self, rates: Mapping[str, Rate], place: Reservation) -> None:
        """Give back a place that was taken, because nothing was sent.

        Only the last place of a rate can be given back: those behind it are promised already, and
        mail that comes sooner than the rate allows would be a burst. Places are promised within
        seconds, so what a rate may lose by that is a few seconds, never its day.
        """
        if not place.taken:
            return
        with self._database.write() as connection:
            for name, until in sorted(place.taken.items()):
                connection.execute(
                    sa.update(_R)
                    .where(_R.c.name == name, _R.c.next_at == until)
                    .values(next_at=until - spacing(rates[name]))
                )


def _plausible(next_at: datetime, now: datetime, patience: timedelta, rate: Rate) -> datetime:
    """When a rate has its next place.

    A place is only taken within somebody's patience. A row that says more was written by a clock
    that was ahead, and would delay all mail for that long, so it counts as just taken.
    """
    apart = spacing(rate)
    believed = next_at <= now + max(patience, _LONGEST_PATIENCE) + apart
    return next_at if believed else now + apart


def spacing(rate: Rate) -> timedelta:
    """The time between two mails under a rate; a day is 24 hours here.

    Rounded up; otherwise the last mail of a period would be sent a microsecond early.
    """
    if rate.per is None:
        raise ValueError("a rate of mail has a period, like 600 per 1m")
    return -(-rate.per.elapsed // rate.most)
