"""Acts in a queue: on one lead in its row, or on several that were selected.

Every lead is acted on by the same use case as through every other door, each for itself. What is
refused is shown above the list with its reason, and those leads stay selected.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from gateway.desk.act_forms import read_act_form, text_fields
from gateway.desk.leads import stage_and_owner_now
from gateway.desk.mine import my_page
from gateway.desk.queue import IN_PLACE, QueueQuery, base_of, names_of_leads, query_of
from gateway.desk.team import team_page
from gateway.desk.undo import MOST_SELECTED
from gateway.web.desk_session import DeskUser, form_sender
from gateway.web.outcomes import sentence_of, status_of
from gateway.web.pages import page
from usecases.acting import ActDone, ActFailed, perform
from usecases.context import Acts, Context

_AT_ONCE = 5
"""Leads that are asked at the same time: each waits for a worker."""


def router(context: Context, acts: Acts) -> APIRouter:
    """The route of all forms of a queue."""
    routes = APIRouter(include_in_schema=False)
    form_user = form_sender(context)

    @routes.post("/desk/acts")
    async def act(request: Request, user: Annotated[DeskUser, Depends(form_user)]) -> Response:
        """Act on the lead of a row, or on the selected leads, and go back to the list."""
        form = await request.form()
        asked = _Asked(form)

        def again(problem: str, status: int, leads: Sequence[str]) -> HTMLResponse:
            show = _list_again(context, user, asked, frozenset(leads))
            return show(problem=problem, status=status)

        if (problem := asked.problem) is not None:
            return await asyncio.to_thread(again, problem, 422, asked.leads)
        try:
            fields = read_act_form(form, user.zone)
        except ValueError as error:
            return await asyncio.to_thread(again, str(error), 422, asked.leads)
        if asked.do == "reassign" and len(asked.leads) > 1 and form.get("sure") != "yes":
            return await asyncio.to_thread(_confirmation, context, user, asked, fields)
        failed = await _all_done(context, acts, user, asked, fields)
        if not failed:
            return RedirectResponse(asked.back_to(done=True), 303)
        status = status_of(next(iter(failed.values()))) if len(asked.leads) == 1 else 409
        problem = await asyncio.to_thread(_sentences, context, user, asked, failed)
        return await asyncio.to_thread(again, problem, status, list(failed))

    @routes.get("/desk/acts")
    def back() -> RedirectResponse:
        """Redirect to the list: a browser opens this URL again after a refusal."""
        return RedirectResponse("/desk", 303)

    return routes


class _Asked:
    """What a form of a queue asks: the act, the leads, and the list to go back to."""

    def __init__(self, form: FormData) -> None:
        self.fields = text_fields(form)
        if one := str(form.get("one") or ""):  # the button of a row: act, lead, next lead
            self.do, lead, self.following = map(unquote, [*one.split(" "), "", ""][:3])
            leads = [lead]
        else:
            self.do = str(form.get("do") or "")
            leads = [str(lead) for lead in form.getlist("lead")]
            self.following = str(form.get("next") or "")
        self.leads = tuple(dict.fromkeys(lead for lead in leads if lead))
        self.identity = str(form.get("id") or "")
        back = str(form.get("back") or "")
        self.base = base_of(back)
        self.query: QueueQuery = query_of(back)

    @property
    def problem(self) -> str | None:
        """Why nothing can be done, in a sentence."""
        if self.do not in IN_PLACE:
            return "Choose what to do with the selected leads."
        if not self.leads:
            return "Select a lead first."
        if len(self.leads) > MOST_SELECTED:
            return f"Select at most {MOST_SELECTED} leads; these are {len(self.leads)}."
        return None

    def back_to(self, *, done: bool) -> str:
        """The list, at the next lead."""
        path = self.query.path(self.base)
        if done:
            said = urlencode({"done": self.do, "on": self.leads}, doseq=True)
            path += f"{'&' if '?' in path else '?'}{said}"
        return f"{path}#l-{quote(self.following, safe='')}" if self.following else path


async def _all_done(
    context: Context, acts: Acts, user: DeskUser, asked: _Asked, fields: Mapping[str, Any]
) -> dict[str, ActFailed]:
    """Act on each lead. Return what failed, by lead."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(lead: str) -> ActFailed | None:
        # The id of the form and the lead: a form that is sent twice has one effect on each.
        own = hashlib.sha256(f"{asked.identity}/{lead}".encode(errors="replace")).hexdigest()[:32]
        async with room:
            outcome = await perform(
                context.reports,
                acts,
                context.arrivals,
                user.viewer,
                lead=lead,
                do=asked.do,
                fields={**fields, "id": own} if asked.identity else dict(fields),
                now=context.now(),
            )
        return None if isinstance(outcome, ActDone) else outcome

    outcomes = await asyncio.gather(*(one(lead) for lead in asked.leads))
    return {
        lead: outcome
        for lead, outcome in zip(asked.leads, outcomes, strict=True)
        if outcome is not None
    }


def _sentences(
    context: Context, user: DeskUser, asked: _Asked, failed: Mapping[str, ActFailed]
) -> str:
    """Each refusal once, with the leads that it is about."""
    by_sentence: dict[str, list[str]] = {}
    for lead, outcome in failed.items():
        sentence = sentence_of(outcome, asked.do, *stage_and_owner_now(context, lead))
        by_sentence.setdefault(sentence, []).append(lead)
    if len(asked.leads) == 1:
        return next(iter(by_sentence))
    names = names_of_leads(context, user, list(failed))
    done = len(asked.leads) - len(failed)
    told = [
        f"{', '.join(names.get(lead, lead) for lead in leads)}: {sentence}"
        for sentence, leads in by_sentence.items()
    ]
    return f"Done for {done} of {len(asked.leads)}. {' '.join(told)}"


def _list_again(
    context: Context, user: DeskUser, asked: _Asked, selected: frozenset[str]
) -> Callable[..., HTMLResponse]:
    """Shows the list again, with what the person had typed and selected."""
    in_row = "next" in asked.fields and len(selected) == 1
    opened = (asked.do, next(iter(selected))) if in_row else ("", "")
    return partial(
        team_page if asked.base == "/desk/team" and user.manages else my_page,
        context,
        user,
        replace(asked.query, opened=opened),
        filled=asked.fields,
        selected=selected,
    )


def _confirmation(
    context: Context, user: DeskUser, asked: _Asked, fields: Mapping[str, Any]
) -> HTMLResponse:
    """What a person confirms before several leads get another owner."""
    names = names_of_leads(context, user, asked.leads)
    to = user.people.member(str(fields.get("to") or "").strip().lower())
    if to is None:
        again = _list_again(context, user, asked, frozenset(asked.leads))
        return again(problem="Choose who gets the selected leads.", status=422)
    return page(
        "reassign.html",
        context,
        zone=user.zone,
        user=user,
        to=to,
        leads=names,
        identity=asked.identity,
        back=asked.query.path(asked.base),
    )
