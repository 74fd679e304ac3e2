"""Mail that comes to us: bounces, complaints, replies and unsubscriptions, each by its address.

Addresses are signed, so nobody can write to them who did not get our mail. One is not:
`fbl@` takes feedback reports, for which providers want one address; such a report must show a
signed address of the mail that it is about. A Message-ID would prove nothing: it is a hash of
names that can be guessed. What is not an answer to a mail of ours is refused, and nothing is
passed on but a person's reply.

The file is long because every kind of mail to our addresses is told apart here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from types import MappingProxyType
from typing import Any, Literal

from adapters.mail.links import Purpose
from adapters.mail.message import FORWARDED
from adapters.sql.new_item import NewItem
from adapters.sql.sent_alerts import SentAlert, SqlSentAlerts
from adapters.sql.sent_mail import SentMail
from gateway.inbound.alert_reply import answered_alert, answered_alerts
from gateway.inbound.arrived_mail import header_text, read_arrived
from gateway.inbound.automatic_reply import why_automatic
from gateway.inbound.delivery_status import (
    DeliveryStatus,
    delivery_status,
    is_from,
    is_notice,
    is_receipt,
    read_notice,
    sender_of,
)
from gateway.inbound.feedback_report import FeedbackReport, feedback_report
from gateway.inbound.return_day import return_day
from gateway.inbound.returned_alerts import returned_alert
from usecases.context import Context
from usecases.suppressing import suppress

Door = Literal["bounce", "reply", "unsubscribe", "fbl"]

_SIGNED: dict[str, Purpose] = {
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
    """What an arrived mail is about."""

    sent: SentMail | None
    """The mail of ours that it answers; None where that does not matter."""
    item: NewItem | None = None
    """The event to store."""
    also: tuple[NewItem, ...] = ()
    """Events of other leads, if a mail was about several."""
    reply: EmailMessage | None = None
    """A person's reply, to be passed on."""
    unsubscribed: str | None = None
    """The address to unsubscribe, if the mail that it answers has no row any more."""


@dataclass(frozen=True, slots=True)
class RefusedMail:
    """Why a mail is not taken: an SMTP reply."""

    answer: str


_UNKNOWN = RefusedMail("550 5.1.1 no such address here")
_UNREADABLE = RefusedMail("554 5.6.0 the mail can't be read")
_NO_REPORT = RefusedMail("554 5.6.0 this address takes feedback reports (RFC 5965) on mail of ours")


Alerts = tuple[SentAlert, ...]
"""The alerts of one mail: one, or several that went together."""


def addressed(context: Context, address: str) -> tuple[Door, SentMail | Alerts | None] | None:
    """What an address is for and which mail it names; None if it is none of ours."""
    local, _, domain = address.strip().lower().rpartition("@")
    if not domain or domain != context.links.mail_domain.lower():
        return None
    if local == "fbl":
        return "fbl", None
    kind, _, token = local.partition("+")
    purpose = _SIGNED.get(kind)
    found = context.links.read(purpose, token) if purpose is not None else None
    if found is None:
        return None
    sent = context.sent.by_local_part(found.mail)
    alerts = _alerts(context, found.mail) if sent is None else ()
    if sent is None and not alerts and kind == "unsubscribe":
        return "unsubscribe", None
    if sent is None and (not alerts or kind not in ("bounce", "reply")):
        return None
    return kind, sent or alerts  # type: ignore[return-value]  # a key of _SIGNED


def _alerts(context: Context, mail: str) -> Alerts:
    sent = SqlSentAlerts(context.database)
    alone = sent.by_local_part(mail)
    return (alone,) if alone is not None else sent.in_one_mail(mail)


def recognise(context: Context, arrival: Arrival) -> Recognised | RefusedMail:
    """What a mail is. Never raises on its content; raises what the database raises."""
    known = addressed(context, arrival.to)
    if known is None:
        return _UNKNOWN
    door, sent = known
    now = context.now()
    if isinstance(sent, tuple):
        return _about_alerts(context, door, sent, arrival, now)
    try:
        mail = read_arrived(arrival.content)
    except ValueError:
        return _broken(door, sent, now)
    if door == "unsubscribe" and sent is not None:
        what = f"unsubscribe/{_name(sent)}/{_digest(mail, arrival)}"
        return Recognised(sent=sent, item=_item(sent, now, "email.unsubscribed", what))
    if door == "unsubscribe":
        return _without_row(context, arrival, mail)
    report = feedback_report(mail)
    if report is not None:
        return _feedback(context, sent, report, now)
    if sent is None:
        return _NO_REPORT
    status = bounce_in(
        mail, sent.address, at_bounce=door == "bounce", null_sender=arrival.null_sender
    )
    if status is not None:
        return Recognised(sent=sent, item=_status_item(sent, now, status))
    return _answer(sent, now, mail, arrival)


def bounce_in(
    mail: EmailMessage, address: str, *, at_bounce: bool, null_sender: bool
) -> DeliveryStatus | None:
    """What a bounce says of this address, with or without a report for programs; else None.

    What arrives at the bounce address is one, unless it is the recipient's own mail or a notice of
    absence: RFC 3834 sends those to the Return-Path too. Many bounces call themselves automatic
    messages, so who wrote it and its subject count before those words.
    """
    status = delivery_status(mail, address)
    if status is not None:
        return status
    if _is_notice(mail, address, at_bounce=at_bounce, null_sender=null_sender):
        return read_notice(mail, address)
    return None


def _about_alerts(
    context: Context, door: Door, alerts: Alerts, arrival: Arrival, now: datetime
) -> Recognised | RefusedMail:
    """Alerts that came back, or their person's answer. Each lead hears of what came back."""
    content, null_sender = arrival.content, arrival.null_sender
    returned = [
        item
        for one in alerts
        if (item := returned_alert(one, content, now, null_sender=null_sender)) is not None
    ]
    if returned:
        return Recognised(sent=None, item=returned[0], also=tuple(returned[1:]))
    if door == "bounce":
        return Recognised(sent=None)
    try:
        mail = read_arrived(arrival.content)
    except ValueError:
        return _UNREADABLE
    if len(alerts) > 1:
        why = answered_alerts(mail, null_sender=null_sender)
        return RefusedMail(why) if why is not None else Recognised(sent=None)
    digest = _digest(mail, arrival)
    found = answered_alert(context, alerts[0], mail, now, digest=digest, null_sender=null_sender)
    return RefusedMail(found) if isinstance(found, str) else Recognised(sent=None, item=found)


def _is_notice(mail: EmailMessage, address: str, *, at_bounce: bool, null_sender: bool) -> bool:
    if is_notice(mail, subject=False):
        return True
    why = why_automatic(mail, null_sender=False)
    if why == "subject" or is_receipt(mail):
        return False
    others = null_sender or not is_from(mail, address)
    if is_notice(mail, subject=at_bounce or others):
        return True
    return at_bounce and why is None and others


def _without_row(
    context: Context, arrival: Arrival, mail: EmailMessage
) -> Recognised | RefusedMail:
    """An unsubscription by a mail whose row is lost, for example after a restore.

    Only the recipient may write it: the address holds who that was.
    """
    writer = sender_of(mail)
    token = arrival.to.partition("+")[2].partition("@")[0]
    if writer is None or not context.links.is_recipient(token, writer):
        return _UNKNOWN
    return Recognised(sent=None, unsubscribed=writer)


def store(context: Context, found: Recognised) -> None:
    """Store the event or the suppression, if there is one."""
    for item in (*([found.item] if found.item is not None else []), *found.also):
        context.accept(item)
    if found.unsubscribed is not None:
        suppress(context.intake, found.unsubscribed, "unsubscribed", at=context.now())


def _broken(door: Door, sent: SentMail | None, now: datetime) -> Recognised | RefusedMail:
    """What to do with a mail that can't be taken apart: its sender may write again."""
    if door == "bounce" and sent is not None:
        return Recognised(sent=sent, item=_unread(sent, now))
    return _UNREADABLE


def _feedback(
    context: Context, sent: SentMail | None, report: FeedbackReport, now: datetime
) -> Recognised | RefusedMail:
    """A complaint or a wish about the mail that the address names, or that the report shows."""
    kind = report.event
    if kind is None:
        return Recognised(sent=sent)
    shown = (addressed(context, one) for one in report.addresses)
    mails = (one[1] for one in shown if one is not None)
    about = sent or next((one for one in mails if isinstance(one, SentMail)), None)
    if about is None:
        return _NO_REPORT
    what = f"{'complaint' if kind == 'email.complained' else 'opt-out'}/{_name(about)}"
    item = _item(about, now, kind, what, {"feedback": report.about})
    return Recognised(sent=about, item=item)


def _status_item(sent: SentMail, now: datetime, status: DeliveryStatus) -> NewItem | None:
    """The event of a report; None where nothing is settled.

    After a delay the server goes on trying, and that another server has the mail (`relayed`)
    says nothing of the mailbox.
    """
    if status.action == "failed" and not sent.current:
        return None
    if status.action == "failed":
        data = {"kind": status.kind, "status": status.status, "diagnostic": status.diagnostic}
        if status.refusal.meaning == "about_us":
            data["about"] = "us"
        what = f"bounce/{_name(sent)}/{status.status or 'unknown'}"
        return _item(sent, now, "email.bounced", what, data)
    if status.action == "delivered":
        return _item(sent, now, "email.delivered", f"delivered/{_name(sent)}")
    return None


def _unread(sent: SentMail, now: datetime) -> NewItem | None:
    """A bounce that no program can read counts as a soft one."""
    if not sent.current:
        return None
    data = {"kind": "soft", "status": "", "diagnostic": ""}
    return _item(sent, now, "email.bounced", f"bounce/{_name(sent)}/unknown", data)


def _answer(sent: SentMail, now: datetime, mail: EmailMessage, arrival: Arrival) -> Recognised:
    """A person's reply, or a machine's. Of its words only the day of return is kept."""
    if header_text(mail, FORWARDED):
        return Recognised(sent=sent)  # passed on by us and come back: it goes no further
    what = f"reply/{_name(sent)}/{_digest(mail, arrival)}"
    why = why_automatic(mail, null_sender=arrival.null_sender)
    if why is None:
        return Recognised(sent=sent, item=_item(sent, now, "email.replied", what), reply=mail)
    day = return_day(mail, now)
    data = {"why": why} if day is None else {"why": why, "returns": day.isoformat()}
    item = _item(sent, now, "email.replied", what, data, machine=True)
    return Recognised(sent=sent, item=item)


def _name(sent: SentMail) -> str:
    return sent.message.partition("@")[0]


def _digest(mail: EmailMessage, arrival: Arrival) -> str:
    """What stays the same when a server brings a mail twice."""
    known = header_text(mail, "Message-ID").encode(errors="replace") or arrival.content
    return hashlib.sha256(known).hexdigest()[:16]


def _item(
    sent: SentMail,
    now: datetime,
    kind: str,
    identity: str,
    data: Mapping[str, Any] = MappingProxyType({}),
    *,
    machine: bool = False,
) -> NewItem:
    raw: dict[str, Any] = {
        "id": identity,
        "type": kind,
        "subject": sent.email,
        "data": {"message": sent.message, **data},
        "machine": machine,
    }
    return NewItem.event(sent.lead, raw, arrived=now, address=sent.address)
