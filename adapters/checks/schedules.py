"""Schedules that never run, leave out a day each year, or run more often than is meant."""

from __future__ import annotations

from adapters.checks.cron import missing_hour, never_fires, runs_too_often
from adapters.documents.marked import Node
from lifecycle.calendars.local_time import zone


def warn_of_missed_runs(root: Node) -> None:
    """Warn of cron lines whose day or hour does not exist, or that run too often."""
    here = zone(root.get("timezone").text or "UTC")
    for schedule in root.get("schedules").values():
        cron = schedule.get("cron")
        if not cron.text:
            continue
        said = never_fires(cron.text) or runs_too_often(cron.text) or missing_hour(cron.text, here)
        if said:
            cron.warn(said)
