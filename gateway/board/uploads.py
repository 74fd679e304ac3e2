"""The page of an uploaded list: its columns, what they mean, the dry run, and the launch."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.files.encodings import OLDER
from adapters.files.leads import meanings_of
from adapters.files.tried_rows import TriedOutcome, page_of_tried
from adapters.reports.figures import PAGE as ROWS_A_PAGE
from adapters.sql.launches import RowsWanted
from adapters.sql.storable_text import storable
from adapters.sql.uploads import SqlUploads
from gateway.board.downloads import download
from gateway.board.jobs import start_job
from gateway.board.user import BoardUser, board_form, board_user
from gateway.requests.rooms import add_room
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from models.launch import MOST_RATE, RATE
from models.on_conflict import OnConflict
from models.upload import Upload
from usecases import uploads
from usecases.context import Context
from usecases.launches import check_rate

PATH = "/board/uploads/{upload}"
ENCODINGS = ("utf-8", "utf-16", *OLDER)
AS_FOUND, LEFT_OUT = "=", "-"
"""Choices of a column besides the fields."""
CONFLICT_WORDS: dict[OnConflict, str] = {
    "keep": "leave them as they are",
    "fill": "fill their empty fields",
    "overwrite": "overwrite their fields with those of the row",
}
"""What a row does to leads that are there already."""
TRIED_WORDS: dict[RowsWanted, str] = {
    "create": "new leads",
    "update": "leads updated",
    "unchanged": "leads unchanged",
    "rejected": "rows rejected",
}
"""What becomes of rows, as a page says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChoice:
    """A column of the form, and what is chosen for it."""

    name: str
    """Of the form's field."""
    header: str
    chosen: str
    found: Mapping[str, Any]
    share: str
    """How much of it is filled."""


def router(context: Context) -> APIRouter:
    """The routes of the page and of its forms."""
    routes = APIRouter(include_in_schema=False)
    add_room(routes, _forms(context))
    add_room(routes, _shown(context))
    return routes


def _shown(context: Context) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    own = own_upload(context, board_user(context))

    @routes.get(PATH)
    def show(found: Annotated[OwnUpload, Depends(own)]) -> Response:
        """Show the list, or how far the job is that is done with it."""
        if found.upload.launch is not None:
            return RedirectResponse(f"/board/launches/{found.upload.launch}", 303)
        return _page(context, found)

    @routes.get(PATH + "/rejected")
    def rejected(found: Annotated[OwnUpload, Depends(own)]) -> Response:
        """The rows that the dry run rejected, as a file."""
        body = SqlUploads(context.database).body(found.upload.id, "rejected")
        if body is None:
            raise DeskProblemError(404, "The dry run rejected no row.")
        return download([body], found.upload.file, jsonl=body[:1] == b"{")

    @routes.get(PATH + "/rows")
    def rows(
        found: Annotated[OwnUpload, Depends(own)],
        what: TriedOutcome = "create",
        reason: str | None = None,
        *,
        other: bool = False,
        number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    ) -> HTMLResponse:
        """Show the rows of one outcome, or of one reason, or of those not named on the page."""
        body = SqlUploads(context.database).body(found.upload.id, "tried")
        if body is None:
            raise DeskProblemError(404, "There is no dry run of this list. Make it again.")
        named = [why for why, _ in (found.upload.plan or {}).get("reasons", ())] if other else []
        shown, total = page_of_tried(
            body, what, reason, but_not=named, page=number, size=ROWS_A_PAGE
        )
        path = f"/board/uploads/{found.upload.id}"
        narrowed = {"what": what} | ({"reason": reason} if reason is not None else {})
        narrowed |= {"other": "true"} if other else {}
        return page(
            "board_launch_rows.html",
            context,
            zone=found.user.zone,
            user=found.user,
            about=f"Dry run of {found.upload.file}",
            back=path,
            file=found.upload.file,
            title=TRIED_WORDS[what],
            rows=shown,
            total=total,
            number=number,
            size=ROWS_A_PAGE,
            path=f"{path}/rows?{urlencode(narrowed)}",
        )

    @routes.get(PATH + "/{form}")
    def back(form: str, found: Annotated[OwnUpload, Depends(own)]) -> RedirectResponse:
        """Redirect to the page: a browser opens a form's URL again after a refusal."""
        if form not in ("launch", "remove"):
            raise DeskProblemError(404, "There is no such page.")
        return _back(found.upload)

    return routes


def _forms(context: Context) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    own_by_form = own_upload(context, board_form(context))

    @routes.post(PATH)
    async def say(request: Request, found: Annotated[OwnUpload, Depends(own_by_form)]) -> Response:
        """Store what somebody says about the list, then read it again or make a dry run."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        upload = found.upload
        _refuse_while_busy(upload)
        mapping = _mapping(upload, form)
        try:
            await asyncio.to_thread(
                uploads.say,
                context,
                upload,
                program=form.get("program", upload.program),
                on_conflict=form.get("on_conflict", upload.on_conflict),
                encoding=form.get("encoding", upload.encoding or ""),
                mapping=mapping,
            )
        except uploads.RefusedUploadError as error:
            raise DeskProblemError(422, str(error)) from None
        await start_job(context, upload, "plan" if form.get("do") == "plan" else "read")
        return _back(upload)

    @routes.post(PATH + "/launch")
    async def launch(
        found: Annotated[OwnUpload, Depends(own_by_form)],
        rate: Annotated[str, Form()] = "",
    ) -> Response:
        """Launch the list, as the dry run said."""
        upload = found.upload
        _refuse_while_busy(upload)
        newest = await asyncio.to_thread(context.programs.newest_digest, upload.program)
        if upload.plan is None or upload.plan.get("digest") != newest:
            raise DeskProblemError(
                409,
                f"Since the dry run the list's mapping or {upload.program} was changed. Nothing was"
                " started; make the dry run again.",
            )
        await start_job(context, upload, "store", by=found.user.person, rate=rate_of(rate))
        return _back(upload)

    @routes.post(PATH + "/remove")
    def remove(found: Annotated[OwnUpload, Depends(own_by_form)]) -> Response:
        """Remove the list."""
        _refuse_while_busy(found.upload)
        uploads.remove(context, found.upload)
        return RedirectResponse("/board/launches", 303)

    return routes


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnUpload:
    """A list, and the person who may see it."""

    upload: Upload
    user: BoardUser


def own_upload(context: Context, someone: Callable[..., BoardUser]) -> Callable[..., OwnUpload]:
    """A dependency that finds a list of this person; an admin's are all."""

    def found(upload: str, user: Annotated[BoardUser, Depends(someone)]) -> OwnUpload:
        try:
            own = uploads.upload_of(
                context, storable(upload), by=user.person, everybody=user.is_admin
            )
        except uploads.UnknownUploadError:
            raise DeskProblemError(
                404,
                "There is no such list. A list that was launched, removed, or uploaded more than"
                " three days ago is not kept, and only who uploaded it and admins see it.",
            ) from None
        return OwnUpload(upload=own, user=user)

    return found


def rate_of(text: str) -> float:
    """Rows a second from a form; empty is the usual rate. Raises DeskProblemError."""
    try:
        rate = float(text) if text.strip() else RATE
        check_rate(rate)
    except ValueError:
        said = f"Write a number of rows a second, up to {MOST_RATE:,.0f}."
        raise DeskProblemError(422, said) from None
    return rate


def _back(upload: Upload) -> RedirectResponse:
    return RedirectResponse(f"/board/uploads/{upload.id}", 303)


def _busy(upload: Upload) -> bool:
    return upload.job is not None and not upload.job.interrupted(datetime.now(UTC))


def _refuse_while_busy(upload: Upload) -> None:
    if _busy(upload):
        raise DeskProblemError(409, "Something is being done with this list. Wait until it ends.")


def _mapping(upload: Upload, form: Mapping[str, str]) -> dict[str, str]:
    """What columns are said to mean: by the form those that it shows, else as before."""
    mapping = dict(upload.mapping)
    for one in _columns(upload):
        chosen = form.get(one.name)
        if chosen == AS_FOUND:
            mapping.pop(one.header, None)
        elif chosen is not None:
            mapping[one.header] = "" if chosen == LEFT_OUT else chosen
    return mapping


def _columns(upload: Upload) -> list[ColumnChoice]:
    found = upload.found or {}
    rows = found.get("rows", 0)
    choices = []
    for place, one in enumerate(found.get("columns", ())):
        chosen = AS_FOUND
        if one["header"] in upload.mapping:
            chosen = upload.mapping[one["header"]] or LEFT_OUT
        choices.append(
            ColumnChoice(
                name=f"c{place}",
                header=one["header"],
                chosen=chosen,
                found=one,
                share=f"{100 * one['filled'] // rows} %" if rows else "",
            )
        )
    return choices


def _page(context: Context, found: OwnUpload) -> HTMLResponse:
    upload, user = found.upload, found.user
    newest = context.programs.newest(upload.program)
    return page(
        "board_upload.html",
        context,
        zone=user.zone,
        user=user,
        upload=upload,
        busy=_busy(upload),
        interrupted=upload.job is not None and not _busy(upload),
        columns=_columns(upload),
        fields=sorted(meanings_of(newest).fields) if newest is not None else [],
        encodings=ENCODINGS,
        programs=context.programs.names(),
        outcomes=TRIED_WORDS,
        conflicts=[(one, CONFLICT_WORDS[one]) for one in get_args(OnConflict)],
        rate=RATE,
        most_rate=MOST_RATE,
        before=uploads.launched_before(context, upload),
        wall=datetime.now(UTC),
    )
