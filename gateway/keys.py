"""Who asks: API keys as bearer tokens (RFC 6750), each for its scopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapters.api_keys import KnownKey, SqlApiKeys
from gateway.outside import Outside
from gateway.problems import ProblemError

_BEARER = HTTPBearer(
    auto_error=False, description="A key made by `leadflow key create`", scheme_name="key"
)


def needs(outside: Outside, scope: str) -> Callable[..., KnownKey]:
    """A dependency: the request bears a good key with this scope."""
    keys = SqlApiKeys(outside.database)

    def allowed(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> KnownKey:
        key = keys.check(given.credentials) if given is not None else None
        if key is None:
            raise ProblemError(
                401,
                "this needs an API key: send `Authorization: Bearer lf_…`",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if scope not in key.scopes:
            raise ProblemError(403, f"this key is not for {scope}; make one that is")
        return key

    return allowed
