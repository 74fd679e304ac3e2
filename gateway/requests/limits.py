"""How large a request may be, judged before and while it is read."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.requests.problems import problem


class BodyLimit:
    """Answers 413 to a body that is larger than `most` bytes, said so or not.

    `larger` are the paths that take more, with how much.
    """

    def __init__(self, app: ASGIApp, most: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._most = most
        self._larger = dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = max(self._most, self._larger.get(scope["path"], 0))
        said = f"the body is larger than {most} bytes"
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not one.isdigit() or int(one) > most for one in lengths):
            await problem(413, said)(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, said)
            return message

        await self._app(scope, limited, send)
