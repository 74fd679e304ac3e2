"""1,300 connections stay idle on a gateway with 1,024 descriptors: does it answer?

Why: one script on one machine must not take the form's endpoint, the desk and /health away from
everybody.
Limit: 150 seconds; takes about 50.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
import time
import urllib.request

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

CONNECTIONS, IDLE = 1_300, 20


def health(stack: ChaosStack) -> str:
    """What /health answers within five seconds."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{stack.ports['gateway']}/health", timeout=5
        ) as answer:
            return str(answer.status)
    except OSError as error:
        return type(error).__name__


def opened(port: int) -> list[socket.socket]:
    held = []
    for _ in range(CONNECTIONS):
        try:
            one = socket.create_connection(("127.0.0.1", port), timeout=2)
            one.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        except OSError:
            break
        held.append(one)
    return held


async def check(stack: ChaosStack) -> str:
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2
    )
    await stack.start(gateway=False)
    stack.spawn(
        "gateway", ["bash", "-c", 'ulimit -n 1024; exec "$0" starter.py gateway', sys.executable]
    )
    if not await becomes_true(lambda: health(stack) == "200", 240):
        raise RuntimeError(f"the gateway does not answer before it: {health(stack)}")
    held = await asyncio.to_thread(opened, stack.ports["gateway"])
    began = time.monotonic()
    print(f"  {len(held)} connections stand idle")
    answers = []
    while time.monotonic() - began < IDLE:
        answers.append(await asyncio.to_thread(health, stack))
        await asyncio.sleep(2)
    for one in held:
        one.close()
    errors = (stack.home / "gateway.log").read_text().count("out of system resource")
    if "200" not in answers[1:]:
        beside = f"beside {len(held)} idle connections"
        raise FaultError(
            f"/health does not answer for {IDLE} seconds {beside}; {errors:,} lines in the log"
        )
    return f"/health answers beside {len(held)} idle connections"


if __name__ == "__main__":
    run_trial(check, limit=150)
