"""A CRM that fails on demand: `crm.py PORT FOLDER`. Runs until it is ended.

FOLDER/crm.mode says how, and may change at any time: ok | flaky (one in ten gets 500; one in
fifty is taken, but answered after 12 seconds) | slow (all are taken and answered after 12
seconds, which is longer than leadflow waits) | down (500). FOLDER/crm.jsonl gets a line for each
event that came.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
CHANCE = random.Random(5)
LOG = (FOLDER / "crm.jsonl").open("a", buffering=1)


def mode() -> str:
    try:
        return (FOLDER / "crm.mode").read_text().strip() or "ok"
    except OSError:
        return "ok"


async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    length = next(
        int(line.partition(":")[2]) for line in head if line.startswith("content-length:")
    )
    event = json.loads(await reader.readexactly(length))
    now, chance = mode(), CHANCE.random()
    refused = now == "down" or (now == "flaky" and chance < 0.1)
    entry = event["data"]["entry"]
    delivery = {
        "at": time.time(),
        "id": event["id"],
        "lead": event["subject"],
        "type": event["type"],
    }
    LOG.write(
        json.dumps(delivery | {"seq": entry["seq"], "kind": entry["kind"], "taken": not refused})
        + "\n"
    )
    if now == "slow" or (now == "flaky" and 0.1 <= chance < 0.12):
        await asyncio.sleep(12)
    answer = "500 Internal Server Error" if refused else "200 OK"
    writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await take(reader, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(connected, "127.0.0.1", PORT)
    async with server:
        await server.serve_forever()


asyncio.run(main())
