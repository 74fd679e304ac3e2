"""A timeline in words: one sentence for each entry, for people who do not read field names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lifecycle.sales_words import CLOCK_WORDS
from models.decision import Entry
from models.instants import parse_instant

Fields = Mapping[str, Any]
When = Callable[[Any], str]
"""Writes an instant of an entry for a reader."""

EVENT_PHRASES = {
    "email.delivered": "got the mail {}",
    "email.opened": "opened the mail {}",
    "email.clicked": "followed a link in the mail {}",
    "email.replied": "replied to the mail {}",
    "email.bounced": "the mail {} came back",
    "email.complained": "called the mail {} spam",
    "email.unsubscribed": "unsubscribed",
    "email.resubscribed": "wants mail again",
    "email.paused": "paused mail",
    "email.reinstated": "address reinstated",
    "profile.updated": "data changed",
    "page.viewed": "looked at {}",
    "form.submitted": "sent the form {}",
    "content.downloaded": "downloaded {}",
    "event.attended": "attended {}",
    "meeting.booked": "booked a meeting",
    "meeting.cancelled": "cancelled a meeting",
    "product.signed_up": "signed up for {}",
    "product.activated": "activated {}",
}


def event_phrase(type_: str, subject: str = "") -> str:
    """An event of this type and subject in words: `looked at /pricing`."""
    pattern = EVENT_PHRASES.get(type_)
    if pattern is None:
        return " ".join([type_.replace(".", " ").replace("_", " "), subject]).strip()
    return " ".join(pattern.format(subject).split())


def clock_words(name: str) -> str:
    """What a clock is for: `to accept`."""
    return CLOCK_WORDS.get(name, (name, name))[1]


def deadline_verb(name: str) -> str:
    """What must be done before a clock is due: `Accept`."""
    return CLOCK_WORDS.get(name, (name, name))[0]


def sentence(entry: Entry, when: When) -> str:
    """An entry as one sentence. `when` writes an instant in the reader's time zone."""
    write = _SENTENCES.get(entry.kind)
    if write is None:
        return entry.kind.replace("_", " ")
    return write(entry.fields, lambda text: when(parse_instant(text)) if text else "")


def _by(fields: Fields) -> str:
    return f", by {_person(fields)}" if fields.get("by") else ""


def _person(fields: Fields) -> str:
    """Who acted, and through which door."""
    return f"{fields.get('by')} ({fields['via']})" if fields.get("via") else str(fields.get("by"))


def _note(fields: Fields) -> str:
    return f": {fields['note']}" if fields.get("note") else ""


def _why(fields: Fields) -> str:
    return f" ({_words(fields['why'])})" if fields.get("why") else ""


def _source(fields: Fields) -> str:
    return f", {fields['source']}" if fields.get("source") else ""


def _words(word: object) -> str:
    return str(word).replace("_", " ")


def _amount(fields: Fields) -> str:
    words = [fields.get("amount"), fields.get("currency")]
    return " ".join(str(one) for one in words if one is not None)


def _event(fields: Fields, _when: When) -> str:
    words = event_phrase(str(fields.get("type", "")), str(fields.get("subject", "")))
    points = fields.get("points", 0)
    engagement = fields.get("engagement")
    now = f", engagement {engagement}" if engagement is not None else ""
    scored = f", {points:+g} points{now}" if points else ""
    return f"{words[:1].upper()}{words[1:]}{scored}{', told late' if fields.get('late') else ''}"


def _stage(fields: Fields, _when: When) -> str:
    return f"Stage {fields.get('from')} → {fields.get('to')}{_why(fields)}{_by(fields)}"


def _assigned(fields: Fields, when: When) -> str:
    due = f", to accept by {when(fields['due'])}" if fields.get("due") else ""
    return f"Given to {fields.get('owner')}{due}"


def _accepted(fields: Fields, _when: When) -> str:
    minutes = int(fields.get("open_seconds") or 0) // 60
    late = ", late" if fields.get("late") else ""
    return f"Accepted by {_person(fields)} after {minutes} minutes of office time{late}"


def _touched(fields: Fields, _when: When) -> str:
    number = f"Touch {fields['n']}" if fields.get("n") else "Touch"
    channel = f" by {_words(fields['channel'])}" if fields.get("channel") else ""
    return f"{number}{channel}, {_person(fields)}{_note(fields)}"


def _recycled(fields: Fields, when: When) -> str:
    until = f"; left alone until {when(fields['until'])}" if fields.get("until") else ""
    return f"Given back to marketing: {_words(fields.get('reason'))}{_by(fields)}{until}"


def _disqualified(fields: Fields, _when: When) -> str:
    if fields.get("reason") == "launch_undone":
        return "Closed, as its launch was undone"
    return f"No fit: {_words(fields.get('reason'))}{_by(fields)}"


def _clocks(fields: Fields) -> str:
    return ", ".join(_words(one) for one in fields.get("clocks") or ()) or "no clock"


def _paused(fields: Fields, when: When) -> str:
    if "until" not in fields:
        return "Nurture pauses, as the program does"
    return f"Mail pauses until {when(fields['until'])}{_why(fields)}"


def _deferred(fields: Fields, when: When) -> str:
    return f"Mail {fields.get('email')} waits until {when(fields.get('until'))}{_why(fields)}"


def _refused(fields: Fields, _when: When) -> str:
    who = f" by {_person(fields)}" if fields.get("by") else ""
    return f"{_words(fields.get('act'))}{who} refused{_note(fields)}"


def _merged(fields: Fields, _when: When) -> str:
    if "into" in fields:
        return f"Merged into lead {fields['into']}, where its story goes on"
    filled = ", ".join(map(_words, fields.get("filled") or ()))
    taken = f"; filled from it: {filled}" if filled else ""
    return f"Lead {fields.get('from')} was merged into this one{_by(fields)}{taken}"


def _handoff(fields: Fields, _when: When) -> str:
    return f"Handoff {fields.get('handoff')} to {fields.get('team') or 'nobody'}"


_SENTENCES: dict[str, Callable[[Fields, When], str]] = {
    "created": lambda f, _: f"Created on program {f.get('program')}{_note(f)}",
    "event": _event,
    "ignored": lambda f, _: (
        f"Not counted: {event_phrase(str(f.get('type', '')))}{_why(f)}{_note(f)}"
    ),
    "profile": lambda f, _: f"Changed: {', '.join(map(_words, f.get('changed') or ()))}{_note(f)}",
    "stage": _stage,
    "track_entered": lambda f, _: f"Nurture track {f.get('track')} begins",
    "track_left": lambda f, _: f"Nurture track {f.get('track')} ends{_why(f)}",
    "email_sent": lambda f, _: f"Mail {f.get('email')} sent",
    "email_deferred": _deferred,
    "email_skipped": lambda f, _: f"Mail {f.get('email')} not sent{_why(f)}",
    "email_failed": lambda f, _: f"Mail {f.get('email')} failed{_why(f)}",
    "paused": _paused,
    "unpaused": lambda f, _: f"Mail goes on{_why(f)}",
    "consented": lambda f, _: f"Consented to mail{_source(f)}",
    "task_opened": lambda f, _: f"Task: {f.get('task_kind')}{_note(f)}",
    "task_done": lambda f, _: f"Task done: {f.get('task_kind')}{_by(f)}",
    "notified": lambda f, _: f"Notice in the {f.get('channel')}: {f.get('message')}",
    "suppressed": lambda f, _: f"No marketing mail any more{_why(f)}",
    "unsuppressed": lambda f, _: f"Marketing mail again{_why(f)}",
    "handoff_opened": _handoff,
    "assigned": _assigned,
    "unassigned": lambda f, _: f"Nobody of {f.get('team')} is free{_why(f)}",
    "reminded": lambda f, when: (
        f"{f.get('owner')} reminded: {f.get('share')} of the time"
        f" {clock_words(str(f.get('clock')))} has passed, due {when(f.get('due'))}"
    ),
    "breached": lambda f, _: (
        f"Time {clock_words(str(f.get('clock')))} is used up, {f.get('owner') or 'no owner'}"
    ),
    "alerted": lambda f, _: f"{f.get('who')} alerted{_why(f)}",
    "accepted": _accepted,
    "touched": _touched,
    "noted": lambda f, _: f"Note by {_person(f)}{_note(f)}",
    "held": lambda f, when: f"On hold until {when(f.get('until'))}: {_clocks(f)}{_why(f)}{_by(f)}",
    "resumed": lambda f, _: f"Clocks go on: {_clocks(f)}{_why(f)}{_by(f)}",
    "qualified": lambda f, _: f"Qualified{_by(f)}",
    "recycled": _recycled,
    "disqualified": _disqualified,
    "opportunity": lambda f, _: f"Opportunity, {_amount(f)}{_by(f)}",
    "won": lambda f, _: f"Won, {_amount(f)}{_by(f)}",
    "lost": lambda f, _: f"Lost, {_words(f.get('reason'))}{_by(f)}",
    "refused": _refused,
    "program_changed": lambda f, _: (
        f"Moved to another version of the program ({_words(f.get('how'))})"
    ),
    "reengaged": lambda f, _: f"Chosen by the schedule {f.get('schedule')}",
    "merged": _merged,
    "closed": lambda f, _: f"Closed as {f.get('stage')}",
    "resumed_from_journal": lambda _f, _: "Temporal had lost its place; this timeline stands",
    "reopened": lambda f, _: f"Opened again, was {f.get('stage')}",
}
