"""The words of sales: how the desk, alerts and their mails name stages, acts and reasons.

The names of the machine (`mql`, `open_opportunity`, `not_worked`) stay in programs, in the API and
in exports. This is the one table; a test walks over every stage, act, clock and reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.stages import ACT_STAGES
from models.program.values import Stage

STAGE_WORDS: dict[Stage, str] = {
    "known": "Known",
    "engaged": "Interested",
    "mql": "New",
    "sal": "Accepted",
    "sql": "Qualified",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "lost": "Lost",
    "recycled": "Back with marketing",
    "disqualified": "No fit",
}


@dataclass(frozen=True, slots=True)
class ActWords:
    """An act as a person reads it."""

    label: str
    """On its button."""
    done: str
    """What the page says after it."""


ACT_WORDS: dict[str, ActWords] = {
    "accept": ActWords("Accept", "Accepted."),
    "touch": ActWords("Log a touch", "Touch logged."),
    "qualify": ActWords("Qualify", "Qualified."),
    "open_opportunity": ActWords("Open an opportunity", "The opportunity is open."),
    "win": ActWords("Won", "Won. Well done."),
    "lose": ActWords("Lost", "Recorded as lost."),
    "recycle": ActWords("Give back to marketing", "Given back to marketing."),
    "churn": ActWords("The customer has left", "Recorded as a customer who has left."),
    "disqualify": ActWords("No fit", "Recorded as no fit."),
    "hold": ActWords("Put on hold", "On hold."),
    "resume": ActWords("Resume", "The clocks run again."),
    "reassign": ActWords("Reassign", "Reassigned."),
    "done": ActWords("Task done", "Task done."),
    "note": ActWords("Add a note", "Note added."),
    "merge": ActWords("Merge", "Merged. The two leads are one."),
}
"""The acts, and the merge of two leads."""

ROW_WORDS: dict[str, str] = {
    "accept": "Accept",
    "touch": "Touch",
    "hold": "Hold",
    "resume": "Resume",
    "reassign": "Give to …",
}
"""Acts on the buttons of a list, where there is little room."""

CLOCK_WORDS: dict[str, tuple[str, str]] = {
    "accept": ("Accept", "to accept"),
    "first_touch": ("First touch", "for the first touch"),
    "qualify": ("Qualify", "to qualify"),
}
"""What is to be done before a clock is due, and what its time is for."""

TASK_WORDS: dict[str, str] = {"call": "Call", "linkedin": "LinkedIn", "manual": "To do"}
"""The kinds of tasks."""

DOOR_WORDS: dict[str, str] = {
    "desk": "at the desk",
    "button": "by a button in an alert",
    "reply": "by a reply to an alert",
    "crm": "in the CRM",
    "cli": "at the command line",
}
"""The doors through which a person acts. `api KEY` has its own words in `door_words`."""

_REASON_WORDS: dict[str, str] = {
    "mql": "score high enough",
    "engaged": "shows interest",
    "hand_raise": "asks for sales",
    "accepted": "accepted",
    "qualified": "qualified",
    "opportunity": "a deal is open",
    "won": "won",
    "merged": "two leads became one",
    "breached": "time used up",
    "unassigned": "nobody is free",
    "owner_left": "its owner left the team",
    "owner_unreachable": "mail to its owner comes back",
    "capacity": "everybody has enough leads",
    "absent": "everybody is away",
    "tried": "everybody had it already",
    "empty": "the team has no members",
    "not_worked": "nobody worked it in time",
    "gone_cold": "went quiet",
    "recycled_out": "given back too often",
    "imported": "was no fit when it came",
    "launch_undone": "its list was taken back",
    "no_consent": "no consent",
    "already_sent": "sent before",
    "holdout": "in the comparison group",
    "until": "its time is over",
    "resume": "resumed",
    "reassigned": "somebody else has it",
    "cancelled": "cancelled",
    "window": "outside sending hours",
    "cap": "enough mail for now",
    "machine": "done by a machine",
    "duplicate": "came before",
    "malformed": "can't be read",
}
"""Reasons whose names say little. Any other reads as its name: `no_budget` is `no budget`."""


def stage_word(stage: str) -> str:
    """A stage as sales calls it: `mql` is `New`."""
    return STAGE_WORDS.get(stage, plain(stage))  # type: ignore[call-overload, no-any-return]  # any text may be asked


def act_word(do: str) -> str:
    """An act as its button calls it."""
    return ACT_WORDS[do].label if do in ACT_WORDS else plain(do)


def reason_word(reason: object) -> str:
    """A reason in words: `not_worked` is `nobody worked it in time`."""
    return _REASON_WORDS.get(str(reason), plain(reason))


def door_words(via: str) -> str:
    """The door through which somebody acted: `at the desk`."""
    if via.startswith("api"):
        return f"through the API{via.removeprefix('api')}"
    return DOOR_WORDS.get(via, plain(via))


def stage_refusal(do: str, stage: str, owner: str | None = None) -> str:
    """Why an act is not for a lead in this stage, in the words of sales.

    Of two people who accept at once, the second reads who was faster.
    """
    names = [f"“{stage_word(one)}”" for one in ACT_STAGES.get(do, ())]
    allowed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    faster = f" and was accepted by {owner}" if owner and (do, stage) == ("accept", "sal") else ""
    return (
        f"“{act_word(do)}” is for a lead that is {allowed};"
        f" this one is “{stage_word(stage)}” now{faster}."
    )


def plain(word: object) -> str:
    """A name of the machine as words: `no_budget` is `no budget`."""
    return str(word).replace("_", " ")
