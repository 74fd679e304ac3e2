"""The mail ledger: the result of each mail by its key, and which addresses get no mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from activities.ports import Claim, Rendered
from adapters.sql.database import Database
from models.addresses import only_address, readable_domain, spellings
from models.decision import SendMail
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.mail import MessageRow, Suppression
from models.tables.programs import PausedProgram

_L = table_of(LeadRow)
_M = table_of(MessageRow)
_S = table_of(Suppression)
_Z = table_of(PausedProgram)

_STOPS_MARKETING = ("unsubscribed", "bounced", "complained")
"""In this order; the first that applies is the reason given."""
_STOPS_OPERATIONAL = ("bounced", "complained")


# Built once: building them for every mail costs as much as running them.
_CLAIMED = ("key", "lead", "message", "status", "why", "at", "updated")
_REASONS = sa.select(_S.c.reason).where(_S.c.address.in_(sa.bindparam("spellings", expanding=True)))
_KNOWN_BY_KEY = sa.select(_M.c.status, _M.c.why).where(_M.c.key == sa.bindparam("of"))
_SETTLE = (
    sa.update(_M)
    .where(_M.c.key == sa.bindparam("of"), _M.c.status == "claimed")
    .values({name: sa.bindparam(name) for name in ("status", "why", "updated")})
)
_RELEASE = sa.delete(_M).where(_M.c.key == sa.bindparam("of"), _M.c.status == "claimed")
_PAUSED = (
    sa.select(_L.c.id).join(_Z, _Z.c.name == _L.c.program).where(_L.c.id == sa.bindparam("lead"))
)
_KNOWN = (
    sa.update(_M)
    .where(_M.c.key == sa.bindparam("of"))
    .values({name: sa.bindparam(name) for name in ("mail", "email", "address", "links")})
)


class SqlMailLedger:
    """Mail keys and suppressed addresses in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._claim = (
            database.upsert(_M)
            .values({name: sa.bindparam(name, type_=_M.c[name].type) for name in _CLAIMED})
            .on_conflict_do_nothing(index_elements=[_M.c.key])
            .returning(_M.c.key)
        )

    def claim(self, lead: str, key: str, message: str, at: datetime) -> Claim:
        """Claim a mail for sending. If several try, exactly one gets `new`."""
        with self._database.write(durable=True) as connection:
            return self._claimed(connection, lead, key, message, at)

    def standing(self, key: str, mail: Rendered, *, operational: bool) -> Claim | None:
        """The outcome of a mail, or why its address gets no mail; None if it may be sent now."""
        with self._database.read() as connection:
            known = connection.execute(_KNOWN_BY_KEY, {"of": key}).first()
            if known is not None:
                return _as_claim(known.status, known.why)
            why = _suppression(connection, _written(mail), operational=operational)
        return None if why is None else Claim(status="skipped", why=why)

    def begin(self, lead: str, command: SendMail, mail: Rendered) -> Claim:
        """Claim a nurture mail and check last whether its address gets it, in one transaction.

        If the mail may be sent, its row has what bounces, clicks and replies are matched by. If
        not, it is settled as skipped. While the lead's program is paused, it is not claimed: the
        mail stays unsent, and is sent when the program goes on.
        """
        written = _written(mail)
        key = command.key
        with self._database.write(durable=True) as connection:
            claim = self._claimed(connection, lead, key, command.message, command.at)
            if claim.status != "new":
                return claim
            why = _suppression(connection, written, operational=command.operational)
            if why is not None:
                ended = {"status": "skipped", "why": why, "updated": datetime.now(UTC)}
                connection.execute(_SETTLE, {"of": key, **ended})
                return Claim(status="skipped", why=why)
            if not command.operational and connection.scalar(_PAUSED, {"lead": lead}):
                connection.execute(_RELEASE, {"of": key})
                return Claim(status="skipped", why="paused")
            known = {
                "mail": mail.message_id.partition("@")[0],
                "email": command.email,
                "address": written,
                "links": list(mail.links),
            }
            connection.execute(_KNOWN, {"of": key, **known})
        return claim

    def _claimed(
        self, connection: sa.Connection, lead: str, key: str, message: str, at: datetime
    ) -> Claim:
        row = {
            "key": key,
            "lead": lead,
            "message": message,
            "status": "claimed",
            "why": None,
            "at": at,
            "updated": datetime.now(UTC),
        }
        if connection.scalar(self._claim, row) is not None:
            return Claim(status="new")
        known = connection.execute(_KNOWN_BY_KEY, {"of": key}).one()
        return _as_claim(known.status, known.why)

    def release(self, key: str) -> None:
        """Release a claim, so that the mail can be claimed again.

        A mail with an outcome keeps it.
        """
        with self._database.write() as connection:
            connection.execute(_RELEASE, {"of": key})

    def settle(
        self, key: str, status: Literal["sent", "skipped", "failed"], why: str | None = None
    ) -> Claim:
        """Record the outcome of a claimed mail; the outcome that it has. The first one is kept.

        Raises LookupError for a mail that nobody claimed.
        """
        with self._database.write() as connection:
            settled = connection.execute(
                _SETTLE,
                {"of": key, "status": status, "why": why, "updated": datetime.now(UTC)},
            )
            if settled.rowcount:
                return Claim(status=status, why=why)
            known = connection.execute(_KNOWN_BY_KEY, {"of": key}).first()
        if known is None:
            raise LookupError(f"the mail {key} was never claimed; claim it before sending")
        return _as_claim(known.status, known.why)

    def leaving(self, program: str, since: datetime) -> bool:
        """Whether a mail to a lead of this program was claimed since then and has not ended."""
        query = (
            sa.select(_M.c.key)
            .join(_L, _L.c.id == _M.c.lead)
            .where(
                _L.c.program == program,
                _M.c.status == "claimed",
                _M.c.email.is_not(None),
                _M.c.updated >= since,
            )
        )
        with self._database.read() as connection:
            return connection.scalar(query.limit(1)) is not None

    def suppression(self, address: str, *, operational: bool) -> str | None:
        """Why this address gets no such mail: the first that applies, or None.

        Operational mail is stopped by a bounce or a complaint, not by an unsubscription.
        """
        with self._database.read() as connection:
            return _suppression(connection, address, operational=operational)


def _as_claim(status: str, why: str | None) -> Claim:
    """A row as the next sender reads it: a claim that nobody settled has an unknown outcome."""
    found: Any = "unknown" if status == "claimed" else status
    return Claim(status=found, why=why)


def _written(mail: Rendered) -> str:
    """The recipient as people write it: the domain goes out in ASCII, people know it otherwise."""
    to = only_address(mail.to)
    return f"{to.username}@{readable_domain(to.domain)}".lower()


def _suppression(connection: sa.Connection, address: str, *, operational: bool) -> str | None:
    reasons = set(connection.scalars(_REASONS, {"spellings": spellings(address)}))
    order = _STOPS_OPERATIONAL if operational else _STOPS_MARKETING
    return next((one for one in order if one in reasons), None)
