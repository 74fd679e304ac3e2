"""Tracks that no lead can enter, or in which no lead can stay, and branches never reached."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import get_args

from adapters.checks.references import steps_in
from adapters.documents.marked import Node
from lifecycle.program.cel_library import cel
from lifecycle.program.expressions import expression
from lifecycle.stages import TRACK_STAGES
from models.program.schedules import REENGAGE
from models.program.values import Motion


def warn_of_unreachable_tracks(root: Node) -> None:
    """Warn of each `for` that holds in no stage, unless a step or re-engagement begins the track.

    Also of each `exit` that holds wherever `for` does, so that the first input ends the track.
    """
    tracks = list(root.get("tracks").items())
    moved_to = {
        step.get("move_to").text for _, track in tracks for step in steps_in(track.get("steps"))
    }
    moved_to.add(root.get("schedules", REENGAGE, "track").text)
    for name, track in tracks:
        source = track.get("for").text
        if not source or name in moved_to:
            continue
        parts = tuple(conjuncts(source))
        stages = [stage for stage in TRACK_STAGES if _may_hold(parts, stage)]
        ends = track.get("exit").text
        if not stages:
            track.get("for").warn(
                "no lead can enter this track: a lead has a track only in the stages"
                f" {', '.join(TRACK_STAGES)}; name one of them here"
            )
        elif ends and all(_always_ends(parts, ends, stage) for stage in stages):
            track.get("exit").warn(
                "it holds wherever 'for' holds, so the first event ends the track; write when the"
                " lead has reached what the track is for"
            )


def conjuncts(source: str) -> Iterator[str]:
    """The parts of `a && b`, if these are all that the expression consists of; else the whole."""
    depth, begin, parts = 0, 0, []
    tokens = expression(source).tokens
    for token, following in pairwise(tokens):
        depth += (token.text in "([{") - (token.text in ")]}")
        if depth == 0 and token.text in ("|", "?"):
            yield source
            return
        if depth == 0 and token.text == following.text == "&":
            parts.append(source[begin : token.offset])
            begin = following.offset + 1
    yield from (*parts, source[begin:])


def _may_hold(parts: tuple[str, ...], stage: str) -> bool:
    """Whether no part that asks only for stage and motion rules the stage out."""
    return any(all(may_hold(part, stage, motion) for part in parts) for motion in get_args(Motion))


def _always_ends(parts: tuple[str, ...], ends: str, stage: str) -> bool:
    """Whether the exit holds for every lead of this stage that the `for` may let in."""
    return all(
        holds_in(ends, stage, motion)
        for motion in get_args(Motion)
        if all(may_hold(part, stage, motion) for part in parts)
    )


def warn_of_conditions_that_never_hold(root: Node) -> None:
    """Warn of each step's condition that holds in no stage that has tracks."""
    for track in root.get("tracks").values():
        for step in steps_in(track.get("steps")):
            for key in ("if", "wait_until"):
                source = step.get(key).text
                if source and not any(
                    _may_hold(tuple(conjuncts(source)), stage) for stage in TRACK_STAGES
                ):
                    step.get(key).warn(
                        "it never holds here, so 'then' is never reached: a lead has a track only"
                        f" in the stages {', '.join(TRACK_STAGES)}; ask for one of them, or for"
                        " something else"
                    )


def may_hold(part: str, stage: str, motion: str) -> bool:
    """Whether a part may hold: what asks for more than stage and motion always may."""
    return not _asks_stage_only(part) or holds_in(part, stage, motion)


def holds_in(part: str, stage: str, motion: str) -> bool:
    """Whether an expression holds for every lead of this stage and motion."""
    context = cel.Context(variables={"stage": stage, "motion": motion})
    return _asks_stage_only(part) and expression(part).holds(context)


def _asks_stage_only(part: str) -> bool:
    compiled = expression(part)
    return compiled.variables <= {"stage", "motion"} and not compiled.did_signatures
