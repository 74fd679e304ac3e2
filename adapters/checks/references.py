"""Names in a program that refer to another part of it, which must exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.checks.cron import check_cron
from adapters.documents.marked import Node
from adapters.documents.problems import meant
from lifecycle.nurture.consent import CONFIRM
from lifecycle.program.creation import CREATION_FIELDS
from models.program.handoff import CLOCK_NAMES
from models.program.values import BUILT_IN_FIELDS

_SECTIONS = {"calendar": "calendars", "e-mail": "emails", "track": "tracks"}
_BUILT_IN_REASON = "recycled_out"


def check_references(root: Node) -> None:
    """Report every name of an e-mail, track, calendar or reason that does not exist."""
    _check_reasons(root)
    calendars, emails, tracks = (root.get(key).names() for key in ("calendars", "emails", "tracks"))
    for route in root.get("handoff", "routing").each():
        _check(route.get("calendar"), "calendar", calendars)
    for name in CLOCK_NAMES:
        for clock in clocks_in(root, name):
            _check(clock.get("calendar"), "calendar", calendars)
    for own, track in root.get("tracks").items():
        for step in steps_in(track.get("steps")):
            if step.get("move_to").text == own:
                step.get("move_to").report(
                    f"a lead can't move to '{own}', because it is there; name another track, or"
                    " write 'finish: true' and 'again: true' on the track"
                )
            _check(step.get("email"), "e-mail", emails)
            for variant in step.get("variants").values():
                _check(variant, "e-mail", emails)
            _check(step.get("move_to"), "track", tracks)
            _check_date(root, step.get("wait_for"))
    _check_opt_in(root)
    for schedule in root.get("schedules").values():
        _check(schedule.get("track"), "track", tracks)
        _check(schedule.get("select", "track"), "track", tracks)
        cron = schedule.get("cron")
        if cron.text is not None and (wrong := check_cron(cron.text)):
            cron.report(wrong)


def _check_date(root: Node, name: Node) -> None:
    """Report a `wait_for` of something that is no field of type `date`."""
    if name.text is None:
        return
    types = {**BUILT_IN_FIELDS, **{own: kind.text for own, kind in root.get("fields").items()}}
    dates = [field for field, kind in types.items() if kind == "date"]
    if name.text in dates:
        return
    kind = types.get(name.text)
    wrong = f"'{name.text}' is a {kind}" if kind else f"unknown field '{name.text}'"
    remedy = meant(name.text, dates) if dates else "declare one under fields, like renewal: date"
    name.report(f"{wrong}; wait_for needs a field of type date: {remedy}")


def _check_opt_in(root: Node) -> None:
    """Double opt-in needs an operational e-mail of its own."""
    asked = root.get("sending", "double_opt_in")
    if asked.value is not True:
        return
    if CONFIRM not in root.get("emails").names():
        asked.report(
            f"double opt-in needs an e-mail '{CONFIRM}', operational, with {{{{ confirm_url }}}}"
        )
    elif root.get("emails", CONFIRM, "operational").value is not True:
        root.get("emails", CONFIRM).report(
            "the e-mail that confirms a consent must be 'operational: true'", key=True
        )
    for track in root.get("tracks").values():
        for step in steps_in(track.get("steps")):
            if step.get("email").text == CONFIRM:
                step.get("email").report(
                    f"'{CONFIRM}' is sent by itself before all tracks; remove this step"
                )


def steps_in(steps: Node) -> Iterator[Node]:
    """Every step, also of branches, in document order."""
    for step in steps.each():
        yield step
        yield from steps_in(step.get("then"))
        yield from steps_in(step.get("else"))


def clocks_in(root: Node, name: str) -> list[Node]:
    """The clocks of this name: the items of its list, or the one that is no list."""
    written = root.get("handoff", name)
    return list(written.each()) if isinstance(written.value, list) else [written]


def check_fields(root: Node) -> None:
    """Report own fields of a program that are built in, or that CEL can't name."""
    for name, kind in root.get("fields").items():
        if name in BUILT_IN_FIELDS:
            kind.report(
                f"'{name}' is a field that every lead has ({BUILT_IN_FIELDS[name]});"
                " remove it or choose another name",
                key=True,
            )
        elif name in CREATION_FIELDS:
            kind.report(
                f"'{name}' is what a lead may be given at its creation; choose another name",
                key=True,
            )
        elif not (name.isascii() and name.isidentifier()) or name in ("in", "true", "null"):
            kind.report(
                f"'{name}' can't be written in an expression as lead.{name};"
                " use letters, digits and '_', a letter first",
                key=True,
            )


def _check_reasons(root: Node) -> None:
    known = {
        "recycle": root.get("recycle", "reasons").names(),
        "disqualify": (*root.get("disqualify", "reasons").names(), _BUILT_IN_REASON),
    }
    for rule in root.get("lifecycle", "disqualify").each():
        _check_reason(rule, "disqualify", known)
    for rule in root.get("lifecycle", "idle").each():
        _check_reason(rule, rule.get("do").text, known)
    for clock in (clock for name in CLOCK_NAMES for clock in clocks_in(root, name)):
        act = clock.get("then").text
        _check_reason(clock, act, known)
        if act in known and clock.get("reason").value is None:
            clock.report(f"'then: {act}' needs a reason; {_choose(act, known[act])}")


def _check_reason(rule: Node, act: str | None, known: dict[str, tuple[str, ...]]) -> None:
    if act in known:
        reason, section = rule.get("reason"), f"{act}.reasons"
        if reason.text is not None and reason.text not in known[act]:
            reason.report(
                f"unknown reason '{reason.text}' in {section}; {_add(reason, known[act])}"
            )


def _choose(act: str, known: tuple[str, ...]) -> str:
    if not known:
        return f"add one under {act}.reasons and name it here with 'reason: NAME'"
    return f"add 'reason: {known[0]}', or another of {act}.reasons: {', '.join(known)}"


def _add(name: Node, known: Iterable[str]) -> str:
    remedy = meant(name.text or "", known)
    return remedy if remedy.startswith("did") else f"add it there ({remedy})"


def _check(name: Node, what: str, known: tuple[str, ...]) -> None:
    if name.text is not None and name.text not in known:
        remedy = meant(name.text, known) if known else f"add it under {_SECTIONS[what]}"
        name.report(f"unknown {what} '{name.text}'; {remedy}")
