"""The relay hangs at one step of SMTP after the other; meanwhile one reader unsubscribes and the
worker is replaced (SIGTERM). Is every mail sent once, and what was not sent known as unsent?

Why: before the relay has the content nothing was sent, so such a mail is sent by the next worker,
and one whose reader unsubscribed is not sent. Only a mail whose content was on its way may have an
unknown outcome; it is not sent again.
Limit: 300 seconds; takes about 200.
"""

from __future__ import annotations

import signal
from collections import Counter
from functools import partial

from tests.chaos.processes import becomes_true
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

UNSENT = ("greeting", "MAIL", "RCPT", "DATA")
IN_DOUBT = ("content", "end")
MAILS = 5
_OUTCOMES = ("email_sent", "email_failed", "email_skipped")


def hangs(stack: ChaosStack, step: str) -> bool:
    return any(one["step"] == step for one in stack.hung())


def suppressed(stack: ChaosStack, address: str) -> bool:
    sql = "select count(*) from suppressions where address = :address"
    return bool(stack.count(sql, address=address))


def outcome(stack: ChaosStack, lead: str) -> str:
    """What the timeline says of the lead's first mail; empty before it says anything."""
    for _, kind, fields in stack.timeline(lead, *_OUTCOMES):
        return f"{kind} {fields.get('why') or ''}".strip()
    return ""


async def hang_at(stack: ChaosStack, step: str) -> list[str]:
    """What went wrong with the mails of five leads while the relay hung at this step."""
    leads = [f"{step.lower()}-{n}" for n in range(MAILS)]
    bye = leads[-1]
    stack.mode("relay", f"silent at {step}")
    await stack.enrol(*leads)
    await stack.until(partial(hangs, stack, step), f"the relay hangs at {step}")
    await stack.leads.events(bye, [{"id": "bye", "type": "email.unsubscribed"}])
    await stack.until(partial(suppressed, stack, f"{bye}@x.example"), f"{bye} is unsubscribed")
    asked_before = any(one["to"] == f"{bye}@x.example" for one in stack.asked_contents())
    stack.kill("worker", signal.SIGTERM)
    stack.worker()
    await stack.somebody_answers(leads)
    stack.mode("relay", "ok")
    await becomes_true(lambda: all(outcome(stack, lead) for lead in leads), 180)
    came = Counter(mail["to"].partition("@")[0] for mail in stack.mails() if mail["kept"])
    ends = {lead: outcome(stack, lead) for lead in leads}
    print(f"  {step}: {ends}; came { ({lead: came[lead] for lead in leads}) }")
    wrong = [f"{step}: {lead} came {came[lead]} times" for lead in leads if came[lead] > 1]
    for lead, end in ends.items():
        if not end:
            wrong.append(f"{step}: {lead} has no outcome")
        elif end == "email_sent" and not came[lead]:
            wrong.append(f"{step}: {lead} is told as sent and never came")
        elif end.startswith("email_failed") and (
            step in UNSENT or end != "email_failed unknown_outcome"
        ):
            wrong.append(f"{step}: {lead} is given up ({end})")
        elif lead != bye and end.startswith("email_skipped"):
            wrong.append(f"{step}: {lead} is skipped")
    if came[bye] and not asked_before:
        wrong.append(f"{step}: the mail of {bye} went out after the unsubscription")
    return wrong


async def check(stack: ChaosStack) -> str:
    await stack.start(gateway=False)
    wrong = [one for step in (*UNSENT, *IN_DOUBT) for one in await hang_at(stack, step)]
    if wrong:
        raise FaultError("; ".join(wrong))
    return f"{len(UNSENT + IN_DOUBT)} steps, {MAILS} mails each: none lost, none doubled"


if __name__ == "__main__":
    run_trial(check, limit=300)
