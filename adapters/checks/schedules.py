"""Schedules that can do nothing, never run, leave out a day each year, or run too often."""

from __future__ import annotations

from adapters.checks.cron import missing_hour, never_fires, runs_too_often
from adapters.documents.marked import Node
from lifecycle.calendars.local_time import zone
from lifecycle.stages import TRACK_STAGES, TRACKLESS
from models.program.schedules import REENGAGE

_OF_REENGAGE = ("select", "at_most", "track")


def check_schedules(root: Node) -> None:
    """Report a re-engagement that could take no lead."""
    schedule = root.get("schedules", REENGAGE)
    if not isinstance(schedule.value, dict):
        return
    track, within = schedule.get("track"), schedule.get("select", "track")
    if "track" not in schedule.value:
        tracks = ", ".join(root.get("tracks").names()) or "there is none yet"
        schedule.report(
            f"re-engagement needs the track that its leads enter: 'track: NAME' ({tracks})",
            key=True,
        )
    elif track.text is not None and track.text == within.text:
        within.report(
            f"no lead is taken: a lead that is in '{track.text}' does not enter it; name another"
            " track here, or remove it"
        )
    for stage in schedule.get("select", "stages").each():
        if stage.text in TRACKLESS:
            stage.report(
                f"no lead is taken in '{stage.text}', because no track runs there; the stages are"
                f" {', '.join(TRACK_STAGES)}"
            )


def warn_of_unused_keys(root: Node) -> None:
    """Warn of what a digest says about leads: it goes to managers and takes none."""
    digest = root.get("schedules", "digest")
    for name in _OF_REENGAGE:
        if digest.get(name).value is not None:
            digest.get(name).warn(
                f"a digest takes no leads, so '{name}' has no effect; remove it", key=True
            )


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
