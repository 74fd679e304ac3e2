"""Merging at the desk: a manager looks for the other lead, sees both, and confirms."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.sql.merges import SqlMerges
from gateway.web.desk_session import DeskProblemError, DeskUser, desk_user, form_sender
from gateway.web.outcomes import as_sentence, sentence_of, status_of
from gateway.web.pages import page
from usecases.acting import not_there, visible
from usecases.context import Acts, Context
from usecases.merging import MergeDone, merge

LeadName = Annotated[str, Query(alias="q", max_length=254)]
"""An id or an address of the other lead."""


def router(context: Context, acts: Acts) -> APIRouter:
    """The routes of the page that merges."""
    routes = APIRouter(include_in_schema=False)
    known = SqlMerges(context.database)
    current_user, form_user = desk_user(context), form_sender(context)

    @routes.get("/desk/leads/{lead}/merge")
    def choose(
        lead: str, user: Annotated[DeskUser, Depends(current_user)], find: LeadName = ""
    ) -> HTMLResponse:
        """Show this lead and, if one is found, the other that would be merged into it."""
        return _page(context, known, user, lead, find=find)

    @routes.post("/desk/leads/{lead}/merge")
    async def confirm(
        lead: str,
        user: Annotated[DeskUser, Depends(form_user)],
        other: Annotated[str, Form(max_length=254)] = "",
    ) -> Response:
        """Merge the other lead into this one."""
        outcome = await merge(
            context.reports,
            known,
            acts,
            user.viewer,
            keep=lead,
            other=other,
            now=context.now(),
        )
        if isinstance(outcome, MergeDone):
            to = outcome.line.id if outcome.line is not None else lead
            return RedirectResponse(f"/desk/leads/{quote(to, safe='')}?done=merge", 303)
        problem, status = sentence_of(outcome), status_of(outcome)

        def refused() -> HTMLResponse:
            return _page(context, known, user, lead, find=other, problem=problem, status=status)

        return await asyncio.to_thread(refused)

    return routes


def _page(
    context: Context,
    known: SqlMerges,
    user: DeskUser,
    lead: str,
    *,
    find: str,
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    if not user.manages:
        raise DeskProblemError(403, "Only a manager may merge two leads.")
    keep = visible(context.reports, user.viewer, lead)
    if keep is None:
        raise DeskProblemError(404, as_sentence(not_there(lead).why))
    found = known.meant(find.strip()) if find.strip().isprintable() else None
    other = visible(context.reports, user.viewer, found) if found is not None else None
    if other is not None and other.id == keep.id:
        other, problem = None, problem or f"{find.strip()} is this lead itself. Name another one."
    elif find.strip() and other is None:
        problem = problem or as_sentence(not_there(find.strip()).why)
    return page(
        "merge.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        keep=keep,
        other=other,
        find=find,
        problem=problem,
    )
