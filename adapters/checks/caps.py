"""Caps that always defer an e-mail, caps that never do, and a holdout of all leads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from adapters.documents.marked import Node
from models.durations import Rate, parse_cap, parse_duration, parse_share

_Paced = tuple[timedelta, Node]
"""An e-mail step, and how long after the first step it is reached at the earliest."""


def warn_of_tight_caps(root: Node) -> None:
    """Warn of the first e-mail of each track that comes sooner than a cap allows."""
    caps = [parse_cap(cap.value) for cap in root.get("sending", "caps").each()]
    for track in root.get("tracks").values():
        sequences = _sequences(root, track.get("steps"))
        late = (found for paced in sequences for cap in caps if (found := _deferred(paced, cap)))
        if (first := next(late, None)) is not None:
            step, cap, waited = first
            step.get("email" if step.get("email").text else "variants").warn(
                f"the cap '{cap}' defers this e-mail each time: it is number {cap.most + 1} of its"
                f" track, and only {_length(waited)} of waits lie between it and number 1 of these;"
                f" wait {cap.per} in all, or loosen sending.caps"
            )


def warn_of_idle_caps(root: Node) -> None:
    """Warn of each cap that a tighter one always comes before, and of a holdout of all."""
    caps = [(cap, parse_cap(cap.value)) for cap in root.get("sending", "caps").each()]
    for place, (node, cap) in enumerate(caps):
        for other, (_, tighter) in enumerate(caps):
            same = (cap.most, cap.per) == (tighter.most, tighter.per) and other > place
            if other == place or same or cap.per is None or tighter.per is None:
                continue
            if tighter.most <= cap.most and tighter.per.elapsed >= cap.per.elapsed:
                node.warn(f"'{cap}' has no effect, because '{tighter}' is tighter; remove it")
                break
    holdout = root.get("sending", "holdout")
    if holdout.text is not None and parse_share(holdout.text).value >= 1:
        holdout.warn("a holdout of 100% is all leads, so nobody gets mail; write one like 10%")


def _deferred(paced: list[_Paced], cap: Rate) -> tuple[Node, Rate, timedelta] | None:
    """The first e-mail that is too many in the cap's window, and how long was waited till then."""
    window = cap.per.elapsed if cap.per is not None else timedelta()
    for (before, _), (at, step) in zip(paced, paced[cap.most :], strict=False):
        if at - before < window:
            return step, cap, at - before
    return None


def _sequences(
    root: Node, steps: Node, at: timedelta = timedelta(), before: tuple[_Paced, ...] = ()
) -> Iterator[list[_Paced]]:
    """E-mails that follow each other with nothing but known waits between them.

    A `wait_until` counts as its whole `up_to`. What follows an `if` or a `wait_for` is a new
    sequence, and so is what follows the branches of a step.
    """
    paced = list(before)
    for step in steps.each():
        branches = step.get("then"), step.get("else")
        if any(branch.value is not None for branch in branches):
            yield paced
            limit = step.get("up_to").text
            begun = () if limit is None else tuple(paced)
            at += parse_duration(limit).elapsed if limit is not None else timedelta()
            for branch in branches:
                yield from _sequences(root, branch, at, begun)
            at, paced = timedelta(), []
        elif (wait := step.get("wait").text) is not None:
            at += parse_duration(wait).elapsed
        elif _capped(root, step):
            paced.append((at, step))
    yield paced


def _capped(root: Node, step: Node) -> bool:
    """Whether the step sends mail that counts for caps."""
    names = [step.get("email").text, *(one.text for one in step.get("variants").values())]
    return any(root.get("emails", name, "operational").value is not True for name in names if name)


def _length(waited: timedelta) -> str:
    if waited and waited % timedelta(days=1) == timedelta():
        return f"{waited.days}d"
    hours, minutes = divmod(int(waited.total_seconds()) // 60, 60)
    return f"{hours}h" if hours and not minutes else f"{hours * 60 + minutes}m"
