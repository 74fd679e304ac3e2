"""Schedules that never run, or leave out a day each year."""

from __future__ import annotations

from adapters.checks.cron import missing_hour, never_fires
from adapters.documents.marked import Node
from lifecycle.calendars.local_time import zone


def warn_of_missed_runs(root: Node) -> None:
    """Warn of cron lines whose day or hour does not exist."""
    here = zone(root.get("timezone").text or "UTC")
    for schedule in root.get("schedules").values():
        cron = schedule.get("cron")
        if cron.text and (missed := never_fires(cron.text) or missing_hour(cron.text, here)):
            cron.warn(missed)
