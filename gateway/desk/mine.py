"""My leads: the queue of the person who is signed in, and their tasks."""

# Annotations are not postponed here: they name dependencies that the router makes.

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from adapters.reports.desk_queue import queue_of
from gateway.desk.act_forms import touch_form
from gateway.desk.queue import QueueQuery, queue_query, queue_view
from gateway.desk.tasks import tasks_of
from gateway.desk.undo import Done, done_query, undo_offer
from gateway.web.desk_session import DeskUser, desk_user
from gateway.web.pages import page
from lifecycle.sales_words import ROW_WORDS
from lifecycle.words.timeline_text import deadline_verb
from usecases.context import Context

MY_ACTS = ("accept", "touch", "hold", "resume")
"""What a row of my leads offers."""
_FIRST_TASKS = 3
"""Tasks below the queue; all of them have a page of their own."""


def router(context: Context) -> APIRouter:
    """The route of the page."""
    routes = APIRouter(include_in_schema=False)
    current_user = desk_user(context)

    @routes.get("/desk")
    def mine(
        user: Annotated[DeskUser, Depends(current_user)],
        query: Annotated[QueueQuery, Depends(queue_query)],
        done: Annotated[Done, Depends(done_query)],
    ) -> HTMLResponse:
        """Show my leads, the most urgent first, and my tasks."""
        return my_page(context, user, query, done=done)

    return routes


def my_page(
    context: Context,
    user: DeskUser,
    query: QueueQuery | None = None,
    *,
    done: Done | None = None,
    problem: str = "",
    status: int = 200,
    filled: Mapping[str, str] | None = None,
    **view: Any,
) -> HTMLResponse:
    """The page of my leads and tasks. `filled` is what the user sent in a form that was refused.

    `view`: what `queue_view` takes beside.
    """
    return page(
        "leads.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        view=queue_view(
            context,
            user,
            queue_of(user.person),
            query or QueueQuery(),
            base="/desk",
            offered=MY_ACTS,
            filled=filled,
            **view,
        ),
        tasks=tasks_of(context, user, most=_FIRST_TASKS),
        touch=touch_form(),
        names=user.people.names,
        done=done.sentence if done is not None else "",
        undo=undo_offer(context, user, done) if done is not None else (),
        problem=problem,
        filled=filled or {},
        verb=deadline_verb,
        words=ROW_WORDS,
        fresh=lambda: uuid.uuid4().hex,
    )
