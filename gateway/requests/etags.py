"""Entity tags: a client that has an answer already gets 304 without the body (RFC 9110, 8.8.3)."""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATHS = "/v1/"


class ETags:
    """Tags each JSON answer to a GET of the API by its content (ASGI middleware).

    The tags are weak, because the answer may be compressed on its way. The work of making the
    answer is not saved, only its transfer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        reads = scope["type"] == "http" and scope["method"] == "GET"
        if not reads or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None
        body = bytearray()

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
                return
            if start is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
            headers = MutableHeaders(scope=start)
            headers["ETag"] = tag
            headers["Cache-Control"] = "private, no-cache"
            content = bytes(body)
            if known.strip() == "*" or tag in (one.strip() for one in known.split(",")):
                start["status"], content = 304, b""
                for name in ("content-length", "content-type"):
                    del headers[name]
            await send(start)
            await send({"type": "http.response.body", "body": content})

        await self._app(scope, receive, tagged)
