"""An owner accepts in time while no worker runs; the worker is back after the deadline.

Why: a person acted in time; that the machinery was away must not make it a breach (PROGRAM.md,
order in a turn: inputs count by the instant they arrived). Asked by the HTTP API, by Temporal's
signal, by the CRM and by the button of the alert's mail. One signals after the deadline and says
that it was before: that is late.
Limit: 120 seconds; takes about 60 (the clock runs 60 times as fast: a second is a minute).
"""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from functools import partial

from standardwebhooks import Webhook

from tests.chaos.processes import CannotRunError, becomes_true
from tests.chaos.stack import ChaosStack, instant
from tests.chaos.trial import FaultError, run_trial

IN_TIME = ("by-http", "by-signal", "by-crm", "by-button")
LEADS = (*IN_TIME, "pre-dated")
_BUTTON = re.compile(r"/a/[0-9a-f]+-\d+-[0-9a-f]+")


def act_entries(stack: ChaosStack, lead: str) -> list[str]:
    return [kind for _, kind, _ in stack.timeline(lead, "accepted", "breached", "refused")]


def button(stack: ChaosStack, lead: str) -> str:
    """The path of the first button, Accept, in the alert of this lead; empty before it came."""
    for file in sorted((stack.home / "mail").glob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        text = mail.get_body(("plain",)) if mail["X-Leadflow-Lead"] == lead else None
        if text is not None and (found := _BUTTON.search(text.get_content())):
            return found[0]
    return ""


def asked(stack: ChaosStack, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST to the gateway; the status of its answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.ports['gateway']}{path}", data=body, headers=dict(headers)
    )
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:  # noqa: S310 - our own gateway
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def told_by_crm(stack: ChaosStack, act: Mapping[str, str]) -> int:
    """Act by the CRM's door, signed; the status of the answer."""
    now, text = datetime.now(UTC), json.dumps(act)
    headers = {
        "content-type": "application/json",
        "webhook-id": "crm-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(stack.env["LEADFLOW_CRM_SECRET"]).sign("crm-1", now, text),
    }
    return asked(stack, "/v1/crm/acts", text.encode(), headers)


async def check(stack: ChaosStack) -> str:
    await stack.start()
    admin = stack.admin_key()
    now = stack.clocked(60)
    await stack.enrol(*LEADS)
    for lead in LEADS:
        await stack.raise_hand(lead)
    sql = "select id, owner, clock_due from leads where clock = 'accept'"
    await stack.until(lambda: len(stack.rows(sql)) == len(LEADS), "each lead has an owner")
    await stack.until(partial(button, stack, "by-button"), "the alert has come")
    owner = {lead: who for lead, who, _ in stack.rows(sql)}
    due = min(instant(at) for _, _, at in stack.rows(sql))
    stack.kill("worker")
    print(f"  no worker; accepted at {now():%H:%M:%S}, due at {due:%H:%M:%S}")
    if now() > due - timedelta(minutes=3):
        raise CannotRunError("the machine is too slow: nobody can accept in time")
    body = {"do": "accept", "by": owner["by-http"], "id": "in-time"}
    form = {"content-type": "application/x-www-form-urlencoded"}
    crm = {"lead": "by-crm", "do": "accept", "by": owner["by-crm"]}
    answers = asyncio.gather(
        asyncio.to_thread(stack.post, "leads/by-http/acts", body, admin),
        asyncio.to_thread(told_by_crm, stack, crm),
        asyncio.to_thread(asked, stack, button(stack, "by-button"), b"", form),
    )
    await stack.client.get_workflow_handle("lead/by-signal").signal(
        "accept", {"by": owner["by-signal"]}
    )
    while now() < due + timedelta(minutes=5):  # noqa: ASYNC110 - of a clock
        await asyncio.sleep(0.2)
    early = (due - timedelta(minutes=20)).isoformat()
    lie = {"by": owner["pre-dated"], "arrived": early, "at": early}
    await stack.client.get_workflow_handle("lead/pre-dated").signal("accept", lie)
    stack.worker()
    print(f"  the worker is back at {now():%H:%M:%S}")
    (status, answer), by_crm, by_button = await answers
    print(f"  HTTP {status}: {answer.get('detail', answer)}; CRM {by_crm}; button {by_button}")
    await becomes_true(lambda: all(act_entries(stack, lead) for lead in LEADS), 120)
    await asyncio.sleep(2)
    late = {
        lead: act_entries(stack, lead)
        for lead in IN_TIME
        if act_entries(stack, lead)[:1] != ["accepted"]
    }
    if late:
        raise FaultError(f"accepted in time, and yet: {late}")
    if (lied := act_entries(stack, "pre-dated"))[:1] == ["accepted"]:
        raise FaultError(f"accepted late and pre-dated, and yet: {lied}")
    return f"{len(IN_TIME)} acceptances count as in time; one that was pre-dated is late: {lied}"


if __name__ == "__main__":
    run_trial(check, limit=120, crm=True)
