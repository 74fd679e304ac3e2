"""Whether the journal, the mailbox and Temporal agree.

Leads may change while they are compared. So what is read first must be found in what is read
afterwards, within a limit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from typing import Protocol

from adapters.reports.leads import SentMailEntry
from adapters.temporal.client import LeadNotFoundError
from demonstration.retries import persistently
from models.envelopes import Json

_LOOKS = 300
_PAUSE = 0.3
"""Seconds between looks: within ninety a difference must go away by itself, even on a busy
machine."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared, and each difference as a sentence."""

    mails: int
    leads: int
    differences: tuple[str, ...]


Mailbox = Callable[[], Iterator[EmailMessage]]


class JournalView(Protocol):
    """What is read of the journal; `SqlReports` has it."""

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
    """What is asked of Temporal; `Leads` has it."""

    async def standing(self, lead: str) -> Json:
        """How the lead's workflow stands. Raises LeadNotFoundError."""
        ...


async def compare(
    reports: JournalView, mailbox: Mailbox, leads: WorkflowView, *, looks: int = _LOOKS
) -> Agreement:
    """Compare every `email_sent` with the mailbox, and every lead's row with its workflow.

    A difference counts once it was seen `looks` times in a row.
    """
    before = _mails(mailbox)
    recorded = Counter(mail.message for mail in reports.sent_mail())
    after = _mails(mailbox)
    differences = [
        f"mail {message}: {recorded[message]} time(s) on timelines, {after[message]} in the mailbox"
        for message in recorded
        if recorded[message] != 1 or after[message] != 1
    ]
    unrecorded = await _until_empty(lambda: _unrecorded(before, reports), looks)
    differences += [f"mail {message}: in the mailbox, on no timeline" for message in unrecorded]
    unequal = await _until_empty(lambda: _unequal_stages(reports, leads), looks)
    return Agreement(
        mails=len(recorded),
        leads=len(reports.stage_of()),
        differences=(*differences, *unequal),
    )


def _mails(mailbox: Mailbox) -> Counter[str]:
    """The Message-IDs of the program's mail; alerts to sales are not the program's."""
    return Counter(
        str(mail["Message-ID"]).strip("<>")
        for mail in mailbox()
        if mail["X-Leadflow-Alert"] is None
    )


async def _unrecorded(mails: Counter[str], reports: JournalView) -> list[str]:
    recorded = {mail.message for mail in reports.sent_mail()}
    return sorted(set(mails) - recorded)


async def _unequal_stages(reports: JournalView, leads: WorkflowView) -> list[str]:
    rows = reports.stage_of()
    found = []
    for lead, row in rows.items():
        try:
            workflow = (await persistently(partial(leads.standing, lead)))["stage"]
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
