"""Listening sockets, and a server of HTTP on one of them in this event loop."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


def listening(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 is any free one. Raises OSError with the port in its text."""
    # asyncio sets TCP_NODELAY only on sockets that name their protocol. Without it each small
    # answer waits about 40 ms for the client's delayed acknowledgement (Nagle's algorithm).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"port {port} on {host} can't be listened on: {error}"
        ) from error
    return listener


class HttpServer(uvicorn.Server):
    """A server that does not handle the process's signals: its caller does."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield
