"""Whether the journal, the mailbox and Temporal tell the same story.

Leads may go on while they are compared. So what is told first must be found in what is
looked at afterwards, within a limit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage

from adapters.reports import SqlReports
from adapters.temporal import LeadNotFoundError, Leads

_LOOKS = 60
_PAUSE = 0.3
"""Seconds between looks: in eighteen a difference must have gone away by itself."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared, and each difference as a sentence."""

    mails: int
    leads: int
    differences: tuple[str, ...]


Mailbox = Callable[[], Iterator[EmailMessage]]


async def compare(reports: SqlReports, mailbox: Mailbox, leads: Leads) -> Agreement:
    """Compare every `email_sent` with the mailbox, and every lead's row with its workflow."""
    before = _mails(mailbox)
    told = Counter(mail.message for mail in reports.sent_mail())
    after = _mails(mailbox)
    differences = [
        f"mail {message}: {told[message]} time(s) on timelines, {after[message]} in the mailbox"
        for message in told
        if told[message] != 1 or after[message] != 1
    ]
    untold = await _until_empty(lambda: _untold(before, reports))
    differences += [f"mail {message}: in the mailbox, on no timeline" for message in untold]
    unlike = await _until_empty(lambda: _unlike(reports, leads))
    return Agreement(
        mails=len(told),
        leads=len(reports.stage_of()),
        differences=(*differences, *unlike),
    )


def _mails(mailbox: Mailbox) -> Counter[str]:
    """The Message-IDs of the program's mail; alerts to sales are not the program's."""
    return Counter(
        str(mail["Message-ID"]).strip("<>")
        for mail in mailbox()
        if mail["X-Leadflow-Alert"] is None
    )


async def _untold(mails: Counter[str], reports: SqlReports) -> list[str]:
    told = {mail.message for mail in reports.sent_mail()}
    return sorted(set(mails) - told)


async def _unlike(reports: SqlReports, leads: Leads) -> list[str]:
    rows = reports.stage_of()
    found = []
    for lead, row in rows.items():
        try:
            workflow = (await leads.standing(lead))["stage"]
        except LeadNotFoundError:
            workflow = "absent from Temporal"
        now = reports.stage_of_lead(lead)
        if workflow not in (row, now):
            found.append(f"lead {lead}: {now} in its row, {workflow} in its workflow")
    return found


async def _until_empty(look: Callable[[], Awaitable[list[str]]]) -> list[str]:
    found: list[str] = []
    for _ in range(_LOOKS):
        found = await look()
        if not found:
            break
        await asyncio.sleep(_PAUSE)
    return found
