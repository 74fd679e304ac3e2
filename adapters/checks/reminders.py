"""Reminders that come when it is too late, or at once."""

from __future__ import annotations

from adapters.checks.references import clocks_in
from adapters.documents.marked import Node
from models.program.handoff import CLOCK_NAMES


def warn_of_late_reminders(root: Node) -> None:
    """Warn of reminders at 100%, which come with the breach, and at 0%, which come at the start."""
    for clock in (clock for name in CLOCK_NAMES for clock in clocks_in(root, name)):
        for share in clock.get("remind_at").each():
            if share.text is not None and share.text.replace(" ", "") in ("100%", "100.0%"):
                share.warn(
                    "a reminder at 100% comes at the breach, when it is too late;"
                    " write a smaller share like 80%"
                )
            if share.text is not None and share.text.replace(" ", "") in ("0%", "0.0%"):
                share.warn(
                    "a reminder at 0% comes as the clock starts, together with the lead;"
                    " write a larger share like 50%"
                )
