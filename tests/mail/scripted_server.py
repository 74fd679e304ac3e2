"""An SMTP server that gives scripted replies, and a mailer that is connected to it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.delivery.smtp import SmtpMailer

HANG_UP = None
SILENT = ""


@dataclass
class Server:
    """A scripted SMTP server: one reply a verb. `.` is the reply to a mail's content.

    Replies of a list are given one after another; the last one stays.
    """

    replies: Mapping[str, str | list[str | None] | None] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SMTPUTF8",)
    port: int = 0
    connections: int = 0
    lines: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    fell_silent: asyncio.Event = field(default_factory=asyncio.Event)

    def falls_silent(self) -> bool:
        """Whether it never gives some reply."""
        replies = self.replies.values()
        return any(SILENT in one if isinstance(one, list) else one == SILENT for one in replies)

    def reply(self, verb: str, usual: str) -> str | None:
        reply = self.replies.get(verb, usual)
        if isinstance(reply, list):
            return reply.pop(0) if len(reply) > 1 else reply[0]
        return reply

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = self.reply("greeting", "220 hello")
        while answer is not HANG_UP:
            if answer == SILENT:
                self.fell_silent.set()
                await reader.read()
                return
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
            if answer.startswith("221"):
                return
            if answer.startswith("354"):
                self.contents.append(await reader.readuntil(b"\r\n.\r\n"))
                answer = self.reply(".", "250 taken")
                continue
            line = (await reader.readuntil(b"\r\n")).decode().strip()
            self.lines.append(line)
            verb = line.split()[0]
            hello = "\r\n".join(["250-me", *(f"250-{one}" for one in self.extensions), "250 HELP"])
            usual = {"EHLO": hello, "DATA": "354 go ahead", "QUIT": "221 bye"}
            answer = self.reply(verb, usual.get(verb, "250 fine"))


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[SmtpMailer]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    # Short only for a server that falls silent: a busy machine may answer late.
    timeout = 0.3 if server.falls_silent() else 20.0
    mailer = SmtpMailer(
        "127.0.0.1", server.port, timeout=timeout, local_hostname="me.example", connections=1
    )
    try:
        yield mailer
    finally:
        await mailer.close()
        listener.close()
        await listener.wait_closed()
