"""What happens to leads, in words, for the impact of a publication."""

from __future__ import annotations

from collections.abc import Callable
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


def happening_words(kind: str, about: str) -> str:
    """`mail welcome`, `becomes mql`: a kind of difference and what it is about."""
    return _KIND_WORDS[kind](about)
