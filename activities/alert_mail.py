"""Mail with alerts to one person: one a minute, with all alerts that wait, urgent ones first.

Each alert's own activity waits for it, by Temporal's retries. The first that may send takes all
that wait along. The others find their outcome when they look again (docs/decisions/0018).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.mail_routes import unsent
from activities.ports import (
    AlertMail,
    AlertNotice,
    Claim,
    MailRefusedError,
    MailUnsentError,
    Rendered,
    WaitingAlert,
    World,
)
from models.decision import Alert
from models.envelopes import CommandResult
from models.state import LeadState

_LONGEST_SPREAD = timedelta(seconds=1)
"""Alerts that wait for one mail do not all look at the same millisecond."""

_log = structlog.get_logger(__name__)


class AlertMails:
    """Sends alerts by mail. `every`: the time between two mails to a person."""

    def __init__(self, world: World, every: timedelta) -> None:
        self._world = world
        self._every = every

    async def deliver(
        self, lead: str, alert: Alert, own: Callable[[], AlertNotice]
    ) -> CommandResult | timedelta:
        """Send an alert, with all that wait for its person; or how long it waits.

        `own` writes this alert (`written`). It is asked as soon as the alert goes into a mail.
        Raises until the mail server has accepted it. If the server refuses it permanently, the
        result is failed.
        """
        queue = self._world.alert_queue
        while True:
            found = await asyncio.to_thread(queue.enter, lead, alert, self._every)
            if isinstance(found, timedelta):
                return found
            if isinstance(found, Claim):
                return _result(found, alert)
            if isinstance(found, AlertMail):
                notices = await asyncio.to_thread(self._written, found.alerts, alert, own)
                await self._send(found, list(notices.values()))
                continue
            notices = await asyncio.to_thread(self._written, found, alert, own)
            mail = await asyncio.to_thread(queue.begin, alert, list(notices), self._every)
            if mail is not None:
                await self._send(mail, [notices[one.command.key] for one in mail.alerts])

    async def _send(self, mail: AlertMail, notices: Sequence[AlertNotice]) -> None:
        queue = self._world.alert_queue
        try:
            await self._world.alerts.send(self._whole(mail, notices))
        except MailUnsentError as error:
            pause = await asyncio.to_thread(queue.unsent, mail, answered=error.answered)
            raise unsent(error, spread_over(pause)) from error
        except MailRefusedError as error:
            leads = sorted({one.lead for one in mail.alerts})
            _log.error("alert refused", leads=leads, why=str(error))
            await asyncio.to_thread(queue.settle, mail, "failed", "refused")
        else:
            await asyncio.to_thread(queue.settle, mail, "sent")

    def _whole(self, mail: AlertMail, notices: Sequence[AlertNotice]) -> Rendered:
        if len(mail.alerts) == 1:
            return notices[0].mail
        return self._world.renderer.alerts(notices, mail.key)

    def _written(
        self, alerts: Sequence[WaitingAlert], alert: Alert, own: Callable[[], AlertNotice]
    ) -> dict[str, AlertNotice]:
        """The alerts by key. One of another lead that can't be written is left to its activity."""
        found: dict[str, AlertNotice] = {}
        for one in alerts:
            if one.command.key == alert.key:
                found[alert.key] = own()
                continue
            try:
                found[one.command.key] = written(self._world, one.lead, one.command)
            except (LookupError, ValueError) as error:
                _log.warning("an alert can't be written", lead=one.lead, why=repr(error))
        return found


def written(world: World, lead: str, alert: Alert) -> AlertNotice:
    """An alert in words, as the lead stands now. Raises LookupError for a lead without a row."""
    state = alerted(world, lead)
    return world.renderer.alert(
        world.programs.load(state.digest),
        state,
        world.people.directory(),
        world.timelines.timeline(lead),
        alert,
    )


def alerted(world: World, lead: str) -> LeadState:
    """The lead that an alert is about. Raises LookupError."""
    state = world.journal.state(lead)
    if state is None:
        raise LookupError(f"the lead {lead} has no row in this database")
    return state


def waits(wait: timedelta) -> ApplicationError:
    """What Temporal is told of an alert that waits for its person's next mail."""
    return ApplicationError(
        "this person had a mail less than a minute ago; the next one holds this alert too",
        type="WaitsForNextMail",
        next_retry_delay=spread_over(wait),
        category=ApplicationErrorCategory.BENIGN,
    )


def spread_over(wait: timedelta) -> timedelta:
    """This time and up to a tenth more, at most a second."""
    return wait + min(wait / 10, _LONGEST_SPREAD) * random.random()  # noqa: S311 - no secret


def _result(claim: Claim, alert: Alert) -> CommandResult:
    if claim.status != "failed":
        return {}
    return {"outcome": "failed", "why": claim.why or "refused", "owner": alert.to}
