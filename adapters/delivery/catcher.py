"""An SMTP server on loopback that keeps each mail as a file: the embedded stack's mailbox."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Self

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_log = structlog.get_logger(__name__)

OnMail = Callable[[EmailMessage], None]


def messages(folder: Path) -> Iterator[EmailMessage]:
    """All mails kept in a folder, oldest first; none if there is no folder."""
    for path in sorted(folder.glob("*.eml")):
        yield read_message(path.read_bytes())


def read_message(content: bytes) -> EmailMessage:
    """One mail from its bytes."""
    return message_from_bytes(content, policy=policy.SMTP)


class Catcher:
    """Keeps each mail in `folder` as one `.eml` file, written whole before it is accepted.

    Its first header, Return-Path, holds the envelope's sender.

    With `port` 0 any free port is taken, and `port` says which. `on_mail` is called with each
    mail after it was stored, in the catcher's own thread, so it should only pass the mail on.
    Files are named by the time of arrival (UTC) and a hash of the Message-ID.
    """

    def __init__(self, folder: Path, port: int, on_mail: OnMail | None = None) -> None:
        self.folder = folder
        self.port = port
        self._on_mail = on_mail
        self._server: _SmtpServer | None = None

    def start(self) -> None:
        """Listen. Raises OSError, naming the port and the remedy, if the port is in use."""
        self.folder.mkdir(parents=True, exist_ok=True)
        listener = _listen(self.port)
        self.port = listener.getsockname()[1]
        server = _SmtpServer(_Keeper(self.folder, self._on_mail), listener)
        try:
            server.start()
        except BaseException:
            listener.close()
            raise
        self._server = server

    def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(
                errno.EADDRINUSE,
                f"port {port} is in use, so mail can't be caught there; stop the program"
                " that uses it or choose another port with --smtp-port",
            ) from error
        raise
    return listener


class _SmtpServer(Controller):
    """aiosmtpd's server in a thread, on a socket that is already bound."""

    def __init__(self, keeper: _Keeper, listener: socket.socket) -> None:
        # With a name given, aiosmtpd asks no name server for ours.
        host, port = listener.getsockname()
        super().__init__(keeper, hostname=host, port=port, server_hostname="catcher.localhost")
        self._listener = listener

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


class _Keeper:
    """aiosmtpd's handler: a mail is accepted when its file is stored."""

    def __init__(self, folder: Path, on_mail: OnMail | None) -> None:
        self._folder = folder
        self._on_mail = on_mail

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        # The last server of a delivery adds it (RFC 5321, 4.4).
        returns = f"Return-Path: <{envelope.mail_from or ''}>\r\n".encode()
        content = returns + (envelope.original_content or b"")
        message = read_message(content)
        try:
            self._keep(content, message)
        except OSError as error:
            _log.warning("a mail was not kept", error=str(error))
            return f"451 4.3.0 the mail can't be kept: {error.strerror}"
        if self._on_mail is not None:
            try:
                self._on_mail(message)
            except Exception:  # noqa: BLE001 - the mail is kept whatever a listener does with it
                _log.exception("a listener to mail failed")
        return "250 2.0.0 kept"

    def _keep(self, content: bytes, message: EmailMessage) -> None:
        digest = hashlib.sha256(str(message["Message-ID"]).strip().encode()).hexdigest()[:12]
        at = datetime.now(UTC)
        while (path := self._folder / f"{at:%Y%m%dT%H%M%S.%fZ}-{digest}.eml").exists():
            at += timedelta(microseconds=1)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.rename(path)
