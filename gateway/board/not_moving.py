"""The page of leads that do not go on: why, for how long, and what one can do."""

# Annotations are not postponed here: they name dependencies that the router makes.

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from temporalio.service import RPCError

from adapters.reports.board_figures import HERE, NOT_MOVING, OVERDUE, REASONS, UNASSIGNED
from adapters.reports.figures import AGES, OLDER, Figure
from adapters.reports.track_hours import DAYS, FEWEST_HOURS, silent_tracks
from gateway.board.numbers import BoardNumbers, Number
from gateway.board.program import known_program
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.outcomes import as_sentence
from gateway.web.pages import page
from usecases import scheduling
from usecases.context import Context
from usecases.suppressing import unsuppress

_AGES = (*AGES, OLDER)
_DESK_GROUPS = {UNASSIGNED.name: "unowned", OVERDUE.name: "overdue"}
"""Figures whose leads a manager reassigns at the desk, and the group that holds them there."""

_REMEDIES = {
    "not-woken": "Their workflow did not run when it should have. A worker that runs catches up by"
    " itself. The button compares the database with Temporal now, and revives workflows that are"
    " gone, as leadflow reconcile does.",
    "unknown-outcome": "The worker stopped while the mail server took the mail. The mail counts as"
    " sent, so that nobody gets it twice. Its lead goes on; nothing is to be done.",
    "failed": "The mail server refused the mail for good. The lead's page says with which words.",
    "unassigned": "Nobody in the team can take them. They are tried again every 30 minutes of"
    " office time. Raise a capacity, end an absence or add a member in the teams file.",
    "overdue": "Sales has missed a clock. The manager was alerted, and can reassign the lead at the"
    " desk.",
    "paused": "The program is paused, or the person asked for a pause or is out of office. Their"
    " track goes on when it ends.",
    "suppressed": "They have unsubscribed or complained, or their address does not exist. Only they"
    " can take the first two back. A new address lifts a bounce, and so does the button on the"
    " lead's page, if the address works again.",
    "skipped": "Their latest mail was not sent, and their track goes on without it. The reason says"
    " what would be needed: a consent, for example.",
    "deferred": "Their mail waits for the send window, a frequency cap or the end of a pause. It is"
    " sent by itself. If too many wait for a cap, the program sends more than its caps allow.",
}
"""What one can do about each reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonLine:
    """One reason with its numbers by age, and all together."""

    why: str
    ages: tuple[Number, ...]
    all: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonTable:
    """A figure by reason and age."""

    figure: Figure
    all: Number
    lines: tuple[ReasonLine, ...]
    remedy: str


def router(context: Context) -> APIRouter:
    """The routes: for all programs, and for one."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = board_user(context), board_form(context)

    @routes.get("/board/not-moving")
    def all_programs(
        user: Annotated[BoardUser, Depends(current_user)], begun: str = ""
    ) -> HTMLResponse:
        """Show leads of all programs."""
        return _page(context, user, None, begun=bool(begun))

    @routes.get("/board/programs/{name}/not-moving")
    def one_program(name: str, user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show leads of one program."""
        known_program(context, name)
        return _page(context, user, name)

    @routes.post("/board/not-moving", dependencies=[Depends(form_user)])
    async def reconcile() -> Response:
        """Begin a run that compares the database with Temporal, and revives what is gone."""
        if context.schedules is None:
            raise DeskProblemError(503, "This gateway has no Temporal, so nothing can be revived.")
        try:
            await scheduling.trigger("reconcile", context.database, context.schedules)
        except scheduling.ScheduleError as error:
            raise DeskProblemError(409, as_sentence(str(error))) from None
        except RPCError:
            raise DeskProblemError(
                503, "Temporal does not answer now. Try again in a minute."
            ) from None
        return RedirectResponse("/board/not-moving?begun=yes", 303)

    @routes.post("/board/leads/{lead}/reinstate", dependencies=[Depends(form_user)])
    def reinstate(lead: str) -> Response:
        """Let mail go to a lead's address again that has bounced."""
        own = context.reports.with_id(lead) if lead.isprintable() else None
        state = context.journal.state(own) if own is not None else None
        address = state.profile.get("email") if state is not None else None
        if own is None or not isinstance(address, str):
            raise DeskProblemError(404, "There is no such lead with an address.")
        lifted = unsuppress(context.intake, address, "bounced", at=context.now())
        if not lifted.reasons:
            raise DeskProblemError(409, "The address of this lead has not bounced. Nothing to do.")
        return RedirectResponse(f"/board/leads/{quote(own, safe='')}", 303)

    return routes


def _page(
    context: Context, user: BoardUser, program: str | None, *, begun: bool = False
) -> HTMLResponse:
    counting = BoardNumbers(context, user)
    silent = silent_tracks(context.database, context.now(), program)
    only: dict[str, Any] = {"program": program} if program is not None else {}
    names = context.programs.names() if program is None else (program,)
    return page(
        "board_not_moving.html",
        context,
        zone=user.zone,
        user=user,
        program_name=program,
        total=counting.count(NOT_MOVING, **only).of(NOT_MOVING),
        tables=[_table(counting, figure, only) for figure in REASONS],
        ages=("under a day", "under a week", "older"),
        begun=begun,
        silent=[
            (one, counting.count(HERE, program=one.program, track=one.track).of(HERE))
            for one in silent
        ],
        silent_days=DAYS,
        fewest_hours=FEWEST_HOURS,
        at_the_desk=_at_the_desk(user, only),
        paused=[name for name in names if context.programs.paused(name)],
    )


def _at_the_desk(user: BoardUser, only: dict[str, Any]) -> dict[str, str]:
    """Where this person reassigns the leads of a figure; nowhere if they manage no team."""
    if not user.people.managed_by(user.person):
        return {}
    return {
        figure: f"/desk/team?{urlencode({'group': group, **only})}#queue"
        for figure, group in _DESK_GROUPS.items()
    }


def _table(counting: BoardNumbers, figure: Figure, only: dict[str, Any]) -> ReasonTable:
    numbers = counting.count(figure, by=("why", "age"), **only)
    lines = tuple(
        ReasonLine(
            why=why or "",
            ages=tuple(numbers.of(figure, why=why, age=age) for age in _AGES),
            all=numbers.of(figure, why=why),
        )
        for why in numbers.values("why", figure)
    )
    return ReasonTable(
        figure=figure, all=numbers.of(figure), lines=lines, remedy=_REMEDIES[figure.name]
    )
