"""The page of all changes: upload a version, and see what waits to be published or approved."""

# Annotations are not postponed here: they name dependencies that the router makes.

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.documents.problems import DocumentError, Problem
from adapters.sql.change_plans import SqlChangePlans
from adapters.sql.pushed_programs import SqlPushedPrograms
from gateway.board.change import WAY_WORDS
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.pages import page
from usecases.context import Context
from usecases.pushing import ProgramFiles, push

_PATH = "/board/changes"
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """What is wrong in an uploaded file, with the text of its line."""

    problem: Problem
    line: str


def router(context: Context) -> APIRouter:
    """The routes of the page and its form."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = board_user(context), board_form(context)

    @routes.get(_PATH)
    def changes(user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show what waits, and the form."""
        return _page(context, user)

    @routes.post(_PATH)
    def upload(
        user: Annotated[BoardUser, Depends(form_user)],
        *,
        file: Annotated[UploadFile | None, File()] = None,
        templates: Annotated[list[UploadFile] | None, File()] = None,
        note: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        """Check the files and store the version, or show what is wrong. Nothing is published."""
        files = ProgramFiles(
            name=(file.filename if file is not None else "") or "no file",
            text=file.file.read() if file is not None else b"",
            templates={one.filename: one.file.read() for one in templates or () if one.filename},
        )
        try:
            found = push(context.database, files, by=user.person, note=note)
        except DocumentError as error:
            return _page(context, user, problems=_shown(error.problems, files), status=422)
        program = found.program
        if found.warnings:
            problems = _shown(found.warnings, files)
            return _page(context, user, problems=problems, stored=program.digest)
        if program.program not in context.programs.names():
            return RedirectResponse(_PATH, 303)
        name = quote(program.program, safe="")
        return RedirectResponse(f"/board/programs/{name}/change?new={program.digest}", 303)

    return routes


def _shown(problems: tuple[Problem, ...], files: ProgramFiles) -> list[FileProblem]:
    lines = files.text.decode("utf-8", "replace").splitlines()
    return [
        FileProblem(
            problem=one,
            line=lines[one.line - 1][:_LONGEST_LINE] if 0 < one.line <= len(lines) else "",
        )
        for one in problems
    ]


def _page(
    context: Context,
    user: BoardUser,
    *,
    problems: list[FileProblem] | None = None,
    stored: str = "",
    status: int = 200,
) -> HTMLResponse:
    plans = SqlChangePlans(context.database).latest(most=20)
    return page(
        "board_changes.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        problems=problems or [],
        stored=stored,
        pushed=SqlPushedPrograms(context.database).unpublished(),
        published=set(context.programs.names()),
        waiting=[one for one in plans if one.standing == "asked"],
        plans=[one for one in plans if one.standing != "asked"],
        ways=WAY_WORDS,
    )
