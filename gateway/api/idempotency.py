"""`Idempotency-Key`: a POST under such a key is done once, and its answer comes again.

As in the IETF's draft (draft-ietf-httpapi-idempotency-key-header), but another request under the
same key is answered with 409, because it conflicts with the first. A request that was refused
leaves its key free: nothing was done under it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import structlog
from fastapi import Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.request_keys import Begun, Different, InHand, SqlRequestKeys, StoredAnswer
from gateway.requests.json_body import JsonRequest
from gateway.requests.problems import ProblemError
from models.instants import write_instant
from usecases.context import Context

HEADER = "Idempotency-Key"
_LONGEST = 255
KEPT = timedelta(hours=24)
"""How long an answer is stored. Clients retry for minutes, so a day is ample."""
_LEASE = timedelta(seconds=60)
"""Longer than any request takes. A request whose process died may be begun again after it."""
_SERVER_ERROR = 500

_Done = TypeVar("_Done")
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_log = structlog.get_logger(__name__)


def request_id_seed(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias=HEADER,
            min_length=1,
            max_length=_LONGEST,
            description="Any text of yours that names this request. Sent again with the same body,"
            " it is done once and gets the same answer, for 24 hours; with another body it is"
            " answered with 409",
        ),
    ] = None,
) -> str | None:
    """A dependency: what ids are made of that the request leaves out; None without a key.

    So the request can be repeated even if its answer was lost with the process.
    """
    seed: str | None = getattr(request.state, "idempotency", None)
    return seed


def idempotent_route(context: Context) -> type[APIRoute]:
    """A class of routes whose POSTs may have an `Idempotency-Key`."""
    keys, requests = SqlApiKeys(context.database), SqlRequestKeys(context.database)

    class IdempotentRoute(APIRoute):
        """A route that does a request under a key once."""

        def get_route_handler(self) -> _Handler:
            handle = super().get_route_handler()

            async def once(request: Request) -> Response:
                request = JsonRequest(request.scope, request.receive)
                given = request.headers.get(HEADER, "")
                caller = await asyncio.to_thread(_caller, keys, request)
                if request.method != "POST" or not 0 < len(given) <= _LONGEST or caller is None:
                    return await handle(request)
                key = hashed(caller, given)
                request.state.idempotency = key[:16]
                return await _once(requests, key, request, handle)

            return once

    return IdempotentRoute


def conflict(name: str, earlier: Different) -> ProblemError:
    """The problem of a request under the key of another; `name` is the key's header."""
    return ProblemError(
        409,
        f"this {name} came with {earlier.what} at {write_instant(earlier.at)}, which said"
        " something else; this request needs one of its own",
        code="key_used",
    )


async def _once(requests: SqlRequestKeys, key: str, request: Request, handle: _Handler) -> Response:
    what = f"{request.method} {quote(request.url.path)}"
    said = hashed(what, request.url.query, (await request.body()).decode("latin-1"))
    found = await asyncio.to_thread(requests.begin, key, said, what, lease=_LEASE, kept=KEPT)
    match found:
        case StoredAnswer(status, body):
            headers = {"Idempotency-Replayed": "true"}
            return Response(body, status, headers, media_type="application/json")
        case Different():
            raise conflict(HEADER, found)
        case InHand():
            raise ProblemError(
                409,
                "this request is being done at this moment; ask again for its answer",
                code="in_progress",
                headers={"Retry-After": "1"},
            )
        case Begun():
            return await _done(requests, key, request, handle)


async def _done(requests: SqlRequestKeys, key: str, request: Request, handle: _Handler) -> Response:
    response = await begun(requests, key, handle(request))
    answer = bytes(response.body).decode()
    await _stored(partial(requests.answered, key, response.status_code, answer))
    return response


async def begun(requests: SqlRequestKeys, key: str, work: Awaitable[_Done]) -> _Done:
    """Do a request that was begun. If it is refused, its key is free again.

    After a server's error nobody knows whether it was done: then only the same request may come
    under the key.
    """
    end = partial(requests.broken_off, key)
    try:
        done = await work
    except (ProblemError, HTTPException, RequestValidationError) as error:
        if _status(error) < _SERVER_ERROR:
            end = partial(requests.forget, key)
        await _stored(end)
        raise
    except BaseException:
        await _stored(end)
        raise
    return done


async def _stored(end: Callable[[], None]) -> None:
    """Store how a request ended; its answer is an answer, also if the database is away now."""
    try:
        await asyncio.to_thread(end)
    except SQLAlchemyError as error:
        _log.warning("the end of a request under a key can't be stored", why=repr(error))


def _status(error: ProblemError | HTTPException | RequestValidationError) -> int:
    match error:
        case ProblemError():
            return error.status
        case HTTPException():
            return error.status_code
        case _:
            return 422


def _caller(keys: SqlApiKeys, request: Request) -> str | None:
    """The id of the API key that sent this; None without a valid one."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("authorization"))
    known = keys.check(credentials) if scheme.lower() == "bearer" else None
    return known.id if known is not None else None


def hashed(*parts: str) -> str:
    """The SHA-256 of these texts, in hex."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
