"""The page of a program's changes: versions, their differences, plans, pause and resume."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.reports.board_figures import IN_FLIGHT
from adapters.sql.change_plans import SqlChangePlans
from adapters.sql.pushed_programs import SqlPushedPrograms
from adapters.sql.rollouts import SqlRollouts
from gateway.board.numbers import BoardNumbers
from gateway.board.program import known_program
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from lifecycle.changes.differences import Difference, differences
from models.program.program import Program
from models.publication import InFlight
from usecases import pausing
from usecases.changing import version_of
from usecases.context import Context

WAY_WORDS: dict[InFlight, str] = {
    "pin": "keep their version",
    "finish": "change it when they have finished what they are in",
    "migrate": "change it now",
    "restart": "change it now, and begin their track anew",
}
"""What becomes of leads in flight."""


def router(context: Context) -> APIRouter:
    """The routes of the page and its forms."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = board_user(context), board_form(context)

    @routes.get("/board/programs/{name}/change")
    def change(
        name: str,
        user: Annotated[BoardUser, Depends(current_user)],
        old: str = "",
        new: str = "",
    ) -> HTMLResponse:
        """Show versions, and the difference of two of them."""
        return _page(context, user, name, old=old, new=new)

    @routes.post("/board/programs/{name}/pause")
    async def pause(name: str, user: Annotated[BoardUser, Depends(form_user)]) -> Response:
        """Pause the program. When this is answered, no nurture mail of it leaves any more."""
        await asyncio.to_thread(known_program, context, name)
        await asyncio.to_thread(pausing.pause, context.database, name, by=user.person)
        await pausing.until_no_mail_leaves(context.database, name)
        return back_to(name)

    @routes.post("/board/programs/{name}/resume")
    def resume(name: str, user: Annotated[BoardUser, Depends(form_user)]) -> Response:
        """Let the program go on."""
        known_program(context, name)
        pausing.resume(context.database, name, by=user.person)
        return back_to(name)

    @routes.get("/board/programs/{name}/{form}")
    def back(name: str, form: str) -> RedirectResponse:
        """Redirect to the page: a browser opens a form's URL again after a refusal."""
        if form not in ("pause", "resume", "plans"):
            raise DeskProblemError(404, "There is no such page.")
        return back_to(name)

    return routes


def known_version(context: Context, name: str, digest: str) -> Program:
    """A version that was published or pushed. Raises DeskProblemError."""
    plain = name.isprintable() and digest.isalnum()
    found = version_of(context.database, name, digest) if plain else None
    if found is None:
        raise DeskProblemError(404, f"The program '{name}' has no such version.")
    return found


def back_to(name: str) -> RedirectResponse:
    """Redirect to the page of changes."""
    return RedirectResponse(f"/board/programs/{quote(name, safe='')}/change", 303)


def _page(context: Context, user: BoardUser, name: str, *, old: str, new: str) -> HTMLResponse:
    newest = known_program(context, name)
    published = context.programs.publications(name)
    standing = BoardNumbers(context, user).count(IN_FLIGHT, by=("digest",), program=name)
    versions = list(dict.fromkeys(one.digest for one in published))
    earlier = versions[1] if len(versions) > 1 else newest.digest
    pushed = SqlPushedPrograms(context.database).unpublished(name)
    before = known_version(context, name, old or earlier)
    after = known_version(context, name, new or newest.digest)
    return page(
        "board_change.html",
        context,
        zone=user.zone,
        user=user,
        program_name=name,
        newest=newest.digest,
        paused=context.programs.paused(name),
        rollouts=SqlRollouts(context.database).latest(name),
        published=[(one, standing.of(IN_FLIGHT, digest=one.digest)) for one in published],
        versions=[*(one.digest for one in pushed), *versions],
        pushed=pushed,
        plans=SqlChangePlans(context.database).latest(name),
        ways=WAY_WORDS,
        old=before.digest,
        new=after.digest,
        groups=grouped(differences(before, after)),
    )


def grouped(found: tuple[Difference, ...]) -> dict[str, list[str]]:
    """The differences in words, by whom they touch."""
    groups: dict[str, list[str]] = {}
    for one in found:
        groups.setdefault(one.touches, []).append(one.words)
    return groups
