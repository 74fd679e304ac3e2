"""Give leads that wait for sales to somebody else, from the lists of the board.

The rules let the manager of the lead's team reassign. So the board offers it to whoever manages a
team, in their own name, and to an admin of marketing, in the name of the team's manager; then the
timeline's `via` names the admin. Anybody else is told which manager to ask. Each lead goes through
the use case of all doors. What is refused is told with the reason.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from adapters.reports.board_figures import OVERDUE, UNASSIGNED
from adapters.reports.figures import Figure, SqlFigures
from gateway.board.numbers import asking
from gateway.board.user import BoardUser, board_form
from gateway.web.desk_session import DeskProblemError
from gateway.web.outcomes import sentence_of, status_of
from gateway.web.pages import page
from models.directory import Directory, Member
from usecases.acting import ActFailed
from usecases.acting_on_several import perform_on_each
from usecases.context import Acts, Context
from usecases.viewer import ADMIN, Viewer, viewer_for_person

REASSIGNABLE = {one.name: one for one in (UNASSIGNED, OVERDUE)}
"""The figures whose lists offer to reassign."""
MOST = 500
"""Leads that are given to somebody at once."""
_MOST_NAMED = 20
"""Names of leads that a page lists; it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigning:
    """What a list offers to give its leads to somebody else."""

    figure: str
    query: str
    """What narrows the list down, as in its path."""
    members: Mapping[str, Sequence[Member]]
    """To whom, by team."""
    identity: str
    """Of the form, so that sent twice it has one effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Actor:
    """In whose name the user reassigns."""

    viewer: Viewer
    own: bool
    """In their own; else in that of the team's manager."""
    teams: frozenset[str]

    @property
    def words(self) -> str:
        return "" if self.own else "It is done in the name of the team's manager."


def may_reassign(user: BoardUser) -> frozenset[str]:
    """The teams whose leads this person may reassign at the board."""
    actor = _actor(user)
    return actor.teams if actor is not None else frozenset()


def reassigning(figure: Figure, query: str, user: BoardUser) -> Reassigning | None:
    """What a figure's list offers to this person; None if it is nothing."""
    teams = may_reassign(user)
    if figure.name not in REASSIGNABLE or not teams:
        return None
    return Reassigning(
        figure=figure.name,
        query=query,
        members={one: user.people.teams[one].members for one in sorted(teams)},
        identity=uuid.uuid4().hex,
    )


def router(context: Context, acts: Acts) -> APIRouter:
    """The route of the form."""
    routes = APIRouter(include_in_schema=False)
    form_user = board_form(context)

    @routes.post("/board/reassign")
    async def reassign(
        request: Request, user: Annotated[BoardUser, Depends(form_user)]
    ) -> Response:
        """Ask whether the selected leads shall be somebody else's, or give them to that person."""
        asked = _ReassignForm(await request.form())
        actor = _actor(user)
        if actor is None:
            raise DeskProblemError(403, _NOT_ALLOWED)
        if asked.every:
            asked.leads = await asyncio.to_thread(_every, context, user, asked)
        to = asked.receiver(user.people, actor)
        if not asked.sure:
            return await asyncio.to_thread(_confirmation, context, user, actor, asked, to)
        managers = await asyncio.to_thread(_managers, context, user, asked.leads)

        def fields(lead: str) -> dict[str, Any]:
            return {"to": to.email, "by": user.person if actor.own else managers.get(lead)}

        failed = await perform_on_each(
            context,
            acts,
            actor.viewer,
            leads=asked.leads,
            do="reassign",
            fields=fields,
            identity=asked.identity,
        )
        if not failed:
            done = urlencode({"done": len(asked.leads)})
            return RedirectResponse(f"{asked.path}{'&' if asked.query else '?'}{done}", 303)
        return await asyncio.to_thread(_failures, context, user, asked, failed)

    @routes.get("/board/reassign")
    def back() -> RedirectResponse:
        """Redirect to the reasons: a browser opens this URL again after a refusal."""
        return RedirectResponse("/board/not-moving", 303)

    return routes


_NOT_ALLOWED = (
    "Leads are reassigned by the manager of their team, or by an admin of marketing. Ask one of"
    " them."
)


class _ReassignForm:
    """What the form of a list asks."""

    def __init__(self, form: FormData) -> None:
        self.figure = str(form.get("figure") or "")
        if self.figure not in REASSIGNABLE:
            raise DeskProblemError(404, "There is no such list.")
        pairs = parse_qsl(str(form.get("query") or ""), keep_blank_values=True)
        self.only = {name: value for name, value in pairs if "\0" not in value}
        self.query = urlencode(self.only)
        selected = (str(one) for one in form.getlist("lead"))
        self.leads = tuple(dict.fromkeys(one for one in selected if one and one.isprintable()))
        self.sure = form.get("sure") == "yes"
        self.every = form.get("every") == "yes" and not self.sure
        """Whether all leads of the list are meant, on all its pages."""
        self.to = str(form.get("to") or "").strip().lower()
        self.identity = str(form.get("id") or "")[:100]

    def receiver(self, people: Directory, actor: _Actor) -> Member:
        """Who gets the leads. Raises DeskProblemError if the form is not complete."""
        to = people.member(self.to)
        if to is None or not people.teams_of(to.email) & actor.teams:
            raise DeskProblemError(422, "Choose who gets the leads, then press the button again.")
        if not self.leads:
            raise DeskProblemError(422, "Select a lead first, then press the button again.")
        if len(self.leads) > MOST:
            raise DeskProblemError(
                422, f"At most {MOST} leads are given to somebody at once; select fewer."
            )
        return to

    @property
    def path(self) -> str:
        """The list from which the form came."""
        return f"/board/lists/{self.figure}{'?' if self.query else ''}{self.query}"


def _actor(user: BoardUser) -> _Actor | None:
    managed = user.people.managed_by(user.person)
    own = viewer_for_person(user.people, user.person) if managed else None
    if own is not None:
        return _Actor(viewer=own.through("board"), own=True, teams=managed)
    led = frozenset(name for name, team in user.people.teams.items() if team.manager)
    if user.is_admin and led:
        viewer = ADMIN.through(f"board {user.person}")
        return _Actor(viewer=viewer, own=False, teams=led)
    return None


def _every(context: Context, user: BoardUser, asked: _ReassignForm) -> tuple[str, ...]:
    """All leads of the list, or one more than are allowed."""
    figures, at = SqlFigures(context.database), asking(context, user)
    only = {name: value or None for name, value in asked.only.items()}
    found: list[str] = []
    number = 1
    while len(found) <= MOST:
        try:
            shown = figures.listed(REASSIGNABLE[asked.figure], at, only=only, number=number)
        except KeyError:
            raise DeskProblemError(404, "There is no such list.") from None
        found += [one.lead for one in shown.lines]
        if not shown.lines or shown.last >= shown.total:
            break
        number += 1
    return tuple(dict.fromkeys(found))


def _managers(context: Context, user: BoardUser, leads: Sequence[str]) -> dict[str, str | None]:
    """The manager of each lead's team."""
    return {
        lead: user.people.manager_of(line.team)
        for lead in leads
        if (line := context.reports.line(lead)) is not None
    }


def _name(context: Context, lead: str) -> str:
    line = context.reports.line(lead)
    return (line.name or line.email or line.id) if line is not None else lead


def _confirmation(
    context: Context, user: BoardUser, actor: _Actor, asked: _ReassignForm, to: Member
) -> HTMLResponse:
    return page(
        "board_reassign.html",
        context,
        zone=user.zone,
        user=user,
        asked=asked,
        to=to,
        in_whose_name=actor.words,
        names=[_name(context, lead) for lead in asked.leads[:_MOST_NAMED]],
    )


def _failures(
    context: Context, user: BoardUser, asked: _ReassignForm, failed: Mapping[str, ActFailed]
) -> HTMLResponse:
    """Say what was refused, each reason once with its leads."""
    by_sentence: dict[str, list[str]] = {}
    for lead, outcome in failed.items():
        by_sentence.setdefault(sentence_of(outcome), []).append(_name(context, lead))
    return page(
        "board_reassign_refused.html",
        context,
        status=status_of(next(iter(failed.values()))) if len(asked.leads) == 1 else 409,
        zone=user.zone,
        user=user,
        asked=asked,
        done=len(asked.leads) - len(failed),
        refusals=by_sentence,
        most_named=_MOST_NAMED,
    )
