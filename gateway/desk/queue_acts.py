"""Acts in a queue: on one lead in its row, or on several that were selected.

Instead of selecting them, a person may mean all leads that match the list's filters, on all pages.
Then a page says how many that are, and asks.

Every lead is acted on by the same use case as through every other door, each for itself. What is
refused is shown above the list with its reason, and those leads stay selected.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated
from urllib.parse import quote, unquote, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from adapters.reports.desk_queue import QueueDay, SqlQueues, queue_of, queue_of_teams
from gateway.desk.act_forms import read_act_form, text_fields
from gateway.desk.giving import giving_page
from gateway.desk.leads import stage_and_owner_now
from gateway.desk.mine import my_page
from gateway.desk.names import names_of_leads
from gateway.desk.queue import IN_PLACE, QueueQuery, base_of, query_of
from gateway.desk.team import team_page
from gateway.desk.undo import MOST_MATCHING, MOST_SELECTED
from gateway.web.desk_session import DeskUser, form_sender
from gateway.web.outcomes import sentence_of, status_of
from gateway.web.pages import page
from lifecycle.sales_words import ACT_WORDS
from usecases.acting import ActFailed
from usecases.acting_on_several import perform_on_each
from usecases.context import Acts, Context

_NEEDED = {
    "touch": ("channel", "Choose a channel."),
    "hold": ("until", "Say until when they are on hold."),
}
"""The field without which an act makes no sense, and what is said then."""
_CARRIED = ("channel", "note", "until", "why")
"""The fields of acts that a confirmation sends on."""
_MOST_NAMED = 20
"""Names of leads that a page lists; it says how many more there are."""


def router(context: Context, acts: Acts) -> APIRouter:
    """The route of all forms of a queue."""
    routes = APIRouter(include_in_schema=False)
    form_user = form_sender(context)

    @routes.post("/desk/acts")
    async def act(request: Request, user: Annotated[DeskUser, Depends(form_user)]) -> Response:
        """Act on the lead of a row, or on the selected leads, and go back to the list."""
        form = await request.form()
        asked = _Asked(form)
        if asked.every:
            asked.leads = await asyncio.to_thread(_matching, context, user, asked)

        def again(problem: str, status: int, leads: Sequence[str]) -> HTMLResponse:
            show = _list_again(context, user, asked, frozenset(leads))
            return show(problem=problem, status=status)

        if (problem := asked.problem) is not None:
            return await asyncio.to_thread(again, problem, 422, asked.leads)
        try:
            fields = read_act_form(form, user.zone)
        except ValueError as error:
            return await asyncio.to_thread(again, str(error), 422, asked.leads)
        if asked.needs_confirmation:
            return await asyncio.to_thread(_confirmation, context, user, asked)
        failed = await perform_on_each(
            context,
            acts,
            user.viewer,
            leads=asked.leads,
            do=asked.do,
            fields=fields,
            identity=asked.identity,
        )
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
        self.in_row = "next" in self.fields
        """Whether it is the form in the row of one lead."""
        self.sure = form.get("sure") == "yes"
        self.every = form.get("every") == "yes" and not self.sure and not form.get("one")
        """Whether all leads that match are meant, which are then confirmed by their number."""
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
        if self.every and len(self.leads) > MOST_MATCHING:
            return f"More than {MOST_MATCHING} leads match. Narrow the list by a filter first."
        most = MOST_MATCHING if self.every or self.sure else MOST_SELECTED
        if len(self.leads) > most:
            return f"Select at most {most} leads; these are {len(self.leads)}."
        needed, sentence = _NEEDED.get(self.do, ("", ""))
        if self.needs_confirmation and needed and not self.fields.get(needed, "").strip():
            return sentence
        return None

    @property
    def needs_confirmation(self) -> bool:
        """Whether a page asks first: whom selected leads go to, and before all that match."""
        return not self.sure and (self.every or (self.do == "reassign" and not self.in_row))

    def back_to(self, *, done: bool) -> str:
        """The list, at the next lead."""
        path = self.query.path(self.base)
        if done:
            many = len(self.leads) > MOST_SELECTED
            which = {"n": len(self.leads)} if many else {"on": self.leads}
            said = urlencode({"done": self.do, **which}, doseq=True)
            path += f"{'&' if '?' in path else '?'}{said}"
        return f"{path}#l-{quote(self.following, safe='')}" if self.following else path


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
        f"{_listed([names.get(lead, lead) for lead in leads])}: {sentence}"
        for sentence, leads in by_sentence.items()
    ]
    return f"Done for {done} of {len(asked.leads)}. {' '.join(told)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _matching(context: Context, user: DeskUser, asked: _Asked) -> tuple[str, ...]:
    """All leads of the list that the form came from: one more than may be acted on at once."""
    if asked.base == "/desk/team" and user.manages:
        queue = queue_of_teams(user.people.managed_by(user.person), user.people)
    else:
        queue = queue_of(user.person)
    day = QueueDay.of(context.now(), user.zone)
    filters = asked.query.filters
    found = SqlQueues(context.database).leads(queue, day, filters, most=MOST_MATCHING + 1)
    return tuple(found)


def _list_again(
    context: Context, user: DeskUser, asked: _Asked, selected: frozenset[str]
) -> Callable[..., HTMLResponse]:
    """Shows the list again, with what the person had typed and selected."""
    opened = (asked.do, next(iter(selected))) if asked.in_row and len(selected) == 1 else ("", "")
    return partial(
        team_page if asked.base == "/desk/team" and user.manages else my_page,
        context,
        user,
        replace(asked.query, opened=opened),
        filled=asked.fields,
        selected=selected,
    )


def _confirmation(context: Context, user: DeskUser, asked: _Asked) -> HTMLResponse:
    """What a person confirms: the act, and how many leads, with their names."""
    back = asked.query.path(asked.base)
    if asked.do == "reassign":
        if not user.manages:
            again = _list_again(context, user, asked, frozenset(asked.leads))
            return again(problem="Only the manager of a team gives its leads away.", status=403)
        return giving_page(
            context, user, asked.leads, identity=asked.identity, base=asked.base, back=back
        )
    names = names_of_leads(context, user, asked.leads[:_MOST_NAMED])
    return page(
        "confirm_acts.html",
        context,
        zone=user.zone,
        user=user,
        do=asked.do,
        label=ACT_WORDS[asked.do].label,
        leads=asked.leads,
        names=list(names.values()),
        fields={name: asked.fields[name] for name in _CARRIED if asked.fields.get(name)},
        identity=asked.identity,
        base=asked.base,
        back=back,
    )
