"""Errors over HTTP are problem details (RFC 9457): what was wrong, where, what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from starlette.exceptions import HTTPException

from adapters.sql.database import DatabaseNotReadyError

MEDIA_TYPE = "application/problem+json"
_SHAPE = "the request does not have the right shape"

_log = structlog.get_logger(__name__)


CODES = {
    400: "malformed",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "too_slow",
    409: "refused",
    410: "gone",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
"""The code of a problem that has no code of its own, by its status."""
TYPE_PREFIX = "urn:leadflow:problem:"
"""`type` of a problem document is this and the code (RFC 9457, 3.1.1). docs/api.md lists them."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    path: str = Field(description="Where, like `body.events[3].type`")
    problem: str
    index: int | None = Field(None, description="The item's place in the request, from 0")
    line: int | None = Field(None, description="Of a program's file: the line, from 1")
    column: int | None = Field(None, description="Of a program's file: the column, from 1")
    code: str | None = Field(None, description="Of an item: which kind of reason it is")


class ProblemDetails(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:leadflow:problem:invalid",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "code": "invalid",
                    "detail": "the request does not have the right shape",
                    "errors": [{"path": "body.events", "problem": "Field required"}],
                }
            ]
        }
    )

    type: str = Field(description="`urn:leadflow:problem:` and the code")
    title: str
    status: int
    code: str = Field(description="Which kind of problem it is, for programs")
    detail: str = Field(description="What is wrong here and what would be right, for people")
    errors: list[Fault] | None = None


class ProblemError(Exception):
    """A request that can't be answered as it is; becomes a problem document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers


def problem(
    status: int,
    detail: str,
    errors: Sequence[Fault] = (),
    headers: dict[str, str] | None = None,
    code: str | None = None,
) -> JSONResponse:
    """The document as an answer. Without a code of its own it has the status' code."""
    code = code or CODES.get(status, "problem")
    details = ProblemDetails(
        type=f"{TYPE_PREFIX}{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=list(errors) or None,
    )
    return JSONResponse(
        details.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE
    )


def faulty(path: str, said: str) -> ProblemError:
    """What to raise for one fault that only the stored data shows."""
    return ProblemError(422, _SHAPE, errors=[Fault(path=path, problem=said)])


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route answers besides success, for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def explain(app: FastAPI) -> None:
    """Answer every error of this application as a problem."""

    @app.exception_handler(ProblemError)
    async def refused(_: Request, error: ProblemError) -> JSONResponse:
        return problem(error.status, error.detail, error.errors, error.headers, error.code)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            Fault(path=_path(one["loc"]), problem=str(one["msg"]).removeprefix("Value error, "))
            for one in error.errors()
        ]
        if any(one["type"] == "json_invalid" for one in error.errors()):
            return problem(400, "the body is not JSON", errors)
        return problem(422, _SHAPE, errors)

    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(DatabaseNotReadyError)
    async def away(_: Request, error: Exception) -> JSONResponse:
        _log.error("database away", why=_of_database(error))
        return problem(
            503, "the database can't be reached; nothing was stored", headers={"Retry-After": "5"}
        )

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        _log.error("request failed", why=repr(error), exc_info=error)
        return problem(500, "something went wrong here; it was logged")


def _path(place: Sequence[int | str]) -> str:
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _of_database(error: Exception) -> str:
    """What a log may say of it: other words of a database repeat what was to be stored."""
    if isinstance(error, OperationalError):  # locked, a full disk, no connection
        return str(error.orig).strip().partition("\n")[0]
    return str(error) if isinstance(error, DatabaseNotReadyError) else type(error).__name__
