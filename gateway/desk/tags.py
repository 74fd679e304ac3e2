"""Tags: people give words to leads, one or several at once, and find them again by them."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from adapters.sql.lead_tags import MOST_TAGS, SqlLeadTags, tag_word
from gateway.desk.leads import lead_page
from gateway.desk.mine import my_page
from gateway.desk.names import names_of_leads
from gateway.desk.queue import base_of, query_of
from gateway.desk.team import team_page
from gateway.desk.undo import MOST_SELECTED
from gateway.web.desk_session import DeskUser, form_sender
from gateway.web.outcomes import as_sentence
from usecases.acting import visible
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The route of all forms with tags."""
    routes = APIRouter(include_in_schema=False)
    form_user = form_sender(context)

    @routes.post("/desk/tags")
    async def tag(request: Request, user: Annotated[DeskUser, Depends(form_user)]) -> Response:
        """Give a tag to leads (`tag`), or take it from them (`untag`), and go back."""
        form = await request.form()
        leads = [str(one) for one in form.getlist("lead")][: MOST_SELECTED + 1]
        back, typed = str(form.get("back") or ""), str(form.get("tag") or "")

        def answer() -> Response:
            refused = _refused(context, user, leads, typed, str(form.get("untag") or ""))
            of_lead = back == "lead" and leads
            if refused is None:
                path = f"/desk/leads/{quote(leads[0], safe='')}#tags" if of_lead else ""
                return RedirectResponse(path or query_of(back).path(base_of(back)), 303)
            status, problem = refused
            filled = {"tag": typed}
            if of_lead:
                return lead_page(
                    context, user, leads[0], problem=problem, status=status, filled=filled
                )
            return (team_page if base_of(back) == "/desk/team" and user.manages else my_page)(
                context,
                user,
                query_of(back),
                problem=problem,
                status=status,
                filled=filled,
                selected=frozenset(leads),
            )

        return await asyncio.to_thread(answer)

    @routes.get("/desk/tags")
    def back() -> RedirectResponse:
        """Redirect to the list: a browser opens this URL again after a refusal."""
        return RedirectResponse("/desk", 303)

    return routes


def _refused(
    context: Context, user: DeskUser, leads: list[str], add: str, remove: str
) -> tuple[int, str] | None:
    """Change the tags of the leads that the user may see. What is refused has a sentence."""
    if not leads:
        return 422, "Select a lead first."
    if len(leads) > MOST_SELECTED:
        return 422, f"Select at most {MOST_SELECTED} leads."
    lines = [visible(context.reports, user.viewer, lead) for lead in dict.fromkeys(leads)]
    seen = [line.id for line in lines if line is not None]
    if not seen:
        return 404, "There is no such lead that you may see."
    tags = SqlLeadTags(context.database)
    try:
        if remove:
            tags.remove(seen, tag_word(remove))
            return None
        full = tags.add(seen, tag_word(add))
    except ValueError as error:
        return 422, as_sentence(str(error))
    if not full:
        return None
    names = ", ".join(names_of_leads(context, user, full).values())
    return 409, f"A lead has at most {MOST_TAGS} tags. These have that many: {names}."
