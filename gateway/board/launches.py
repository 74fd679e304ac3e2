"""The page of launches: the latest ones, and the form that uploads a list."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from gateway.board.jobs import start_job
from gateway.board.user import BoardUser, board_user
from gateway.web.desk_session import DeskProblemError, check_form
from gateway.web.pages import page
from models.upload import KEPT_FOR, MOST_BYTES, Upload
from usecases import launches as launching
from usecases import uploads
from usecases.context import Context

PATH = "/board/launches"
LARGEST_FORM = MOST_BYTES + 100_000
"""Bytes of the form with the largest list."""
_MOST_SHOWN = 50


def router(context: Context) -> APIRouter:
    """The routes of the page and its form."""
    routes = APIRouter(include_in_schema=False)
    current_user = board_user(context)

    @routes.get(PATH)
    def launches(user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show the latest launches and the person's lists that are not launched."""
        return _page(context, user)

    @routes.post(PATH)
    async def upload(
        request: Request, user: Annotated[BoardUser, Depends(current_user)]
    ) -> Response:
        """Store a list, and begin to read it.

        The body is read here and not by the framework, so that nobody who is not signed in can
        make the gateway take 25 MB.
        """
        async with request.form(max_files=1, max_fields=10) as form:
            check_form(request, user, str(form.get("token", "")))
            file, program = form.get("file"), str(form.get("program", ""))
            if not isinstance(file, UploadFile):
                raise DeskProblemError(422, "Choose a file.")
            try:
                stored = await asyncio.to_thread(
                    uploads.store,
                    context,
                    by=user.person,
                    file=file.filename or "",
                    program=program,
                    body=await file.read(),
                )
            except uploads.RefusedUploadError as error:
                return await asyncio.to_thread(_page, context, user, str(error), program)
        await start_job(context, stored, "read")
        return RedirectResponse(f"/board/uploads/{stored.id}", 303)

    return routes


def _page(context: Context, user: BoardUser, problem: str = "", program: str = "") -> HTMLResponse:
    uploads.remove_old(context)
    waiting: tuple[Upload, ...] = uploads.uploads_of(
        context, by=user.person, everybody=user.is_admin
    )
    return page(
        "board_launches.html",
        context,
        status=422 if problem else 200,
        zone=user.zone,
        user=user,
        problem=problem,
        chosen=program,
        programs=context.programs.names(),
        uploads=waiting,
        launches=launching.launches(context.database, _MOST_SHOWN),
        megabytes=MOST_BYTES // 1_000_000,
        days=KEPT_FOR.days,
    )
