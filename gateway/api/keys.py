"""API keys as bearer tokens (RFC 6750). A key has scopes, or a role that gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapters.sql.api_keys import KnownKey, SqlApiKeys
from gateway.requests.problems import ProblemError
from usecases.context import Context
from usecases.viewer import Viewer, viewer_with_role

_BEARER = HTTPBearer(
    auto_error=False, description="A key made by `leadflow key create`", scheme_name="key"
)


def key_with_scope(context: Context, *scopes: str) -> Callable[..., KnownKey]:
    """A dependency that checks that the request has a valid key with one of these scopes."""
    keys = SqlApiKeys(context.database)

    def allowed(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> KnownKey:
        key = keys.check(credentials.credentials) if credentials is not None else None
        if key is None:
            raise ProblemError(
                401,
                "this needs an API key: send `Authorization: Bearer lf_…`",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if not set(scopes) & set(key.scopes):
            wanted = " or ".join(scopes)
            raise ProblemError(
                403, f"this key does not have the scope {wanted}; make one that has it"
            )
        return key

    return allowed


def viewer_with_scope(context: Context, scope: str) -> Callable[..., Viewer]:
    """A dependency that finds the viewer of a key with this scope.

    A personal key works only while the directory knows its person in its role.
    """
    allowed = key_with_scope(context, scope)

    def who(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Viewer:
        key = allowed(credentials)
        people = context.people.directory()
        found = viewer_with_role(people, key.role, key.person) if key.role is not None else None
        if found is None:
            does = "manages no team" if key.role == "manager" else "is in no team"
            raise ProblemError(
                403, f"{key.person or 'nobody'} {does} (any more), so this key does not work"
            )
        return found.through(f"api {key.name}"[:100])

    return who
