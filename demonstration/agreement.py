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
from typing import Protocol

from adapters.reports.leads import SentMailEntry
from adapters.temporal.client import LeadNotFoundError
from models.envelopes import Json

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


class JournalView(Protocol):
    """What the journal tells; `SqlReports` does."""

    def sent_mail(self) -> list[SentMailEntry]:
        """Every `email_sent`."""
        ...

    def stage_of(self) -> dict[str, str]:
        """Each lead's stage."""
        ...

    def stage_of_lead(self, lead: str) -> str | None:
        """One lead's stage."""
        ...


class WorkflowView(Protocol):
    """What Temporal says of a lead; `Leads` does."""

    async def standing(self, lead: str) -> Json:
        """How the lead's workflow stands. Raises LeadNotFoundError."""
        ...


async def compare(
    reports: JournalView, mailbox: Mailbox, leads: WorkflowView, *, looks: int = _LOOKS
) -> Agreement:
    """Compare every `email_sent` with the mailbox, and every lead's row with its workflow.

    A difference is looked at so many times before it is believed.
    """
    before = _mails(mailbox)
    told = Counter(mail.message for mail in reports.sent_mail())
    after = _mails(mailbox)
    differences = [
        f"mail {message}: {told[message]} time(s) on timelines, {after[message]} in the mailbox"
        for message in told
        if told[message] != 1 or after[message] != 1
    ]
    untold = await _until_empty(lambda: _untold(before, reports), looks)
    differences += [f"mail {message}: in the mailbox, on no timeline" for message in untold]
    unlike = await _until_empty(lambda: _unlike(reports, leads), looks)
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


async def _untold(mails: Counter[str], reports: JournalView) -> list[str]:
    told = {mail.message for mail in reports.sent_mail()}
    return sorted(set(mails) - told)


async def _unlike(reports: JournalView, leads: WorkflowView) -> list[str]:
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


async def _until_empty(look: Callable[[], Awaitable[list[str]]], looks: int) -> list[str]:
    found: list[str] = []
    for _ in range(looks):
        found = await look()
        if not found:
            break
        await asyncio.sleep(_PAUSE)
    return found
