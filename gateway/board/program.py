"""The page of one program: its outline, and who stands at which step."""

# Annotations are not postponed here: they name dependencies that the router makes.

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from adapters.reports.board_figures import (
    DUE_IN_A_DAY,
    DUE_IN_AN_HOUR,
    HERE,
    IN_FLIGHT,
    LEADS,
    MOVED_TODAY,
)
from gateway.board.month import Month, TrackMonth
from gateway.board.numbers import BoardNumbers, Number, Numbers
from gateway.board.user import BoardUser, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from lifecycle.stages import MOVES
from lifecycle.words.outline import StepLine, TrackOutline, outline
from models.program.program import Program
from models.publication import Publication
from usecases.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNumbers:
    """A step and who stands there."""

    line: StepLine
    here: Number
    in_an_hour: Number
    in_a_day: Number
    deferred: tuple[tuple[str, Number], ...]
    """By reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackNumbers:
    """A track and who is in it."""

    outline: TrackOutline
    here: Number
    steps: tuple[StepNumbers, ...]
    month: TrackMonth


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version of the program, and the leads in flight on it."""

    digest: str
    published: Publication | None
    """Its latest publication, if it is among the latest hundred."""
    leads: Number


def router(context: Context) -> APIRouter:
    """The route of the page."""
    routes = APIRouter(include_in_schema=False)
    current_user = board_user(context)

    @routes.get("/board/programs/{name}")
    def program(
        name: str, user: Annotated[BoardUser, Depends(current_user)], version: str = ""
    ) -> HTMLResponse:
        """Show a program: all its leads at the newest version's steps, or those of one version."""
        program = known_program(context, name, version)
        one_version = {"digest": version} if version else {}
        only: dict[str, Any] = {"program": name, **one_version}
        counting = BoardNumbers(context, user)
        standing = counting.count(
            HERE,
            DUE_IN_AN_HOUR,
            DUE_IN_A_DAY,
            by=("track", "step", "deferred"),
            longest=HERE,
            **only,
        )
        stages = counting.count(LEADS, IN_FLIGHT, by=("stage", "digest"), program=name)
        moved = counting.count(MOVED_TODAY, by=("to",), **only)
        tracks, month = outline(program), Month(counting, only)
        return page(
            "board_program.html",
            context,
            zone=user.zone,
            user=user,
            program_name=name,
            picked=version,
            paused=context.programs.paused(name),
            in_flight=stages.of(IN_FLIGHT, **one_version),
            stages=[
                (one, stages.of(LEADS, stage=one, **one_version), moved.of(MOVED_TODAY, to=one))
                for one in MOVES
            ],
            tracks=[_track(one, standing, month) for one in tracks],
            gone=_gone(tracks, standing),
            versions=_versions(context, name, program if not version else None, stages),
        )

    return routes


def known_program(context: Context, name: str, version: str = "") -> Program:
    """The newest version of a program, or the one of this digest. Raises DeskProblemError."""
    newest = context.programs.newest(name) if name.isprintable() else None
    if newest is None:
        raise DeskProblemError(404, f"No program '{name}' was published.")
    if not version:
        return newest
    if not version.isalnum() or version not in context.programs.versions(name, version):
        raise DeskProblemError(404, f"The program '{name}' has no such version.")
    return context.programs.load(version)


def _track(track: TrackOutline, standing: Numbers, month: Month) -> TrackNumbers:
    return TrackNumbers(
        outline=track,
        here=standing.of(HERE, track=track.name),
        steps=tuple(_step(track.name, line, standing) for line in track.steps),
        month=month.track(track),
    )


def _step(track: str, line: StepLine, standing: Numbers) -> StepNumbers:
    place = {"track": track, "step": line.id}
    return StepNumbers(
        line=line,
        here=standing.of(HERE, **place),
        in_an_hour=standing.of(DUE_IN_AN_HOUR, **place),
        in_a_day=standing.of(DUE_IN_A_DAY, **place),
        deferred=tuple(
            (why, standing.of(HERE, **place, deferred=why))
            for why in standing.values("deferred", HERE, **place)
            if why is not None
        ),
    )


def _gone(tracks: tuple[TrackOutline, ...], standing: Numbers) -> list[tuple[str, Number]]:
    """Where leads stand and the outline has no step: steps of other versions."""
    steps = {(track.name, line.id) for track in tracks for line in track.steps}
    found = []
    for track in standing.values("track", HERE):
        for step in standing.values("step", HERE, track=track):
            if (track, step) not in steps:
                number = standing.of(HERE, track=track, step=step)
                found.append((f"{track}, {step}", number))
    return found


def _versions(
    context: Context, name: str, newest: Program | None, stages: Numbers
) -> list[VersionLine]:
    """The versions on which leads are, and the newest; the latest published first."""
    published: dict[str, Publication] = {}
    for one in context.programs.publications(name):
        published.setdefault(one.digest, one)
    standing = {one for one in stages.values("digest", IN_FLIGHT) if one is not None}
    if newest is not None:
        standing.add(newest.digest)
    order = [*(one for one in published if one in standing), *sorted(standing - set(published))]
    return [
        VersionLine(
            digest=one, published=published.get(one), leads=stages.of(IN_FLIGHT, digest=one)
        )
        for one in order
    ]
