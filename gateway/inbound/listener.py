"""The SMTP server for mail that comes to us, in the gateway's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakSet

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.ports import MailRefusedError, MailUnsentError
from gateway.inbound.config import InboundConfig
from gateway.inbound.forwarding import forwarded, pass_on
from gateway.inbound.postmaster import Postmaster, role_of
from gateway.inbound.recognise import Arrival, Recognised, RefusedMail, addressed, recognise, store
from gateway.requests.throttle import network_of
from usecases.context import Context

MOST_BYTES = 10_000_000
"""The largest mail that is taken in (SIZE, RFC 1870)."""
_MOST_RECIPIENTS = 10
_SILENCE = 60
"""Seconds without a byte after which a session ends. A large mail over a slow line takes longer."""
_LONGEST_SESSION = 600
"""Seconds after which a connection is closed, whatever it says meanwhile."""
_MOST_SESSIONS = 200
_MOST_OF_ONE_ADDRESS = 20
_CROWDED = b"421 4.7.0 too many connections; try again later\r\n"
_UNKNOWN = "550 5.1.1 no such address here"
_TOO_MANY = "452 4.5.3 too many recipients; send the others another time"
_LATER = "451 4.3.0 it can't be stored now; try again later"

UNCONFIGURED = InboundConfig()
"""A listener without encryption and without a contact for `postmaster@`."""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def receiving(
    context: Context, listener: socket.socket, config: InboundConfig = UNCONFIGURED
) -> AsyncIterator[None]:
    """Take in mail on this socket while the block runs."""
    door = _Door(context, config.contact)
    certificate = config.certificate
    loop = asyncio.get_running_loop()
    sessions: WeakSet[SMTP] = WeakSet()
    count: Counter[str] = Counter()

    def session() -> SMTP:
        one = _BoundedSmtp(
            count,
            door,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=context.links.mail_domain or "localhost",
            ident="leadflow",
            loop=loop,
            timeout=_SILENCE,
            tls_context=certificate.context() if certificate is not None else None,
        )
        sessions.add(one)
        return one

    server = await loop.create_server(session, sock=listener)
    try:
        yield
    finally:
        server.close()
        for one in list(sessions):
            if one.transport is not None:
                one.transport.close()


class _BoundedSmtp(SMTP):
    """One connection: it ends after ten minutes, and an address has at most twenty.

    Senders try a mail again that a 421 stopped (RFC 5321, 4.5.4.1).
    """

    def __init__(self, count: Counter[str], *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._open = count
        self._address: str | None = None
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a socket server it is
        if self._address is not None:  # the same connection, encrypted from now on (STARTTLS)
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        address = network_of(str(peer[0]) if peer else "")
        if self._open[address] >= _MOST_OF_ONE_ADDRESS or self._open.total() >= _MOST_SESSIONS:
            transport.write(_CROWDED)
            transport.close()
            return
        self._address = address
        self._open[address] += 1
        self._end = self.loop.call_later(_LONGEST_SESSION, transport.close)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._address is not None:
            self._reset_timeout()
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._address is None or self._end is None:
            return  # it was refused
        self._end.cancel()
        self._open[self._address] -= 1
        self._open += Counter()  # forget addresses without a connection
        super().connection_lost(error)


class _Door:
    """aiosmtpd's handler."""

    def __init__(self, context: Context, contact: str | None) -> None:
        self._context = context
        self._domain = context.links.mail_domain
        self._postmaster = (
            Postmaster(context.mailer, contact, self._domain) if contact is not None else None
        )

    def _role(self, address: str) -> str | None:
        return role_of(address, self._domain) if self._postmaster is not None else None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        try:
            known = self._role(address) is not None
            if not known:
                found = await asyncio.to_thread(addressed, self._context, address)
                known = found is not None
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender may try again
            _log.error("an address can't be looked up", why=_loggable(error))
            return _LATER
        if not known:
            return _UNKNOWN
        address = address.lower()
        if address not in envelope.rcpt_tos:
            if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
                return _TOO_MANY
            envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take the mail for each recipient. It is refused where none of them takes it."""
        # aiosmtpd writes the null sender as it stood in the command.
        null_sender = envelope.mail_from in (None, "", "<>")
        content = envelope.original_content or b""
        answers: list[str] = []
        try:
            for to in envelope.rcpt_tos:
                arrival = Arrival(to=to, null_sender=null_sender, content=content)
                if (role := self._role(to)) is not None:
                    answers.append(await self._to_operations(role, arrival))
                    continue
                found = await asyncio.to_thread(recognise, self._context, arrival)
                if isinstance(found, RefusedMail):
                    answers.append(found.answer)
                else:
                    await self._take(found)
                    answers.append("250 2.0.0 taken")
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender may try again
            _log.error("a mail can't be taken in", why=_loggable(error))
            return _LATER
        return min(answers)

    async def _to_operations(self, role: str, arrival: Arrival) -> str:
        """Pass a mail on, unless it is a feedback report about a mail of ours: that is recorded."""
        assert self._postmaster is not None  # noqa: S101 - without one there are no roles
        report = replace(arrival, to=f"fbl@{self._domain}")
        found = await asyncio.to_thread(recognise, self._context, report)
        if role == "abuse" and isinstance(found, Recognised):
            await self._take(found)
            return "250 2.0.0 taken"
        return await self._postmaster.take(role, arrival)

    async def handle_exception(self, error: Exception) -> str:
        """The answer where a session fails; it shows nothing of the error."""
        _log.error("a session failed", why=_loggable(error))
        return _LATER

    async def _take(self, found: Recognised) -> None:
        """Pass a reply on, then store its event, so that no reply is stored that reached nobody."""
        if found.reply is not None and found.sent is not None:
            people = await asyncio.to_thread(self._context.people.directory)
            ways = await asyncio.to_thread(
                forwarded, self._context, people, found.sent, found.reply
            )
            await pass_on(self._context.mailer, found.sent.lead, ways)
        await asyncio.to_thread(store, self._context, found)


def _loggable(error: Exception) -> str:
    """What a log may say of an error: a database's own words repeat what was to be stored."""
    ours = isinstance(error, MailUnsentError | MailRefusedError | LookupError)
    return str(error) if ours else type(error).__name__
