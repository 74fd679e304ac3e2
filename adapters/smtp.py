"""Mail by SMTP, telling exactly whether the server took it.

Up to the reply to DATA the server surely has nothing, so a failure is MailUnsentError and
worth another try. A reply 5xx is MailRefusedError. Once the content is on its way, a lost
connection or a missing reply says nothing about the mail: those errors go up as they are.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, ClassVar, Literal
from weakref import WeakKeyDictionary

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPServerDisconnected

from activities.ports import MailRefusedError, MailUnsentError, Rendered
from adapters.mail_headers import one_line, only_address

_LINE_START_PERIOD = re.compile(rb"(?m)^\.")
_ABOUT_US = frozenset({530, 534, 535, 538})
"""Replies 5xx that ask for a login: about our settings, not about this mail."""

Tls = Literal["if_offered", "starttls", "implicit"]


class _Verbatim:
    """A header that is neither decoded when set nor encoded when folded.

    The e-mail package would turn a long List-Unsubscribe into encoded words, which no mail
    program reads.
    """

    max_count: ClassVar[int] = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Take the value as it is."""
        kwds["parse_tree"] = UnstructuredHeader.value_parser("")
        kwds["decoded"] = value

    def fold(self, *, policy: EmailPolicy[EmailMessage]) -> str:
        """One line, however long."""
        name = self.name  # type: ignore[attr-defined]  # BaseHeader, mixed in, has it
        return f"{name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in (
    "List-Unsubscribe",
    *(f"X-Leadflow-{of}" for of in ("Lead", "Key", "Email", "Alert")),
):
    _HEADERS.map_to_type(_name.lower(), _Verbatim)  # type: ignore[arg-type]  # the registry mixes BaseHeader in

# Bodies are encoded to seven bits, so no server needs to know 8BITMIME.
_POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_LONGEST_LINE = 998  # octets, RFC 5322


def build_message(mail: Rendered, date: datetime) -> EmailMessage:
    """The mail as a multipart message dated `date` (aware). Raises ValueError if it can't be."""
    sender, to = only_address(mail.sender), only_address(mail.to)
    international = not (sender.addr_spec + to.addr_spec).isascii()
    message = EmailMessage(policy=_POLICY.clone(utf8=True) if international else _POLICY)
    try:
        message["From"] = str(sender)
        message["To"] = str(to)
        message["Subject"] = one_line(mail.subject)
        message["Date"] = date
        message["Message-ID"] = f"<{one_line(mail.message_id)}>"
        for name, value in mail.headers.items():
            line = one_line(value)
            if len(line.encode()) + len(name) + 2 > _LONGEST_LINE:
                raise ValueError(f"header {name} is longer than a line may be")  # noqa: TRY301 - told like the rest
            message[name] = line
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
    except (MessageError, ValueError, LookupError) as error:
        raise ValueError(f"the mail can't be put together: {error}") from error
    return message


class SmtpMailer:
    """Hands mail to one SMTP server over at most `connections` kept connections per event loop.

    `tls`: `implicit` from the first byte (port 465), `starttls` demanded, or used
    `if_offered`. `timeout` is how many seconds any one reply may take. A login is only sent
    over TLS. Call `close` in each event loop that sent mail.
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
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()

    async def send(self, mail: Rendered) -> None:
        """Send one mail; `activities.ports.Mailer` tells what is raised."""
        try:
            message = build_message(mail, datetime.now(UTC).replace(microsecond=0))
        except ValueError as error:
            raise MailRefusedError(str(error)) from error
        content = _LINE_START_PERIOD.sub(b"..", message.as_bytes())
        pool = self._pool()
        client = await pool.get()
        try:
            await self._begin(client, message)
            await self._deliver(client, content)
        except (MailUnsentError, MailRefusedError):
            await _reset(client)
            raise
        except BaseException:
            client.close()
            raise
        finally:
            pool.put_nowait(client)

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

    async def _begin(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        """Everything up to the server's "go ahead": a failure here means nothing was taken."""
        reused = client.is_connected
        try:
            if not reused:
                await self._connect(client)
            await self._envelope(client, message)
        except SMTPServerDisconnected as error:
            client.close()
            if not reused:
                raise MailUnsentError(f"{self._where} hung up: {error}") from error
            # The server had closed a connection that was idle for long; a new one will do.
            await self._begin(client, message)
        except SMTPResponseException as error:
            raise _refusal(error) from error
        except (SMTPException, OSError) as error:
            client.close()
            raise MailUnsentError(f"{self._where} did not take the mail: {error}") from error

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (SMTPException, OSError) as error:
            client.close()
            raise MailUnsentError(f"no connection to {self._where}: {error}") from error

    async def _envelope(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        sender, to = (message[name].addresses[0].addr_spec for name in ("From", "To"))
        international = not (sender + to).isascii()
        if international and not client.supports_extension("smtputf8"):
            raise MailRefusedError(
                f"{self._where} takes no address with letters beyond ASCII (SMTPUTF8)"
            )
        options = ["SMTPUTF8"] if international else []
        encoding = "utf-8" if international else "ascii"
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(to, encoding=encoding)
        reply = await client.execute_command(b"DATA")
        if reply.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)

    async def _deliver(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        """Send the content. Only a reply tells what became of it."""
        protocol = client.protocol
        try:
            if protocol is None:
                raise SMTPServerDisconnected("Connection lost")  # noqa: TRY301 - as write says it
            # Either nothing is written or all is handed to the transport.
            protocol.write(content + b".\r\n")
        except SMTPServerDisconnected as error:
            raise MailUnsentError(f"{self._where} hung up: {error}") from error
        reply = await protocol.read_response(timeout=self._timeout)
        if reply.code != aiosmtplib.SMTPStatus.completed:
            refused = aiosmtplib.SMTPDataError(reply.code, reply.message)
            raise _refusal(refused) if 400 <= reply.code <= 599 else refused


_Pool = asyncio.LifoQueue[aiosmtplib.SMTP]


def _refusal(error: SMTPResponseException) -> MailUnsentError | MailRefusedError:
    sentence = f"{error.code} {' '.join(str(error.message).split())}"
    if 500 <= error.code <= 599 and error.code not in _ABOUT_US:
        return MailRefusedError(sentence)
    return MailUnsentError(sentence)


async def _reset(client: aiosmtplib.SMTP) -> None:
    """Make the connection ready for the next mail, or give it up."""
    if client.is_connected:
        try:
            await client.rset()
        except (SMTPException, OSError):
            client.close()
