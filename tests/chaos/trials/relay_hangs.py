"""The relay says nothing for 150 seconds, then it is well again: is every mail sent?

Why: a mail that never came to DATA was surely not sent. docs/decisions/0002 gives such a mail its
claim back and tries it again for as long as it takes; only what may have been read is given up.
Limit: 330 seconds; takes about 220.
"""

from __future__ import annotations

import asyncio

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

MAILS, SILENT = 60, 150


async def check(stack: ChaosStack) -> str:
    stack.mode("relay", "silent")
    await stack.start(gateway=False)
    await stack.enrol(*(f"lead-{n}" for n in range(MAILS)))
    await asyncio.sleep(SILENT)
    stack.mode("relay", "ok")
    sent = "select count(*) from entries where kind = 'email_sent'"
    ended = "select count(*) from entries where kind in ('email_sent', 'email_failed')"
    await becomes_true(lambda: stack.count(ended) == MAILS, 180)
    came = len({mail["message"] for mail in stack.mails()})
    if stack.count(sent) < MAILS:
        given_up = stack.count(ended) - stack.count(sent)
        raise FaultError(
            f"of {MAILS} mails {came} reached the relay,"
            f" {given_up} are given up though they never did"
        )
    return f"all {MAILS} mails were sent after {SILENT} seconds of silence"


if __name__ == "__main__":
    run_trial(check, limit=330)
