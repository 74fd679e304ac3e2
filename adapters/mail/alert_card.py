"""What an alert to a salesperson says: a dossier on one screen, and the acts that can be done now.

Mail and chat show the same card. The buttons act for the one person to whom the mail was sent, so
only mail has them. Many people read a chat, so its link leads to the desk, where people sign in.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from adapters.mail.field_text import field_text, outside_text
from lifecycle.calendars.local_time import zone
from lifecycle.moment import rounded
from lifecycle.program.rulebook import rulebook
from lifecycle.sales_words import act_word, plain, reason_word
from lifecycle.words.dossier import Deadline, Dossier, dossier
from lifecycle.words.open_acts import open_acts
from lifecycle.words.time_text import spoken_instant, spoken_span
from lifecycle.words.timeline_text import deadline_verb
from models.addresses import one_line
from models.decision import Alert, Entry
from models.directory import Directory
from models.program.program import Program
from models.state import LeadState

ACTIONS = ("accept", "touch", "qualify", "recycle", "reassign")
"""What a button may do. Links name an action by its position, so the order never changes."""

_TITLES = {
    "assigned": "A lead for you",
    "reminded": "A deadline is near",
    "breached": "A deadline has passed",
    "reassigned": "A lead went to somebody else",
    "returned": "A lead went back to marketing",
    "unassigned": "Nobody is free for a lead",
    "hand_raise": "A lead asks for you",
    "unsubscribed": "Your lead has unsubscribed",
    "bounced": "Mail to your lead bounces",
    "complained": "Your lead has complained about mail",
    "owner_left": "A lead's owner has left the team",
    "owner_unreachable": "Mail to a lead's owner comes back",
    "launch_undone": "Your lead was taken back",
    "merged": "Your lead went on as another",
}
_ASKING = ("recycle", "reassign")
"""Acts whose page asks for more than a press of its button."""
_LONGEST_NAME = 60
"""Characters of a name in a subject."""
_OVER = ("reassigned", "returned", "launch_undone")
"""Alerts to which no act belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCard:
    """An alert in words. No text holds a line break."""

    title: str
    """What happened and about which company; the text of a chat message."""
    happened: str
    """What happened, in some words."""
    subject: str
    """What happened and about whom: the subject of the mail."""
    sentence: str
    who: str
    company: str
    deadline: str | None
    """`Accept by Thu 18:00 EST, in 2 h 10 min of office time`."""
    score: str
    reasons: tuple[str, ...]
    read: tuple[str, ...]
    contact: tuple[str, ...]
    before: str | None
    """How the last handoff ended."""
    actions: tuple[str, ...]
    """Of `ACTIONS`."""
    desk: str
    """The path of the lead in the desk."""


def label(action: str) -> str:
    """The text of an action's button."""
    return f"{act_word(action)} …" if action in _ASKING else act_word(action)


def alert_card(
    program: Program,
    state: LeadState,
    timeline: tuple[Entry, ...],
    people: Directory,
    command: Alert,
) -> AlertCard:
    """The card of an alert, as of the alert's instant."""
    stored = dossier(rulebook(program), state, timeline, command.at)
    known = _as_text(stored)
    about = known.company or known.name
    running = [one for one in known.deadlines if not one.breached]
    member = people.member(command.to)
    zones = [one.zone for one in known.deadlines] or [zone(program.timezone)]
    shown = zone(member.timezone) if member is not None and member.timezone else zones[0]
    score = rounded(known.fit + known.engagement)
    parts = f"fit {rounded(known.fit)}, engagement {rounded(known.engagement)}"
    before = reason_word(known.before) if known.before is not None else None
    return AlertCard(
        title=one_line(f"{_TITLES.get(command.why, command.why)}: {about}"),
        happened=one_line(_TITLES.get(command.why, plain(command.why))),
        subject=_subject(command.why, stored),
        sentence=outside_text(command.text),
        who=one_line(f"{known.name}, {known.title}" if known.title else known.name),
        company=one_line(known.company or "company unknown"),
        deadline=_deadline(running[0], command, shown) if running else None,
        score=f"Score {score} ({parts})",
        reasons=tuple(outside_text(_reason(one.text, one.points)) for one in known.reasons),
        read=tuple(
            outside_text(f"{one.text}, {spoken_instant(one.at, command.at, shown)}")
            for one in known.read
        ),
        contact=tuple(outside_text(one) for one in (known.email, known.phone) if one),
        before=f"An earlier handoff ended: {before}" if before else None,
        actions=_actions(state, people, command),
        desk=f"/desk/leads/{quote(state.lead, safe='')}",
    )


def _as_text(known: Dossier) -> Dossier:
    """Who the lead is, as text: anybody can write a name into a form."""
    name = known.name if known.name == known.email else field_text("name", known.name)
    company = field_text("company", known.company) if known.company else known.company
    title = field_text("title", known.title) if known.title else known.title
    return dataclasses.replace(known, name=name, company=company, title=title)


def _subject(why: str, known: Dossier) -> str:
    """The subject, in which the longest name leaves room for the others."""
    named = "email" if known.name == known.email else "name"
    name = field_text(named, known.name, _LONGEST_NAME)
    company = field_text("company", known.company, _LONGEST_NAME) if known.company else ""
    return f"{_TITLES.get(why, plain(why))}: {', '.join(filter(None, (name, company)))}"


def _reason(text: str, points: float | None) -> str:
    return text if points is None else f"{text}: {points:+.0f}"


def _deadline(clock: Deadline, command: Alert, shown: ZoneInfo) -> str:
    said = f"{deadline_verb(clock.name)} by {spoken_instant(clock.due, command.at, shown)}"
    if clock.held_until is not None:
        return f"{said}; on hold until {spoken_instant(clock.held_until, command.at, shown)}"
    if clock.calendar is None:
        return f"{said}, in {spoken_span(clock.left)}"
    return f"{said}, in {spoken_span(clock.left, office=True)} of {clock.calendar} time"


def _actions(state: LeadState, people: Directory, command: Alert) -> tuple[str, ...]:
    """Which acts this person may do on the lead as it is now."""
    handoff = state.handoff
    if handoff is None or command.why in _OVER:
        return ()
    manages = command.to == people.manager_of(handoff.team)
    found = open_acts(state, manages=manages)
    # Before the acceptance no other act is allowed.
    first = ("accept", "reassign") if "accept" in found else ACTIONS
    return tuple(one for one in first if one in found)
