"""The page of a lead, and the acts on it."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.reports.companies import company_of
from adapters.reports.leads import StoredDossier
from adapters.sql.lead_tags import SqlLeadTags
from gateway.desk.act_forms import act_forms, open_tasks, read_act_form, text_fields
from gateway.web.desk_session import DeskUser, desk_user, form_sender
from gateway.web.outcomes import as_sentence, sentence_of, status_of
from gateway.web.pages import page
from lifecycle.handoff.permission import actors
from lifecycle.program.rulebook import rulebook
from lifecycle.sales_words import ACT_WORDS
from lifecycle.words.desk_timeline import SHOWN, Shown, TimelinePage, timeline_page
from lifecycle.words.dossier import dossier
from lifecycle.words.timeline_text import deadline_verb
from models.program.program import Program
from usecases.acting import ActDone, not_there, perform, visible
from usecases.context import Acts, Context
from usecases.current_lead import current_dossier
from usecases.explaining import explain_lead
from usecases.viewer import ADMIN

Before = Annotated[int | None, Query(alias="before", ge=1, le=2**31)]
"""Of a timeline: the page of the entries before the one with this number."""


@dataclass(frozen=True, slots=True)
class TimelinePart:
    """Which part of a timeline a page shows."""

    shown: Shown = "matters"
    before: int | None = None


def router(context: Context, acts: Acts) -> APIRouter:
    """The routes of a lead's page and of its acts."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = desk_user(context), form_sender(context)

    @routes.get("/desk/leads/{lead}")
    def one(
        lead: str,
        user: Annotated[DeskUser, Depends(current_user)],
        done: str = "",
        show: Shown = "matters",
        before: Before = None,
    ) -> HTMLResponse:
        """Show a lead's page, with the part of its timeline that `show` names."""
        part = TimelinePart(show, before)
        return lead_page(context, user, lead, part=part, done=_said_of(done))

    @routes.post("/desk/leads/{lead}/acts")
    async def act(
        request: Request, lead: str, user: Annotated[DeskUser, Depends(form_user)]
    ) -> Response:
        """Act on a lead. Its page shows a refusal, above the form with what the person sent."""
        form = await request.form()
        filled, do = text_fields(form), str(form.get("do") or "")

        def refusal_page(why: str, status: int) -> HTMLResponse:
            return lead_page(context, user, lead, problem=why, status=status, filled=filled)

        try:
            fields = read_act_form(form, user.zone)
        except ValueError as error:
            return await asyncio.to_thread(refusal_page, str(error), 422)
        outcome = await perform(
            context.reports,
            acts,
            context.arrivals,
            user.viewer,
            lead=lead,
            do=do,
            fields=fields,
            now=context.now(),
        )
        if isinstance(outcome, ActDone):
            if form.get("back") == "team":
                return RedirectResponse("/desk/team", 303)
            if form.get("back") == "desk":
                return RedirectResponse(f"/desk?done={do}", 303)
            if form.get("back") == "tasks":
                return RedirectResponse(f"/desk/tasks?done={do}", 303)
            # After giving a lead back, a person can't see it any more.
            may_see = outcome.line is None or user.viewer.sees(outcome.line)
            return RedirectResponse(f"{_path(lead) if may_see else '/desk'}?done={do}", 303)
        standing = await asyncio.to_thread(stage_and_owner_now, context, lead)
        message = sentence_of(outcome, do, *standing)
        return await asyncio.to_thread(refusal_page, message, status_of(outcome))

    @routes.get("/desk/leads/{lead}/acts")
    def back(lead: str) -> RedirectResponse:
        """Redirect to the lead: a browser opens this URL again after a refusal."""
        return RedirectResponse(_path(lead), 303)

    return routes


def stage_and_owner_now(context: Context, lead: str) -> tuple[str | None, str | None]:
    """The lead's stage and owner; None and None if there is no such lead."""
    line = visible(context.reports, ADMIN, lead)
    return (line.stage, line.owner) if line is not None else (None, None)


def _path(lead: str) -> str:
    return f"/desk/leads/{quote(lead, safe='')}"


def _no_such_lead(context: Context, user: DeskUser, lead: str) -> HTMLResponse:
    message = as_sentence(not_there(lead).why)
    return page("nothing.html", context, status=404, zone=user.zone, user=user, message=message)


def lead_page(
    context: Context,
    user: DeskUser,
    lead: str,
    *,
    done: str = "",
    problem: str = "",
    status: int = 200,
    filled: Mapping[str, str] | None = None,
    part: TimelinePart | None = None,
) -> HTMLResponse:
    """The page of a lead: dossier, deadlines, acts and timeline. 404 if the user may not see it.

    `filled` is what the user sent in a form that was refused.
    """
    own = context.reports.with_id(lead) or lead
    stored = context.reports.dossier(own) if "\0" not in own else None
    if stored is None or not user.viewer.sees(stored.line):
        return _no_such_lead(context, user, lead)
    stored = current_dossier(context.database, stored)
    program = context.programs.load(stored.state.digest)
    forms = act_forms(program, stored.state, user.people, user.person)
    return page(
        "lead.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        dossier=dossier(rulebook(program), stored.state, stored.timeline, context.now()),
        state=stored.state,
        line=stored.line,
        why=explain_lead(
            stored.state, stored.timeline, context.programs, user.people, context.now()
        ),
        forms=[one for one in forms if one.do != "done"],
        tasks=open_tasks(stored.state, user.people, user.person),
        company=company_of(
            context.database, stored.state.lead, stored.state.profile, user.viewer.sight
        ),
        actors=actors(stored.state, user.people),
        timeline=_timeline(context, stored, user, part or TimelinePart()),
        choices=SHOWN,
        names=user.people.names,
        facts=_profile_fields(program, stored),
        tags=SqlLeadTags(context.database).of([stored.state.lead]).get(stored.state.lead, ()),
        verb=deadline_verb,
        fresh=lambda: uuid.uuid4().hex,
        done=done,
        problem=problem,
        filled=filled or {},
    )


def _timeline(
    context: Context, stored: StoredDossier, user: DeskUser, part: TimelinePart
) -> TimelinePage:
    return timeline_page(
        stored.timeline,
        shown=part.shown,
        before=part.before,
        now=context.now(),
        zone=user.zone,
        names=user.people.names,
    )


def _said_of(done: str) -> str:
    """What the page says after an act; nothing for a word that is none."""
    return ACT_WORDS[done].done if done in ACT_WORDS else ""


def _profile_fields(program: Program, stored: StoredDossier) -> list[tuple[str, Any]]:
    """The profile's fields, without those that the page's heading shows."""
    shown = ("first_name", "last_name", "company", "title", "email", "phone")
    fields = {**dict.fromkeys(program.fields), **stored.state.profile}
    return [
        (name.replace("_", " "), value)
        for name, value in fields.items()
        if name not in shown and value is not None
    ]
