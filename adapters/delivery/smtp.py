"""Mail by SMTP. The result says exactly whether the server accepted it.

Before the reply to DATA the server has nothing, so a failure is MailUnsentError and the mail can be
tried again. A reply 5xx is MailRefusedError. After the content was sent, a lost connection or a
missing reply says nothing about the mail, so those errors are raised unchanged.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Literal
from weakref import WeakKeyDictionary

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPServerDisconnected

from activities.ports import MailRefusedError, MailUnsentError, Rendered
from activities.tracing import span
from adapters.delivery.dkim import DkimSigner
from adapters.delivery.outage import ASKS_FOR_LOGIN, Outage
from adapters.delivery.refusals import Phase, judge, refusal_kind
from adapters.mail.message import FORWARDED, build_message

_LINE_START_PERIOD = re.compile(rb"(?m)^\.")
_PERMANENT = 500
_GOING_DOWN = frozenset({421})
"""The server closes the connection, for example to start again: as if it were away."""

Tls = Literal["if_offered", "starttls", "implicit"]


class SmtpMailer:
    """Gives mail to one SMTP server over at most `connections` kept connections per event loop.

    A mail goes to one person, so a refusal is always about that one. `signer` signs each mail
    that we wrote; a reply that is forwarded is somebody else's.
    `tls`: `implicit` from the first byte (port 465), `starttls` demanded, or used
    `if_offered`. `timeout` is how many seconds any one reply may take. A login is only sent
    over TLS. `outage` logs that the server takes no mail. Call `close` in each event loop that sent
    mail.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: Tls = "if_offered",
        timeout: float = 20.0,
        local_hostname: str | None = None,
        connections: int = 2,
        signer: DkimSigner | None = None,
        outage: Outage | None = None,
    ) -> None:
        if username is not None and tls == "if_offered":
            raise ValueError("a login needs TLS: set it to starttls or implicit")
        self._settings: dict[str, Any] = {
            "hostname": host,
            "port": port,
            "username": username,
            "password": password,
            "use_tls": tls == "implicit",
            "start_tls": {"if_offered": None, "starttls": True, "implicit": False}[tls],
            "timeout": timeout,
            "local_hostname": local_hostname,
        }
        self._where = f"{host}:{port}"
        self._timeout = timeout
        self._connections = connections
        self._signer = signer
        self._outage = outage or Outage(self._where)
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Send one mail (`_send`), as a span of its trace."""
        with span("SMTP"):
            await self._send(mail, before_content)

    async def _send(
        self, mail: Rendered, before_content: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Send one mail; `activities.ports.Mailer` tells what is raised.

        `before_content` is awaited after the server's "go ahead". If it raises, the connection
        is closed: after DATA that is the only way to send nothing (RFC 5321, 4.1.1.4).
        """
        try:
            message = build_message(mail, datetime.now(UTC).replace(microsecond=0))
            whole = message.as_bytes()
        except ValueError as error:
            raise MailRefusedError(str(error)) from error
        if self._signer is not None and FORWARDED not in mail.headers:
            whole = await asyncio.to_thread(self._signer.signature, whole) + whole
        content = _LINE_START_PERIOD.sub(b"..", whole)
        pool = self._pool()
        client = await self._free(pool)
        try:
            await self._begin(client, message, mail.envelope_from)
            if before_content is not None:
                await _or_closed(client, before_content)
            await self._deliver(client, content)
        except (MailUnsentError, MailRefusedError):
            await _reset(client)
            raise
        except BaseException:
            client.close()
            raise
        finally:
            pool.put_nowait(client)

    async def check(self) -> None:
        """Connect and log in on a connection of its own, and send nothing.

        Raises MailUnsentError with the server's words.
        """
        client = aiosmtplib.SMTP(**self._settings)
        try:
            await client.connect()
            await client.quit()
        except (SMTPException, OSError) as error:
            raise MailUnsentError(f"{self._where}: {error}") from error
        finally:
            client.close()

    async def _free(self, pool: _Pool) -> aiosmtplib.SMTP:
        """A connection, made or not. Raises MailUnsentError if none is free for a whole timeout.

        So a server that hangs costs a mail one timeout in this queue, and not one for each mail
        before it.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await pool.get()
        except TimeoutError as error:
            raise MailUnsentError(
                f"no connection to {self._where} was free within {self._timeout:g} seconds"
            ) from error

    async def close(self) -> None:
        """Close this event loop's connections, once the mails being sent are through."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        for _ in range(self._connections if pool is not None else 0):
            client = await pool.get()  # type: ignore[union-attr]  # the range is empty without one
            if client.is_connected:
                with suppress(SMTPException, OSError):
                    await client.quit()
            client.close()

    def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            pool: _Pool = asyncio.LifoQueue()
            for _ in range(self._connections):
                pool.put_nowait(aiosmtplib.SMTP(**self._settings))
            self._pools[loop] = pool
        return self._pools[loop]

    async def _begin(
        self, client: aiosmtplib.SMTP, message: EmailMessage, envelope_from: str | None
    ) -> None:
        """Everything up to the server's "go ahead": a failure here means nothing was taken."""
        reused = client.is_connected
        try:
            if not reused:
                await self._connect(client)
            await self._envelope(client, message, envelope_from)
        except SMTPServerDisconnected as error:
            client.close()
            if not reused:
                self._outage.failed(error)
                raise MailUnsentError(f"{self._where} closed the connection: {error}") from error
            # The server closed the idle connection, so a new one is opened.
            await self._begin(client, message, envelope_from)
        except SMTPResponseException as error:
            self._answered(error)
            raise _refusal(
                error, "DATA" if isinstance(error, aiosmtplib.SMTPDataError) else "MAIL"
            ) from error
        except (SMTPException, OSError) as error:
            client.close()
            self._outage.failed(error)
            raise MailUnsentError(f"{self._where} did not accept the mail: {error}") from error
        else:
            self._outage.over()

    def _answered(self, error: SMTPResponseException) -> None:
        """Tell what would fail any mail from what the server says about this one."""
        if error.code in ASKS_FOR_LOGIN | _GOING_DOWN:
            self._outage.failed(error)
        else:
            self._outage.over()

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (SMTPException, OSError) as error:
            client.close()
            self._outage.failed(error)
            # Said before any mail was named, "never" is about us: a block list, or a wrong login.
            never = isinstance(error, SMTPResponseException) and error.code >= _PERMANENT
            raise MailUnsentError(
                f"no connection to {self._where}: {error}", answered=never, about_us=never
            ) from error

    async def _envelope(
        self, client: aiosmtplib.SMTP, message: EmailMessage, envelope_from: str | None
    ) -> None:
        author, to = (message[name].addresses[0].addr_spec for name in ("From", "To"))
        sender = author if envelope_from is None else envelope_from
        international = not (author + sender + to).isascii()
        if international and not client.supports_extension("smtputf8"):
            raise MailRefusedError(
                f"{self._where} takes no address with letters beyond ASCII (SMTPUTF8)"
            )
        options = ["SMTPUTF8"] if international else []
        encoding = "utf-8" if international else "ascii"
        await client.mail(sender, options=options, encoding=encoding)
        try:
            await client.rcpt(to, encoding=encoding)
        except SMTPResponseException as error:
            self._answered(error)
            raise _refusal(error, "RCPT") from error
        reply = await client.execute_command(b"DATA")
        if reply.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)

    async def _deliver(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        """Send the content. Only a reply says whether it was accepted."""
        protocol = client.protocol
        try:
            if protocol is None:
                raise SMTPServerDisconnected("Connection lost")  # noqa: TRY301 - as write says it
            # Either nothing is written, or all of it is given to the transport.
            protocol.write(content + b".\r\n")
        except SMTPServerDisconnected as error:
            raise MailUnsentError(f"{self._where} closed the connection: {error}") from error
        reply = await protocol.read_response(timeout=self._timeout)
        if reply.code != aiosmtplib.SMTPStatus.completed:
            refused = aiosmtplib.SMTPDataError(reply.code, reply.message)
            raise _refusal(refused, "END") if 400 <= reply.code <= 599 else refused


_Pool = asyncio.LifoQueue[aiosmtplib.SMTP]


def _refusal(error: SMTPResponseException, phase: Phase) -> MailUnsentError | MailRefusedError:
    sentence = f"{error.code} {' '.join(str(error.message).split())}"
    if 500 <= error.code <= 599 and error.code not in ASKS_FOR_LOGIN:
        return MailRefusedError(sentence, refusal_kind(error.code, str(error.message), phase))
    about_us = error.code in ASKS_FOR_LOGIN or (
        judge(str(error.message), code=error.code, phase=phase).meaning == "about_us"
        and phase != "MAIL"
    )
    return MailUnsentError(sentence, answered=error.code not in _GOING_DOWN, about_us=about_us)


async def _or_closed(
    client: aiosmtplib.SMTP, before_content: Callable[[], Awaitable[None]]
) -> None:
    try:
        await before_content()
    except BaseException:
        client.close()
        raise


async def _reset(client: aiosmtplib.SMTP) -> None:
    """Make the connection ready for the next mail, or close it."""
    if client.is_connected:
        try:
            await client.rset()
        except (SMTPException, OSError):
            client.close()
