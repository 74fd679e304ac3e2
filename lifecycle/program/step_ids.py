"""The ids of a track's steps: by them the state knows its place, also after an edit."""

from __future__ import annotations

from collections.abc import Iterator

from models.program.tracks import (
    AnyStep,
    BranchingStep,
    EmailStep,
    Track,
    VariantsStep,
    step_kind,
)


def document_order(steps: tuple[AnyStep, ...]) -> Iterator[AnyStep]:
    """Every step of a track, each before the steps of its branches."""
    for step in steps:
        yield step
        if isinstance(step, BranchingStep):
            yield from document_order(step.then)
            yield from document_order(step.else_)


def step_ids(track: Track) -> dict[int, str]:
    """The id of every step, by `id(step)`: its own, else what it is about, not where it stands.

    So a lead keeps its place when steps are added or removed. An e-mail step has the name of its
    e-mail (`welcome`), variants the names of theirs (`short-or-long`). Any other step has its kind
    and the nearest e-mail or given id above it (`wait-after-welcome`). A name that is taken gets
    `-2`, `-3` and so on (VERSIONS.md section 10).
    """
    steps = list(document_order(track.steps))
    ids: dict[int, str] = {}
    taken = {step.id for step in steps if step.id is not None}
    above: str | None = None
    for step in steps:
        own = step.id or free_name(_default_id(step, above), taken)
        taken.add(own)
        ids[id(step)] = own
        if step.id is not None or isinstance(step, EmailStep | VariantsStep):
            above = own
    return ids


def _default_id(step: AnyStep, above: str | None) -> str:
    if isinstance(step, EmailStep | VariantsStep):
        return "-or-".join(email for _, email, _ in email_choices(step))
    kind = str(step_kind(step)).replace("_", "-")
    return f"{kind}-after-{above}" if above is not None else kind


def former_ids(track: Track, ids: dict[int, str]) -> dict[str, str]:
    """The present ids of steps by the ids that release 0.1 gave them: kind and position.

    The state of a lead in flight may name a step by its former id.
    """
    steps = list(document_order(track.steps))
    taken = {step.id for step in steps if step.id is not None}
    former: dict[str, str] = {}
    for position, step in enumerate(steps, start=1):
        if step.id is None:
            name = step.email if isinstance(step, EmailStep) else f"{step_kind(step)}-{position}"
            free = free_name(name, taken)
            taken.add(free)
            former[free] = ids[id(step)]
    return former


def free_name(name: str, taken: set[str]) -> str:
    """The name, or the first of `name-2`, `name-3` and so on that is not taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def email_choices(step: EmailStep | VariantsStep) -> tuple[tuple[str | None, str, int], ...]:
    """What a step can send: variant, e-mail and weight, in file order."""
    if isinstance(step, EmailStep):
        return ((None, step.email, 1),)
    weights = step.weights or {}
    return tuple((name, email, weights.get(name, 1)) for name, email in step.variants.items())
