"""The page of leads that do not go on: why, for how long, and what one can do."""

# Annotations are not postponed here: they name dependencies that the router makes.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from temporalio.service import RPCError

from adapters.reports.board_figures import (
    DEFERRED,
    FAILED,
    HERE,
    NOT_MOVING,
    REASONS,
    SKIPPED,
    SUPPRESSED,
)
from adapters.reports.figures import AGES, OLDER, Figure
from adapters.reports.track_hours import DAYS, FEWEST_HOURS, silent_tracks
from gateway.board.numbers import BoardNumbers, Number
from gateway.board.program import known_program
from gateway.board.remedies import REASSIGNABLE, may_reassign
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.outcomes import as_sentence
from gateway.web.pages import page
from usecases import scheduling
from usecases.context import Context
from usecases.suppressing import unsuppress

_AGES = (*AGES, OLDER)
REMEDIES = {
    "not-woken": "Their workflow did not run when it should have. A worker that runs catches up by"
    " itself. The button compares the database with Temporal now, and revives workflows that are"
    " gone, as leadflow reconcile does.",
    "unknown-outcome": "The worker stopped while the mail server took the mail. The mail counts as"
    " sent, and the rules send no mail twice: nobody can send it again. The lead"
    " goes on by itself.",
    "failed": "The mail could not be written, or the mail server refused it for good. The lead's"
    " page says why. The lead goes on. The rules do not try the same mail again: mend what"
    " made it fail for the mails that follow.",
    "unassigned": "Nobody in the team can take them. They are tried again every 30 minutes of"
    " office time. Give them to somebody, or raise a capacity, end an absence or add a member in"
    " the teams file.",
    "overdue": "Sales has missed a clock, and the manager was alerted. Give them to somebody else.",
    "paused": "The program is paused, or the person asked for a pause or is out of office. Their"
    " track goes on when it ends. A program that is paused you resume here. Only the person ends"
    " their own pause.",
    "suppressed": "They have unsubscribed or complained, or their address does not exist. Only they"
    " can take the first two back. A new address lifts a bounce, and so does the button of the"
    " lead, if the address works again.",
    "skipped": "Their latest mail was not sent, and their track goes on without it. The reason says"
    " what would be needed. A consent, for example, comes with a list.",
    "deferred": "Their mail waits for the send window, a frequency cap or the end of a pause. It is"
    " sent by itself. If too many wait for a cap, the program sends more than its caps allow.",
}
"""What one can do about each reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A button that leads to where something is done about a reason."""

    label: str
    path: str
    fields: Mapping[str, str]
    """What the path's query says."""


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
        remedies=_remedies(user, program),
        ask=_ask(user),
        ages=("under a day", "under a week", "older"),
        begun=begun,
        silent=[
            (one, counting.count(HERE, program=one.program, track=one.track).of(HERE))
            for one in silent
        ],
        silent_days=DAYS,
        fewest_hours=FEWEST_HOURS,
        paused=[name for name in names if context.programs.paused(name)],
    )


def _remedies(user: BoardUser, program: str | None) -> dict[str, Remedy]:
    """The button of each reason that this person may use."""
    own = {"program": program} if program is not None else {}
    change = f"/board/programs/{quote(program, safe='')}/change" if program else "/board/changes"
    found = {
        FAILED.name: Remedy(label="Change the program", path=change, fields={}),
        SKIPPED.name: Remedy(
            label="Launch a list with consents", path="/board/launches", fields={}
        ),
        DEFERRED.name: Remedy(label="Change the program", path=change, fields={}),
        SUPPRESSED.name: Remedy(
            label="Addresses that bounced",
            path=f"/board/lists/{SUPPRESSED.name}",
            fields={**own, "why": "bounced"},
        ),
    }
    if may_reassign(user):
        found |= {
            name: Remedy(label="Reassign …", path=f"/board/lists/{name}", fields=own)
            for name in REASSIGNABLE
        }
    return found


def _ask(user: BoardUser) -> dict[str, tuple[str, ...]]:
    """The managers to ask about a reason, if this person may not reassign leads themselves."""
    if may_reassign(user):
        return {}
    return dict.fromkeys(REASSIGNABLE, tuple(sorted(user.people.managers)))


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
        figure=figure, all=numbers.of(figure), lines=lines, remedy=REMEDIES[figure.name]
    )
