"""A program's tracks as an outline: a line a step, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from lifecycle.program.step_ids import email_choices, step_ids
from models.program.program import Program
from models.program.tracks import (
    AnyStep,
    BranchingStep,
    EmailStep,
    FinishStep,
    IfStep,
    MoveToStep,
    NotifyStep,
    TaskStep,
    Track,
    VariantsStep,
    WaitForStep,
    WaitStep,
    WaitUntilStep,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step."""

    id: str
    words: str
    depth: int
    """In how many branches it stands."""
    branch: str
    """`then` or `else`, of the first step of a branch; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOutline:
    """One track."""

    name: str
    entered: str
    """Who enters it, in words."""
    left: str
    """When it is left at once, in words; empty if at its end only."""
    steps: tuple[StepLine, ...]


def outline(program: Program) -> tuple[TrackOutline, ...]:
    """The tracks in the order of the file, which is the order in which leads are asked for them."""
    return tuple(_track(name, track) for name, track in program.tracks.items())


def _track(name: str, track: Track) -> TrackOutline:
    entered = f"leads for which {track.for_}"
    if track.start_on is not None:
        entered = f"leads for which {track.for_}, at an event for which {track.start_on}"
    if track.again:
        entered += "; again, too"
    ids = step_ids(track)
    return TrackOutline(
        name=name,
        entered=entered,
        left=f"when {track.exit}" if track.exit is not None else "",
        steps=tuple(_lines(track.steps, ids, 0, "")),
    )


def _lines(
    steps: tuple[AnyStep, ...], ids: dict[int, str], depth: int, branch: str
) -> Iterator[StepLine]:
    for place, step in enumerate(steps):
        first = branch if place == 0 else ""
        yield StepLine(id=ids[id(step)], words=step_words(step), depth=depth, branch=first)
        if isinstance(step, BranchingStep):
            yield from _lines(step.then, ids, depth + 1, "then")
            yield from _lines(step.else_, ids, depth + 1, "else")


def step_words(step: AnyStep) -> str:  # noqa: C901  # one branch for each kind of step
    """What a step does, in words."""
    match step:
        case EmailStep(email=email):
            return f"send {email}"
        case VariantsStep():
            choices = email_choices(step)
            every = sum(weight for _, _, weight in choices) or 1
            shares = (f"{email} ({round(100 * weight / every)} %)" for _, email, weight in choices)
            return f"send one of {', '.join(shares)}"
        case WaitStep(wait=wait):
            return f"wait {wait}"
        case WaitUntilStep(wait_until=condition, up_to=up_to):
            return f"wait until {condition}, at most {up_to}"
        case WaitForStep():
            return _wait_for(step)
        case IfStep(if_=condition):
            return f"if {condition}"
        case TaskStep(task=task):
            whom = f"team {task.team}" if task.team is not None else "the owner"
            return f"task for {whom}: {task.kind}" + (f", {task.note}" if task.note else "")
        case NotifyStep(notify=notice):
            return f"notify in the {notice.channel}: {notice.message}"
        case MoveToStep(move_to=target):
            return f"go to the track {target}"
        case FinishStep():
            return "leave the track"
        case _:
            assert_never(step)


def _wait_for(step: WaitForStep) -> str:
    where = f"on the day {step.wait_for}"
    if step.before is not None:
        where = f"{step.before} before {step.wait_for}"
    elif step.after is not None:
        where = f"{step.after} after {step.wait_for}"
    return f"wait for {step.at:%H:%M} {where}"
