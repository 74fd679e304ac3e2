"""The SMTP server for mail that comes to us, in the gateway's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.ports import Mailer, MailRefusedError
from adapters.people import SqlPeople
from gateway.forwarding import forwarded
from gateway.inbound import Arrival, Recognised, addressed, recognise, store
from gateway.outside import Outside

MOST_BYTES = 10_000_000
"""The largest mail that is taken in (SIZE, RFC 1870)."""
_UNKNOWN = "550 5.1.1 no such address here"
_LATER = "451 4.3.0 it can't be stored now; try again later"

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def receiving(
    outside: Outside, mailer: Mailer, listener: socket.socket
) -> AsyncIterator[None]:
    """Take in mail on this socket while the block runs. `mailer` passes replies on."""
    handler = _Door(outside, mailer)

    def session() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=outside.links.mail_domain or "localhost",
            ident="leadflow",
            loop=asyncio.get_running_loop(),
            timeout=60,
        )

    server = await asyncio.get_running_loop().create_server(session, sock=listener)
    try:
        yield
    finally:
        server.close()


class _Door:
    """aiosmtpd's handler."""

    def __init__(self, outside: Outside, mailer: Mailer) -> None:
        self._outside = outside
        self._mailer = mailer
        self._people = SqlPeople(outside.database)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        try:
            known = await asyncio.to_thread(addressed, self._outside, address)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender may try again
            _log.error("an address can't be looked up", why=repr(error))
            return _LATER
        if known is None:
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        try:
            for to in envelope.rcpt_tos:
                arrival = Arrival(to=to, null_sender=not envelope.mail_from, content=content)
                found = await asyncio.to_thread(recognise, self._outside, arrival)
                if found is not None:
                    await self._take(found)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender may try again
            _log.error("a mail can't be taken in", why=repr(error))
            return _LATER
        return "250 2.0.0 taken"

    async def _take(self, found: Recognised) -> None:
        if found.reply is not None:
            passed = await asyncio.to_thread(
                forwarded, self._outside, self._people.directory, found.sent, found.reply
            )
            if passed is not None:
                try:
                    await self._mailer.send(passed)
                except MailRefusedError as error:
                    _log.error("a reply can't be passed on", lead=found.sent.lead, why=str(error))
        await asyncio.to_thread(store, self._outside, found)
