"""A mail relay that fails on demand: `relay.py PORT FOLDER`. Runs until it is ended.

FOLDER/relay.mode says how, and may change at any time: ok | silent (accepts connections, says
nothing) | silent at STEP (hangs at that step alone: greeting, MAIL, RCPT, DATA; content: asks for
it and does not read it; end: keeps the mail and does not say so) | refuse (451) | flaky (some 4xx)
| cut (some connections end instead of 250 after DATA; half of those mails are kept).
FOLDER/contents.jsonl gets a line each time it asks for a content, FOLDER/hung.jsonl each time it
hangs at a step, FOLDER/relay.jsonl one for each mail that came through DATA, FOLDER/mail/ each that
was kept.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
CHANCE = random.Random(7)
KEPT = FOLDER / "mail"
LOG = (FOLDER / "relay.jsonl").open("a", buffering=1)
ASKED = (FOLDER / "contents.jsonl").open("a", buffering=1)
HUNG = (FOLDER / "hung.jsonl").open("a", buffering=1)


def mode() -> str:
    try:
        return (FOLDER / "relay.mode").read_text().strip() or "ok"
    except OSError:
        return "ok"


def message_id(body: list[bytes]) -> str:
    found = [line for line in body if line.lower().startswith(b"message-id:")]
    return found[0].split(b":", 1)[1].strip(b" <>\r\n").decode() if found else ""


def fate() -> str:
    """What becomes of a mail: kept, kept and then cut, cut, or refused."""
    chance = CHANCE.random()
    if mode() == "cut" and chance < 0.2:
        return "kept, cut" if chance < 0.1 else "cut"
    return "refused" if mode() == "flaky" and chance < 0.05 else "kept"


def keep(body: list[bytes]) -> None:
    name = f"{time.time_ns()}"
    part = KEPT / f"{name}.part"
    part.write_bytes(b"".join(body))
    part.rename(KEPT / f"{name}.eml")


class RelaySession:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.to = ""

    async def hang(self, step: str) -> None:
        """Stand still for as long as the relay hangs at this step."""
        at = f"silent at {step}"
        if mode() == at:
            HUNG.write(json.dumps({"at": time.time(), "step": step, "to": self.to}) + "\n")
        while mode() == at:  # noqa: ASYNC110 - another process writes the mode
            await asyncio.sleep(0.1)

    async def say(self, line: str) -> None:
        while mode() == "silent":  # noqa: ASYNC110 - another process writes the mode
            await asyncio.sleep(0.3)
        self.writer.write(f"{line}\r\n".encode())
        await self.writer.drain()

    async def body(self) -> list[bytes]:
        lines: list[bytes] = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return lines

    async def data(self) -> bool:
        """Take one mail; False ends the connection without an answer."""
        ASKED.write(json.dumps({"at": time.time(), "to": self.to}) + "\n")
        await self.say("354 go on")
        await self.hang("content")
        body = await self.body()
        while mode() == "silent":  # noqa: ASYNC110 - another process writes the mode
            await asyncio.sleep(0.3)
        what = fate()
        if "kept" in what:
            keep(body)
        record = {
            "at": time.time(),
            "message": message_id(body),
            "to": self.to,
            "kept": "kept" in what,
        }
        LOG.write(json.dumps(record) + "\n")
        await self.hang("end")
        if "cut" in what:
            return False
        await self.say("250 kept" if what == "kept" else "452 4.3.1 full")
        return True

    async def serve(self) -> None:
        await self.hang("greeting")
        await self.say("220 relay ESMTP")
        while line := await self.reader.readline():
            text = line.decode("utf-8", "replace").strip()
            verb = text[:4].upper()
            if verb == "EHLO":
                await self.say("250-relay\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb == "MAIL":
                await self.hang(verb)
                await self.say("250 ok")
            elif verb == "RCPT":
                self.to = text[text.find("<") + 1 : text.rfind(">")]
                await self.hang(verb)
                later = mode() == "refuse" or (mode() == "flaky" and CHANCE.random() < 0.1)
                await self.say("451 4.3.0 later" if later else "250 ok")
            elif verb == "DATA":
                await self.hang(verb)
                if not await self.data():
                    return
            elif verb == "QUIT":
                await self.say("221 bye")
                return
            else:
                await self.say("250 ok")


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await RelaySession(reader, writer).serve()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    server = await asyncio.start_server(connected, "127.0.0.1", PORT, limit=2**24)
    async with server:
        await server.serve_forever()


asyncio.run(main())
