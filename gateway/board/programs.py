"""The page of all programs."""

# Annotations are not postponed here: they name dependencies that the router makes.

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from adapters.reports.board_figures import (
    DEFERRED,
    IN_FLIGHT,
    MAILS_TODAY,
    NOT_MOVING,
    OPEN_HANDOFFS,
    OVERDUE,
)
from adapters.sql.rollouts import SqlRollouts
from gateway.board.numbers import BoardNumbers, Number
from gateway.board.user import BoardUser, board_user
from gateway.web.pages import page
from lifecycle.stages import MOVES
from models.publication import Publication
from usecases.context import Context

_COUNTED = (IN_FLIGHT, OPEN_HANDOFFS, OVERDUE, DEFERRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLine:
    """One program of the page."""

    newest: Publication
    standing: str
    """`running`, `paused` or `publishing`."""
    in_flight: Number
    stages: tuple[tuple[str, Number], ...]
    """Those in flight by stage, in the stages' order."""
    figures: tuple[tuple[str, Number], ...]
    """The other numbers with their names."""


def router(context: Context) -> APIRouter:
    """The route of the page."""
    routes = APIRouter(include_in_schema=False)
    current_user = board_user(context)

    @routes.get("/board")
    def programs(user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show all programs."""
        return page(
            "board_programs.html",
            context,
            zone=user.zone,
            user=user,
            programs=_lines(context, user),
        )

    return routes


def _lines(context: Context, user: BoardUser) -> list[ProgramLine]:
    counting = BoardNumbers(context, user)
    standing = counting.count(*_COUNTED, by=("program", "stage"))
    mails = counting.count(MAILS_TODAY, by=("program",))
    publishing = {one.name for one in SqlRollouts(context.database).under_way()}
    lines = []
    for name in context.programs.names():
        figures = [
            ("open handoffs", standing.of(OPEN_HANDOFFS, program=name)),
            ("overdue", standing.of(OVERDUE, program=name)),
            ("mails today", mails.of(MAILS_TODAY, program=name)),
            ("mails deferred", standing.of(DEFERRED, program=name)),
            ("not moving", counting.count(NOT_MOVING, program=name).of(NOT_MOVING)),
        ]
        stages = ((one, standing.of(IN_FLIGHT, program=name, stage=one)) for one in MOVES)
        lines.append(
            ProgramLine(
                newest=context.programs.publications(name, most=1)[0],
                standing=_standing(context, name, publishing),
                in_flight=standing.of(IN_FLIGHT, program=name),
                stages=tuple(stages),
                figures=tuple(figures),
            )
        )
    return lines


def _standing(context: Context, name: str, publishing: set[str]) -> str:
    if context.programs.paused(name):
        return "paused"
    return "publishing" if name in publishing else "running"
