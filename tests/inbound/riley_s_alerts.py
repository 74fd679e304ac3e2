"""Alerts to Riley, and the Message-IDs by which their addresses name them."""

from __future__ import annotations

from activities.alert_pace import alert_id
from models.decision import Alert
from tests.gateway.stored_rows import NOW


def alert_to_riley(lead: str) -> Alert:
    """The alert that a lead is Riley's."""
    key = f"{lead}/alert/7/assigned/1"
    return Alert(key=key, at=NOW, to="riley@acme.example", why="assigned", text="", handoff=1)


def message_of(lead: str) -> str:
    """The Message-ID that this alert has in a mail of its own."""
    return f"{alert_id(alert_to_riley(lead).key)}@acme.example"
