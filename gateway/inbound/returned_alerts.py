"""Alerts that come back: whom no mail reaches can't work a lead, so the manager is alerted.

What a person's own machine answers, such as a notice of absence, is taken and left alone.
"""

from __future__ import annotations

from datetime import datetime

from adapters.sql.new_item import NewItem
from adapters.sql.sent_alerts import SentAlert
from gateway.inbound.arrived_mail import read_arrived
from gateway.inbound.delivery_status import delivery_status, is_notice, read_notice
from lifecycle.handoff.unreachable_owner import UNREACHABLE


def returned_alert(
    alert: SentAlert, content: bytes, now: datetime, *, null_sender: bool
) -> NewItem | None:
    """The event that a lead's owner can't be reached; None where the mail says nothing of that."""
    try:
        mail = read_arrived(content)
    except ValueError:
        return None
    status = delivery_status(mail, alert.person)
    if status is not None and status.action == "failed":
        return _item(alert, status.diagnostic or status.status, now)
    if status is None and is_notice(mail, subject=null_sender):
        return _item(alert, read_notice(mail, alert.person).diagnostic, now)
    return None


def _item(alert: SentAlert, why: str, now: datetime) -> NewItem:
    raw = {
        "id": f"{UNREACHABLE}/{alert.mail}",
        "type": UNREACHABLE,
        "data": {"person": alert.person, "why": why},
    }
    return NewItem.event(alert.lead, raw, arrived=now)
