"""A span for each request (ASGI middleware).

Its name is the route's pattern, never the path: a path may hold a lead's id or a token.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from activities.tracing import span

_UNTRACED = ("/health", "/ready")


class Traced:
    """Serves a request within a span, which goes on with the sender's trace (`traceparent`)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _UNTRACED:
            await self._app(scope, receive, send)
            return
        sender = Headers(scope=scope).get("traceparent")
        with span(scope["method"], [sender], server=True) as rename:
            await self._app(scope, receive, send)
            route = scope.get("route")  # set by the router
            if route is not None:
                rename(f"{scope['method']} {route.path}")
