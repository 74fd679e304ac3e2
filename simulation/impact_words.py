"""What happens to leads, in words, for the impact of a publication."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

# The rules take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from simulation.impact import Impact

_KIND_WORDS: dict[str, Callable[[str], str]] = {
    "email_sent": lambda about: f"mail {about}",
    "email_skipped": lambda about: f"no mail {about}",
    "task_opened": lambda about: f"task {about}",
    "notified": lambda about: f"notice {about}",
    "track_entered": lambda about: f"track {about} begins",
    "track_left": lambda about: f"track {about} ends",
    "reminded": lambda about: f"reminder of {about}",
    "breached": lambda about: f"{about} breached",
    "stage": lambda about: f"becomes {about}",
    "assigned": lambda about: f"goes to {about}",
    "profile": lambda about: f"{about} changes",
    "due": lambda about: f"{about} is due",
}


def impact_words(found: Impact) -> str:
    """How many leads an impact is about, in a sentence."""
    touched = len({line.lead for line in found.lines})
    return (
        f"{found.leads} leads in flight, {found.changing} change their version,"
        f" {touched} have something otherwise within 30 days"
    )


def change_words(found: Impact, key: tuple[str, str, str]) -> str:
    """`never`, `earlier by 1 d`, `later by 2 h to 3 d`: how it changes, and by how much."""
    if key not in found.shifts:
        return key[2]
    least, most = (_span_words(one) for one in found.shifts[key])
    return f"{key[2]} by {least}" + (f" to {most}" if most != least else "")


def gone_words(track: str, step: str, goes_on: str | None) -> str:
    """That a step goes away, and where a lead that stands at it goes on."""
    then = f"goes on at `{goes_on}`" if goes_on is not None else "leaves the track"
    return f"track {track}: step `{step}` is gone, {then}"


def _span_words(span: timedelta) -> str:
    """`2 d 4 h`: the two largest units that are not 0."""
    left, parts = int(span.total_seconds()), list[str]()
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, left = divmod(left, seconds)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def happening_words(kind: str, about: str) -> str:
    """`mail welcome`, `becomes mql`: a kind of difference and what it is about."""
    return _KIND_WORDS[kind](about)
