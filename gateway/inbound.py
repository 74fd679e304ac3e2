"""Mail that comes to us: bounces, complaints, replies and unsubscriptions, each by its address.

Addresses are signed, so nobody can send them who did not get our mail. What is not an answer to a
mail of ours is refused; nothing is passed on but a person's reply, to the lead's owner. A mail is
accepted when its event is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import MappingProxyType
from typing import Any

from adapters.automatic_reply import is_automatic, return_day
from adapters.intake import NewItem
from adapters.returned_mail import DeliveryStatus, delivery_status, feedback_type
from adapters.sent_mail import SentMail
from adapters.signed_links import Purpose
from adapters.suppression_list import SqlSuppressionList
from gateway.outside import Outside
from models.instants import write_instant

_PURPOSES: dict[str, Purpose] = {
    "bounce": "bounce",
    "reply": "reply",
    "unsubscribe": "unsubscribe",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A mail that arrived at one of our addresses."""

    to: str
    null_sender: bool
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What an arrived mail is about: the event to store, and whether a person wrote it."""

    item: NewItem | None
    reply: EmailMessage | None = None
    """A person's reply, to be passed on."""
    sent: SentMail


def addressed(outside: Outside, address: str) -> tuple[Purpose, SentMail] | None:
    """What an address is for and which mail it names; None if it is none of ours."""
    local, _, domain = address.strip().lower().rpartition("@")
    kind, _, token = local.partition("+")
    purpose = _PURPOSES.get(kind)
    if purpose is None or domain != outside.links.mail_domain.lower():
        return None
    found = outside.links.read(purpose, token)
    sent = outside.sent.by_local_part(found.mail) if found is not None else None
    return None if sent is None else (purpose, sent)


def recognise(outside: Outside, arrival: Arrival) -> Recognised | None:
    """What a mail is; None for an address that is none of ours. Never raises on content."""
    known = addressed(outside, arrival.to)
    if known is None:
        return None
    purpose, sent = known
    mail = message_from_bytes(arrival.content, policy=policy.SMTP)
    now = outside.now()
    if purpose == "unsubscribe":
        return Recognised(item=_item(sent, now, "email.unsubscribed", "unsubscribe"), sent=sent)
    feedback = feedback_type(mail)
    if feedback is not None:
        complaint = _item(sent, now, "email.complained", "complaint", {"feedback": feedback})
        return Recognised(item=complaint if feedback == "abuse" else None, sent=sent)
    status = delivery_status(mail)
    if status is not None:
        return Recognised(item=_status_item(sent, now, status), sent=sent)
    if purpose == "bounce":
        return Recognised(item=_unreadable(sent, now, mail, null=arrival.null_sender), sent=sent)
    digest = hashlib.sha256(arrival.content).hexdigest()[:16]
    if is_automatic(mail, null_sender=arrival.null_sender):
        day = return_day(mail, now)
        returns = {} if day is None else {"returns": day.isoformat()}
        item = _item(sent, now, "email.replied", f"reply/{digest}", returns, machine=True)
        return Recognised(item=item, sent=sent)
    item = _item(sent, now, "email.replied", f"reply/{digest}")
    return Recognised(item=item, reply=mail, sent=sent)


def store(outside: Outside, found: Recognised) -> None:
    """Store the event; an unsubscription holds at once, as everywhere."""
    if found.item is None:
        return
    if found.item.body["type"] == "email.unsubscribed":
        SqlSuppressionList(outside.database).add(
            found.sent.address, "unsubscribed", at=outside.now()
        )
    outside.intake.accept([found.item])


def _status_item(sent: SentMail, now: datetime, status: DeliveryStatus) -> NewItem | None:
    """A failure is a bounce; a delay is none, for the server goes on trying."""
    if status.action == "failed":
        data = {
            "kind": status.kind,
            "status": status.status,
            "diagnostic": status.diagnostic,
        }
        return _item(sent, now, "email.bounced", f"bounce/{status.status}", data)
    if status.action == "delivered":
        return _item(sent, now, "email.delivered", "delivered")
    return None


def _unreadable(sent: SentMail, now: datetime, mail: EmailMessage, *, null: bool) -> NewItem | None:
    """A bounce that no program can read counts as a soft one; a notice sent here as nothing."""
    if not null and is_automatic(mail, null_sender=False):
        return None
    return _item(sent, now, "email.bounced", "bounce/unreadable", {"kind": "soft"})


def _item(
    sent: SentMail,
    now: datetime,
    kind: str,
    what: str,
    data: Mapping[str, Any] = MappingProxyType({}),
    *,
    machine: bool = False,
) -> NewItem:
    identity = f"{what}/{sent.message.partition('@')[0]}"
    body: dict[str, Any] = {
        "id": identity,
        "type": kind,
        "subject": sent.email,
        "at": write_instant(now),
        "data": {"message": sent.message, **data},
        "machine": machine,
    }
    return NewItem(lead=sent.lead, item=identity, kind="event", body=body, arrived=now)
