from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from assembly.logs import RepeatedLineFilter, mask_addresses, masked
from tests.crm import running_crm

ROOT = Path(__file__).parents[2]
_ASKING = """
import sys, httpx, structlog
from assembly import logs
logs.configure("json", "debug")
httpx.post(sys.argv[1], content=b"{}", timeout=120)
structlog.get_logger().info("asked")
"""


def test_addresses_are_masked_at_any_depth() -> None:
    event = {
        "event": "mail refused",
        "why": "550 <ana.smith@northwind.example>: no such user",
        "profile": {"email": "ana.smith@northwind.example", "tags": ["bo@x.example"]},
        "error": ValueError("bad: ana.smith@northwind.example"),
    }
    masked = str(mask_addresses(None, "info", event))
    assert "ana.smith@" not in masked
    assert "bo@" not in masked
    assert "an…@northwind.example" in masked


def test_what_is_not_an_address_stays() -> None:
    assert masked({"n": 3, "at": "12:30", "handle": "@riley"}) == {
        "n": 3,
        "at": "12:30",
        "handle": "@riley",
    }


async def test_the_url_of_a_request_which_may_hold_a_secret_is_not_logged() -> None:
    async with running_crm() as crm:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ASKING, crm.url, cwd=ROOT, stdout=PIPE, stderr=STDOUT
        )
        printed, _ = await process.communicate()
        assert len(crm.deliveries) == 1
    assert b"asked" in printed
    assert b"hush" not in printed


def test_a_line_that_is_repeated_is_left_out_after_a_few_and_other_lines_are_not() -> None:
    few = RepeatedLineFilter()

    def passes(said: object) -> bool:
        record = logging.LogRecord("asyncio", logging.ERROR, "x.py", 1, said, (), None)
        return few.filter(record)

    storm = [passes("socket.accept() out of system resource") for _ in range(1_000)]
    assert storm == [True] * 5 + [False] * 995
    leads = [passes({"event": "mail in doubt", "lead": f"lead-{n}"}) for n in range(100)]
    assert all(leads)
    times = [passes({"event": "away", "timestamp": n, "request": f"{n}"}) for n in range(100)]
    assert times.count(True) == 5
    many = [passes({"event": "turn failed", "lead": f"lead-{n}"}) for n in range(5_000)]
    assert many.count(True) == 200
    assert passes({"event": "mail in doubt", "lead": "another"})
