"""My leads by urgency, a lead's page, and the acts that are done there."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.reports.desk_lists import DeskLine, SqlDeskLists
from adapters.reports.leads import StoredDossier
from gateway.desk.act_forms import DONE, act_forms, read_act_form, written
from gateway.web.desk_session import DeskUser, desk_user, form_sender
from gateway.web.outcomes import as_sentence, sentence_of, status_of
from gateway.web.pages import page
from lifecycle.handoff.permission import actors
from lifecycle.program.rulebook import rulebook
from lifecycle.words.dossier import dossier
from lifecycle.words.time_text import spoken_instant
from lifecycle.words.timeline_text import deadline_verb, sentence
from models.program.program import Program
from usecases.acting import ActDone, not_there, perform
from usecases.context import Acts, Context

_LATEST = 200
"""So many entries of a timeline are shown, the latest first."""


@dataclass(frozen=True, slots=True)
class Group:
    """Leads of the same urgency."""

    title: str
    lines: tuple[DeskLine, ...]


def by_urgency(lines: Sequence[DeskLine], user: DeskUser, now: datetime) -> list[Group]:
    """Overdue, due today, due later and without a deadline; no empty group."""
    today = now.astimezone(user.zone).date()
    groups: dict[str, list[DeskLine]] = {}
    for one in lines:
        if one.breached or (one.due is not None and one.due <= now):
            title = "Overdue"
        elif one.due is None:
            title = "No deadline"
        else:
            title = "Due today" if one.due.astimezone(user.zone).date() == today else "Due later"
        groups.setdefault(title, []).append(one)
    order = ("Overdue", "Due today", "Due later", "No deadline")
    return [Group(title, tuple(groups[title])) for title in order if title in groups]


def router(context: Context, acts: Acts) -> APIRouter:
    """The list, the page, the acts."""
    routes = APIRouter(include_in_schema=False)
    lists = SqlDeskLists(context.database)
    someone, form_sender_of = desk_user(context), form_sender(context)

    @routes.get("/desk")
    def mine(user: Annotated[DeskUser, Depends(someone)], done: str = "") -> HTMLResponse:
        """My leads, the most urgent first, and my tasks."""
        return page(
            "leads.html",
            context,
            zone=user.zone,
            who=user,
            groups=by_urgency(lists.of_owner(user.person), user, context.now()),
            tasks=lists.tasks(user.person, user.people.teams_of(user.person)),
            done=DONE.get(done, ""),
            verb=deadline_verb,
            fresh=lambda: uuid.uuid4().hex,
        )

    @routes.get("/desk/leads/{lead}")
    def one(lead: str, user: Annotated[DeskUser, Depends(someone)], done: str = "") -> HTMLResponse:
        """A lead's page."""
        return lead_page(context, user, lead, done=DONE.get(done, ""))

    @routes.post("/desk/leads/{lead}/acts")
    async def act(
        request: Request, lead: str, user: Annotated[DeskUser, Depends(form_sender_of)]
    ) -> Response:
        """Act on a lead; a refusal is shown on its page, above what was filled in."""
        form = await request.form()
        filled, do = written(form), str(form.get("do") or "")

        def told(why: str, status: int) -> HTMLResponse:
            return lead_page(context, user, lead, problem=why, status=status, filled=filled)

        try:
            fields = read_act_form(form, user.zone)
        except ValueError as error:
            return await asyncio.to_thread(told, str(error), 422)
        outcome = await perform(
            context.reports, acts, user.viewer, lead=lead, do=do, fields=fields, now=context.now()
        )
        if isinstance(outcome, ActDone):
            if form.get("back") == "team":
                return RedirectResponse("/desk/team", 303)
            # Who gives a lead back does not see it any more.
            kept = outcome.line is None or user.viewer.sees(outcome.line)
            return RedirectResponse(f"{_path(lead) if kept else '/desk'}?done={do}", 303)
        return await asyncio.to_thread(told, sentence_of(outcome), status_of(outcome))

    @routes.get("/desk/leads/{lead}/acts")
    def back(lead: str) -> RedirectResponse:
        """The address of a refusal, opened anew: the lead."""
        return RedirectResponse(_path(lead), 303)

    return routes


def _path(lead: str) -> str:
    return f"/desk/leads/{quote(lead, safe='')}"


def _no_such_lead(context: Context, user: DeskUser, lead: str) -> HTMLResponse:
    said = as_sentence(not_there(lead).why)
    return page("nothing.html", context, status=404, zone=user.zone, who=user, said=said)


def lead_page(
    context: Context,
    user: DeskUser,
    lead: str,
    *,
    done: str = "",
    problem: str = "",
    status: int = 200,
    filled: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page of a lead: dossier, deadlines, acts and timeline. 404 if they may not see it.

    `filled` is what was written into a form of it that could not be done.
    """
    known = context.reports.dossier(lead) if "\0" not in lead else None
    if known is None or not user.viewer.sees(known.line):
        return _no_such_lead(context, user, lead)
    program = context.programs.load(known.state.digest)
    told = dossier(rulebook(program), known.state, known.timeline, context.now())
    return page(
        "lead.html",
        context,
        status=status,
        zone=user.zone,
        who=user,
        told=told,
        state=known.state,
        line=known.line,
        forms=act_forms(program, known.state, user.people, user.person),
        actors=actors(known.state, user.people),
        timeline=_timeline(context, known, user),
        facts=_facts(program, known),
        verb=deadline_verb,
        fresh=lambda: uuid.uuid4().hex,
        done=done,
        problem=problem,
        filled=filled or {},
    )


def _timeline(context: Context, known: StoredDossier, user: DeskUser) -> list[tuple[datetime, str]]:
    now = context.now()

    def when(at: datetime) -> str:
        return spoken_instant(at, now, user.zone)

    latest = known.timeline[-_LATEST:]
    return [(one.at, sentence(one, when)) for one in reversed(latest)]


def _facts(program: Program, known: StoredDossier) -> list[tuple[str, Any]]:
    """What the profile says beside name, company and title."""
    shown = ("first_name", "last_name", "company", "title", "email", "phone")
    fields = {**dict.fromkeys(program.fields), **known.state.profile}
    return [
        (name.replace("_", " "), value)
        for name, value in fields.items()
        if name not in shown and value is not None
    ]
