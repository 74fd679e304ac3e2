"""Stop mail to an address, or allow it again, for every door.

The operator, a list, a recipient, a mail provider and a mail that came back all go this way. The
address's row and what its leads are told are one transaction: a request that is interrupted has
done nothing, and repeated it does all of it. Repeated after success it does nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy.engine import Connection

from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from adapters.sql.sent_mail import SentMail
from adapters.sql.suppressions import SqlSuppressionList
from lifecycle.nurture.suppression import WISHES, SuppressionReason, suppressing_reason
from models.addresses import address_key, readable_domain

PAUSE_DAYS = 30
"""How long mail stops when a recipient asks for a pause."""

Choice = Literal["stop", "pause", "resume"]
"""What a recipient may choose: no mail, none for a while, or mail again."""

_EVENT_DATA: dict[SuppressionReason, tuple[str, dict[str, Any]]] = {
    "unsubscribed": ("email.unsubscribed", {}),
    "bounced": ("email.bounced", {"kind": "hard"}),
    "complained": ("email.complained", {}),
}
"""The event, with its data, that a lead gets for each reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """The result of allowing mail to an address again."""

    reasons: tuple[str, ...]
    """The reasons that were lifted."""
    kept: dict[str, tuple[str, ...]]
    """By lead: reasons that its own state still holds, so that it gets no mail yet."""


def suppress(
    intake: SqlIntake,
    address: str,
    reason: SuppressionReason,
    *,
    at: datetime,
) -> bool:
    """Suppress an address and tell the leads that have it; False if it was suppressed already.

    A lead that was not told yet, because it is newer than the suppression, is told now.
    """
    with intake.database.write(durable=True) as connection:
        return _Addresses(intake, connection).suppress(address, reason, at=at)


def unsuppress(
    intake: SqlIntake,
    address: str,
    reason: SuppressionReason | None = None,
    *,
    at: datetime,
) -> Lifted:
    """Lift one reason against an address, or all, and tell the leads that have it.

    A lead whose own state holds a complaint keeps it; `kept` names it.
    """
    with intake.database.write(durable=True) as connection:
        suppressions = SqlSuppressionList(intake.database)
        lifted = suppressions.lift(connection, address, reason)
        leads = suppressions.leads_of(connection, address) if lifted else []
        if "unsubscribed" in lifted:
            intake.store(connection, [_resubscribed(one.lead, at) for one in leads])
        if "bounced" in lifted:
            intake.store(connection, [_reinstated(one.lead, at, address) for one in leads])
    lasting = set(lifted) - {"unsubscribed", "bounced"}
    kept = {one.lead: tuple(sorted(lasting & one.suppressed)) for one in leads}
    return Lifted(
        reasons=tuple(lifted), kept={lead: reasons for lead, reasons in kept.items() if reasons}
    )


def unsuppress_all(
    intake: SqlIntake,
    reason: SuppressionReason,
    *,
    since: datetime,
    domain: str | None = None,
    at: datetime,
) -> dict[str, Lifted]:
    """Lift one reason from each address that has it since then, at one domain or at all.

    An address is one transaction, so a call that is interrupted is simply made again.
    """
    wanted = readable_domain(domain).lower() if domain is not None else None
    found = [
        one.address
        for one in SqlSuppressionList(intake.database).all()
        if one.reason == reason
        and one.at >= since
        and (wanted is None or one.address.rpartition("@")[2] == wanted)
    ]
    return {address: unsuppress(intake, address, reason, at=at) for address in found}


def choose(intake: SqlIntake, mail: SentMail, choice: Choice, *, at: datetime) -> None:
    """Do what the recipient of a mail chose, and tell the lead; done twice it is done once."""
    about = {"subject": mail.email, "data": {"message": mail.message}}
    with intake.database.write(durable=True) as connection:
        if choice == "stop":
            addresses = _Addresses(intake, connection)
            addresses.suppress(mail.address, "unsubscribed", at=at, lead=mail.lead, about=about)
        elif choice == "resume":
            if SqlSuppressionList(intake.database).lift(connection, mail.address, "unsubscribed"):
                intake.store(connection, [_resubscribed(mail.lead, at, about)])
        else:
            # A pause counts once a day: mail programs and people repeat what they are not sure of.
            local = mail.message.partition("@")[0]
            raw = {
                "id": f"email.paused/{local}/{at:%Y-%m-%d}",
                "type": "email.paused",
                "subject": mail.email,
                "data": {"message": mail.message, "days": PAUSE_DAYS},
            }
            intake.store(connection, [NewItem.event(mail.lead, raw, arrived=at)])


def suppress_as_reported(
    intake: SqlIntake, connection: Connection, items: Sequence[NewItem]
) -> None:
    """Suppress the addresses of events that were just stored, as a part of their transaction.

    So the last check before sending finds at once what a provider, a mail or another system
    reports. The event itself tells its lead; other leads of the address are told the same.
    """
    for item in items:
        reason = _reason(item)
        if reason is None:
            continue
        addresses = _Addresses(intake, connection)
        address = item.address or addresses.suppressions.address_of(connection, item.lead)
        if address:
            addresses.suppress(address, reason, at=item.arrived, reported=item)


def suppresses(item: NewItem) -> bool:
    """Whether this item is an event that suppresses its address."""
    return _reason(item) is not None


def _reason(item: NewItem) -> SuppressionReason | None:
    if item.kind != "event":
        return None
    return suppressing_reason(item.body["type"], item.body["data"])


def _resubscribed(lead: str, at: datetime, about: dict[str, Any] | None = None) -> NewItem:
    raw = {"id": f"resubscribed/{uuid4().hex}", "type": "email.resubscribed", **(about or {})}
    return NewItem.event(lead, raw, arrived=at)


def _reinstated(lead: str, at: datetime, address: str) -> NewItem:
    raw = {"id": f"reinstated/{uuid4().hex}", "type": "email.reinstated"}
    return NewItem.event(lead, raw, arrived=at, address=address)


class _Addresses:
    """Addresses and their leads within one transaction."""

    def __init__(self, intake: SqlIntake, connection: Connection) -> None:
        self.suppressions = SqlSuppressionList(intake.database)
        self._intake = intake
        self._connection = connection

    def suppress(
        self,
        address: str,
        reason: SuppressionReason,
        *,
        at: datetime,
        lead: str | None = None,
        about: dict[str, Any] | None = None,
        reported: NewItem | None = None,
    ) -> bool:
        """Store the row and tell each lead once; whether the row is new.

        `lead` is told even if its address is another by now. `about` goes into its event.
        `reported` is the event that another system sent; its lead has it already.
        """
        new = self.suppressions.store(self._connection, address, reason, at=at)
        for one in self._unaware(address, reason, lead, new=new):
            if reported is not None:
                if one != reported.lead:
                    self._intake.store(self._connection, [replace(reported, lead=one)])
                continue
            kind, data = _EVENT_DATA[reason]
            raw: dict[str, Any] = {"id": f"suppressed/{uuid4().hex}", "type": kind, "data": data}
            if one == lead and about is not None:
                raw |= {**about, "data": {**data, **about["data"]}}
            item = NewItem.event(one, raw, arrived=at, address=address)
            self._intake.store(self._connection, [item])
        if reason in WISHES:
            self._suppress_for_mail(address, reason, at=at)
        return new

    def _suppress_for_mail(self, address: str, reason: SuppressionReason, *, at: datetime) -> None:
        """Suppress where the person's mail goes, if this address is another one of theirs."""
        for one in self.suppressions.leads_of(self._connection, address):
            mail = self.suppressions.address_of(self._connection, one.lead)
            if mail is not None and address_key(mail) != address_key(address):
                self.suppressions.store(self._connection, mail, reason, at=at)

    def _unaware(
        self, address: str, reason: SuppressionReason, lead: str | None, *, new: bool
    ) -> Collection[str]:
        """Who does not know of the row yet: neither by its own state nor by what waits for it.

        Of a new row all are told, also a lead that held this reason before: what waits for it may
        say that mail is wanted again.
        """
        leads = self.suppressions.leads_of(self._connection, address)
        aware = {one.lead for one in leads if reason in one.suppressed}
        wanted = dict.fromkeys([*([lead] if lead is not None else []), *(x.lead for x in leads)])
        since = self.suppressions.since(self._connection, address, reason)
        if new or since is None:
            return list(wanted)
        return [
            one for one in wanted if one not in aware and not self._was_stored(one, reason, since)
        ]

    def _was_stored(self, lead: str, reason: SuppressionReason, since: datetime) -> bool:
        kind, _ = _EVENT_DATA[reason]
        bodies = self._intake.events_since(self._connection, lead, kind, since)
        return any(suppressing_reason(body["type"], body["data"]) == reason for body in bodies)
