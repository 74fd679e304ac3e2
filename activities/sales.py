"""Alerts to sales. Owners are found in the turn (activities/assigning.py).

An alert is sent at least once: a second alert is better than none. It is always mailed, together
with others if there are many (activities/alert_mail.py), and also posted to the team's chat if
there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial

import structlog
from temporalio import activity

from activities.alert_mail import AlertMails, alerted, waits, written
from activities.envelopes import read_command
from activities.heartbeat import pulse
from activities.mail_routes import unsent
from activities.ports import (
    AlertNotice,
    ChatAwayError,
    ChatRefusedError,
    MailRefusedError,
    MailUnsentError,
    Rendered,
    World,
)
from activities.tracing import TRACE, span
from models.decision import OPERATIONS, Alert
from models.envelopes import CommandResult, Work

_log = structlog.get_logger(__name__)


class SalesActivities:
    """The activities of the queue `sales`."""

    def __init__(self, world: World, every: timedelta = timedelta(0)) -> None:
        """`every`: the time between two mails to a person; without, each alert is one."""
        self._world = world
        self._mails = AlertMails(world, every)

    @activity.defn(name="alert")
    async def alert(self, work: Work) -> list[CommandResult]:
        """Alert people of sales, at least once.

        Raises until mail server and chat accept it, and while it waits for its person's next mail.
        An alert that the mail server refuses permanently has the result failed.
        """
        told: list[CommandResult] = []
        waiting: list[timedelta] = []
        async with pulse():
            for one in work["commands"]:
                with span("send alert", [one.get(TRACE)], why=str(one.get("why", ""))):
                    done = await self._one(work["lead"], read_command(one))
                if isinstance(done, timedelta):
                    waiting.append(done)
                else:
                    told.append(done)
        if waiting:
            raise waits(min(waiting))
        return told

    async def _one(self, lead: str, command: object) -> CommandResult | timedelta:
        if not isinstance(command, Alert):
            raise TypeError(f"{type(command).__name__} tells nobody anything")
        if command.to == OPERATIONS:
            await self._to_operations(lead, command)
            return {}
        notice = cache(partial(written, self._world, lead, command))  # once, for mail and chat
        done = await self._mails.deliver(lead, command, notice)
        if self._world.chat.in_use:
            await self._to_chat(lead, command, notice)
        return done

    async def _to_operations(self, lead: str, command: Alert) -> None:
        """Tell the operations contact: one mail a day for each program and team."""
        contact = self._world.operations_contact
        if contact is None:
            _log.warning(
                "nobody is alerted: the team is missing or has no manager, and"
                " LEADFLOW_OPERATIONS_CONTACT is not set",
                lead=lead,
                why=command.why,
            )
            return
        notice, mail = await asyncio.to_thread(
            self._for_operations, lead, replace(command, to=contact)
        )
        await self._by_mail(lead, notice, mail)

    def _for_operations(self, lead: str, command: Alert) -> tuple[Alert, Rendered]:
        state = alerted(self._world, lead)
        program = self._world.programs.load(state.digest)
        team = state.handoff.team if state.handoff is not None else None
        once = f"operations/{program.program}/{team or ''}/{command.at:%Y-%m-%d}"
        command = replace(command, key=once)
        people = self._world.people.directory()
        mail = self._world.renderer.operations_notice(program, people, team, lead, command)
        return command, mail

    async def _by_mail(self, lead: str, command: Alert, mail: Rendered) -> None:
        """Send a mail of its own, which waits for no other."""
        if not await self._claimed(lead, command, command.key):
            return
        mail_ledger = self._world.mail_ledger
        try:
            await self._world.alerts.send(mail)
        except MailUnsentError as error:
            await asyncio.to_thread(mail_ledger.release, command.key)
            raise unsent(error) from error
        except MailRefusedError as error:
            _log.error("alert refused", lead=lead, why=str(error))
            await asyncio.to_thread(mail_ledger.settle, command.key, "failed", "refused")
        else:
            await asyncio.to_thread(mail_ledger.settle, command.key, "sent")

    async def _to_chat(self, lead: str, command: Alert, write: Callable[[], AlertNotice]) -> None:
        state = await asyncio.to_thread(alerted, self._world, lead)
        team = state.handoff.team if state.handoff is not None else None
        key = f"{command.key}/chat"
        if not self._world.chat.reaches(team) or not await self._claimed(lead, command, key):
            return
        notice = await asyncio.to_thread(write)
        try:
            await self._world.chat.post(team, notice.chat)
        except ChatAwayError as error:
            await asyncio.to_thread(self._world.mail_ledger.release, key)
            raise unsent(error) from error
        except ChatRefusedError as error:
            _log.error("chat refused an alert", lead=lead, team=team, why=str(error))
            await asyncio.to_thread(self._world.mail_ledger.settle, key, "failed", "refused")
            return
        await asyncio.to_thread(self._world.mail_ledger.settle, key, "sent")

    async def _claimed(self, lead: str, command: Alert, key: str) -> bool:
        claim = await asyncio.to_thread(
            self._world.mail_ledger.claim, lead, key, f"alert {key}", command.at
        )
        return claim.status in ("new", "unknown")
