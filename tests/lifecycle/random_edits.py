"""Random edits of a program: another version that still names only what it has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from models.program.program import Program
from tests.lifecycle.random_programs import programs

Document = dict[str, Any]
_Steps = list[Document]

_BLOCKS = ("then", "else")
_LENGTHS = ("30m", "2h", "25h", "1d", "2d", "4d", "1w")
_SECTIONS = ("doors", "scoring", "recycle", "disqualify", "timezone", "tracks", "handoff")
_LIFECYCLE = ("engaged", "mql", "mql_self_serve", "hand_raise", "disqualify", "idle")
_HANDOFF = ("routing", "accept", "first_touch", "qualify")
_WITHIN = ("30m", "1h", "4h", "9h", "1d", "3d")
_OFFICE_HOURS = (
    {"mon-fri": ["09:00-12:30", "13:30-18:00"]},
    {"mon-fri": ["06:00-24:00"]},
    {"sat-sun": ["10:00-12:00"]},
)
_HOLIDAYS: tuple[Document, ...] = (
    {},
    {"also": ["2026-03-03"]},
    {"also": ["2026-03-04", "2026-03-06"]},
)


def document_of(program: Program) -> Document:
    """The program as its file would say it."""
    found: Document = json.loads(program.canonical_json)
    return found


@st.composite
def edited(draw: st.DrawFn, program: Program) -> Program:
    """Another version of a program: one to four edits of what it says."""
    written = document_of(program)
    other = document_of(draw(programs())) if program.program == "nasty" else written
    for _ in range(draw(st.integers(1, 4))):
        edit = draw(st.sampled_from(_EDITS))
        edit(draw, written, other)
    _mend_references(written)
    return Program.model_validate(written)


def _edit_steps(draw: st.DrawFn, written: Document, other: Document) -> None:
    """Insert, remove, move or change one step of one track."""
    lists = [steps for track in written["tracks"].values() for steps in _lists(track["steps"])]
    steps = draw(st.sampled_from(lists))
    place = draw(st.integers(0, len(steps) - 1))
    elsewhere = [one for track in other["tracks"].values() for one in track["steps"]]
    what = draw(st.sampled_from(("insert", "remove", "move", "change", "change")))
    if what == "insert":
        steps.insert(place, json.loads(json.dumps(draw(st.sampled_from(elsewhere)))))
    elif what == "remove" and len(steps) > 1:
        del steps[place]
    elif what == "move":
        steps.insert(draw(st.integers(0, len(steps) - 1)), steps.pop(place))
    else:
        _change_step(draw, steps[place], written)


def _change_step(draw: st.DrawFn, step: Document, written: Document) -> None:
    if "wait" in step:
        step["wait"] = draw(st.sampled_from(_LENGTHS))
    elif "wait_until" in step:
        step["up_to"] = draw(st.sampled_from(_LENGTHS))
        step["wait_until"] = draw(st.sampled_from(("true", step["wait_until"], "stage == 'mql'")))
    elif "wait_for" in step:
        step.pop("before", None)
        step["after"] = draw(st.sampled_from(("1d", "3d", "1w")))
    elif "email" in step:
        step["email"] = draw(st.sampled_from(sorted(written["emails"])))
    elif "if" in step:
        step["if"] = draw(st.sampled_from(("true", "false", "score.total < 10.0")))
    elif "task" in step:
        step["task"]["kind"] = draw(st.sampled_from(("call", "linkedin")))


def _name_a_step(draw: st.DrawFn, written: Document, other: Document) -> None:  # noqa: ARG001
    """Give a step an id of its own."""
    lists = [steps for track in written["tracks"].values() for steps in _lists(track["steps"])]
    step = draw(st.sampled_from(draw(st.sampled_from(lists))))
    step["id"] = draw(st.sampled_from(("own-1", "own-2", "a", "wait")))


def _edit_track(draw: st.DrawFn, written: Document, other: Document) -> None:
    """Remove a track, change the order of tracks, or what one asks."""
    tracks = written["tracks"]
    name = draw(st.sampled_from(sorted(tracks)))
    what = draw(st.sampled_from(("remove", "order", "for", "exit", "again", "take")))
    if what == "remove" and len(tracks) > 1:
        del tracks[name]
    elif what == "order":
        tracks[name] = tracks.pop(name)
    elif what == "for":
        tracks[name]["for"] = draw(st.sampled_from(("true", "false", "motion == 'sales'")))
    elif what == "exit":
        tracks[name]["exit"] = draw(st.sampled_from(("did('page.viewed')", "score.total > 5.0")))
    elif what == "again":
        tracks[name]["again"] = not tracks[name].get("again", False)
    elif name in other["tracks"]:
        tracks[name] = json.loads(json.dumps(other["tracks"][name]))


def _edit_sending(draw: st.DrawFn, written: Document, other: Document) -> None:
    """Change windows, caps, the holdout or the words of an e-mail."""
    sending = written["sending"]
    what = draw(st.sampled_from(("send_window", "caps", "holdout", "text", "operational")))
    name = draw(st.sampled_from(sorted(written["emails"])))
    if what == "send_window":
        sending["send_window"] = draw(
            st.sampled_from(
                (None, {"days": "mon-fri", "hours": "10:00-12:00"}, other["sending"].get(what))
            )
        )
    elif what == "caps":
        sending["caps"] = draw(st.sampled_from(([], ["1 per 1d"], ["1 per 3d", "2 per 1w"])))
    elif what == "holdout":
        sending["holdout"] = draw(st.sampled_from(("0%", "60%")))
    elif what == "text":
        written["emails"][name]["subject"] = draw(st.sampled_from(("Hello", "Well")))
    else:
        written["emails"][name]["operational"] = draw(st.booleans())


def _edit_clock(draw: st.DrawFn, written: Document, other: Document) -> None:  # noqa: ARG001
    """Change a clock's length, calendar, reminders or what its breach does."""
    handoff = written.get("handoff", {})
    clocks = [
        one for one in ("accept", "first_touch", "qualify") if isinstance(handoff.get(one), dict)
    ]
    if not clocks:
        return
    name = draw(st.sampled_from(clocks))
    clock = handoff[name]
    what = draw(st.sampled_from(("within", "calendar", "remind_at", "on_breach")))
    if what == "within":
        clock["within"] = draw(st.sampled_from(_WITHIN))
    elif what == "calendar":
        if not clock.pop("calendar", None):
            clock["calendar"] = min(written["calendars"])
    elif what == "remind_at":
        clock["remind_at"] = draw(st.sampled_from(([], ["25%"], ["50%", "90%"])))
    else:
        reassigns = name == "accept" and draw(st.booleans())
        clock["on_breach"] = ["alert", "reassign"] if reassigns else ["alert"]


def _edit_calendar(draw: st.DrawFn, written: Document, other: Document) -> None:  # noqa: ARG001
    """Change open hours or holidays."""
    for calendar in written.get("calendars", {}).values():
        calendar["hours"] = draw(st.sampled_from((calendar["hours"], *_OFFICE_HOURS)))
        calendar["holidays"] = draw(st.sampled_from(_HOLIDAYS))


def _edit_section(draw: st.DrawFn, written: Document, other: Document) -> None:
    """Take a whole section, or a part of it, of another program."""
    section = draw(st.sampled_from((*_SECTIONS, "lifecycle", "part of handoff")))
    if section == "lifecycle":
        name = draw(st.sampled_from(_LIFECYCLE))
        _take(written["lifecycle"], other["lifecycle"], name)
    elif section == "part of handoff":
        name = draw(st.sampled_from(_HANDOFF))
        if name in other.get("handoff", {}):
            _take(written["handoff"], other["handoff"], name)
    else:
        _take(written, other, section)


def _edit_fields(draw: st.DrawFn, written: Document, other: Document) -> None:  # noqa: ARG001
    """Declare a field of the program otherwise, or a new one."""
    fields = written.setdefault("fields", {})
    fields[draw(st.sampled_from(("budget", "seats")))] = draw(
        st.sampled_from(("text", "number", "flag", "date"))
    )


def _edit_schedule(draw: st.DrawFn, written: Document, other: Document) -> None:  # noqa: ARG001
    """Change which track re-engagement enters."""
    schedule = written.get("schedules", {}).get("reengage")
    if schedule:
        schedule["track"] = draw(st.sampled_from(sorted(written["tracks"])))


_EDITS = (
    _edit_steps,
    _edit_steps,
    _edit_steps,
    _name_a_step,
    _edit_track,
    _edit_track,
    _edit_sending,
    _edit_clock,
    _edit_clock,
    _edit_calendar,
    _edit_section,
    _edit_section,
    _edit_fields,
    _edit_schedule,
)


def _take(written: Document, other: Document, name: str) -> None:
    if name in other:
        written[name] = json.loads(json.dumps(other[name]))
    else:
        written.pop(name, None)


def _lists(steps: _Steps) -> Iterator[_Steps]:
    """This list of steps and all lists inside it."""
    yield steps
    for step in steps:
        for block in _BLOCKS:
            if step.get(block):
                yield from _lists(step[block])


def _mend_references(written: Document) -> None:
    """Steps that name a track which is gone finish instead; ids are given once in a track."""
    for track in written["tracks"].values():
        given: set[str] = set()
        for steps in list(_lists(track["steps"])):
            for place, step in enumerate(steps):
                if step.get("move_to", "t") not in {*written["tracks"], "t"}:
                    steps[place] = {"finish": True}
                if step.get("id") in given:
                    del step["id"]
                given |= {step["id"]} if "id" in step else set()
    schedule = written.get("schedules", {}).get("reengage")
    if schedule and schedule["track"] not in written["tracks"]:
        del written["schedules"]
