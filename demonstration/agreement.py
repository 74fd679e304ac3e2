"""Whether the journal, the mailbox and Temporal agree.

Leads may change while they are compared. So what is read first must be found in what is read
afterwards, within a limit.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from temporalio.service import RPCError

from adapters.reports.audit import SentMailEntry
from adapters.temporal.client import LeadNotFoundError
from models.envelopes import Json

_SECONDS = 180.0
"""Within so long a difference must go away by itself, even on a busy machine."""
_PAUSE = 0.3
"""Seconds between looks."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared, and each difference as a sentence."""

    mails: int
    leads: int
    differences: tuple[str, ...]


Mailbox = Callable[[], Iterator[EmailMessage]]


class JournalView(Protocol):
    """What is read of the journal; `SqlAudit` has it."""

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
    reports: JournalView, mailbox: Mailbox, leads: WorkflowView, *, seconds: float = _SECONDS
) -> Agreement:
    """Compare every `email_sent` with the mailbox, and every lead's row with its workflow.

    What differs is looked at again for so many seconds; then it is a difference.
    """
    before = _mails(mailbox)
    recorded = Counter(mail.message for mail in reports.sent_mail())
    after = _mails(mailbox)
    differences = [
        f"mail {message}: {recorded[message]} time(s) on timelines, {after[message]} in the mailbox"
        for message in recorded
        if recorded[message] != 1 or after[message] != 1
    ]
    unrecorded = await _until_empty(lambda: _unrecorded(before, reports), seconds)
    differences += [f"mail {message}: in the mailbox, on no timeline" for message in unrecorded]
    unequal = await _unequal_stages(reports, leads, seconds)
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


async def _unequal_stages(reports: JournalView, leads: WorkflowView, seconds: float) -> list[str]:
    found: dict[str, str] = {}
    asked: list[str] = list(reports.stage_of())

    async def look() -> list[str]:
        found.clear()
        for lead in asked:
            difference = await _unequal_stage(reports, leads, lead)
            if difference is not None:
                found[lead] = difference
        asked[:] = found
        return list(found.values())

    return await _until_empty(look, seconds)


async def _unequal_stage(reports: JournalView, leads: WorkflowView, lead: str) -> str | None:
    before = reports.stage_of_lead(lead)
    try:
        workflow = (await leads.standing(lead))["stage"]
    except LeadNotFoundError:
        workflow = "absent from Temporal"
    except RPCError as error:
        return f"lead {lead}: its workflow does not answer ({error.message})"
    now = reports.stage_of_lead(lead)
    if workflow in (before, now):
        return None
    return f"lead {lead}: {now} in its row, {workflow} in its workflow"


async def _until_empty(look: Callable[[], Awaitable[list[str]]], seconds: float) -> list[str]:
    ends = time.monotonic() + seconds
    while (found := await look()) and time.monotonic() < ends:  # noqa: ASYNC110  # rows tell nobody
        await asyncio.sleep(_PAUSE)
    return found
