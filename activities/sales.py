"""What is done for sales: telling people. Owners are found in the turn (activities/assigning.py).

An alert is sent at least once: told twice is better than not told.
"""

from __future__ import annotations

import asyncio

import structlog
from temporalio import activity

from activities.heartbeat import pulse
from activities.mail import unsent
from activities.ports import MailRefusedError, MailUnsentError, Rendered, World
from activities.turn import read_command
from models.decision import Alert
from models.envelopes import Done, Work

_log = structlog.get_logger(__name__)


class SalesActivities:
    """The activities of the queue `sales`."""

    def __init__(self, world: World) -> None:
        self._world = world

    @activity.defn(name="alert")
    async def alert(self, work: Work) -> list[Done]:
        """Tell people of sales, at least once. Raises until the mail server takes it."""
        async with pulse():
            for one in work["commands"]:
                command = read_command(one)
                if not isinstance(command, Alert):
                    raise TypeError(f"{type(command).__name__} tells nobody anything")
                await self._told(work, command)
        return [{} for _ in work["commands"]]

    async def _told(self, work: Work, command: Alert) -> None:
        message = f"alert {command.key}"
        claim = await asyncio.to_thread(
            self._world.outbox.claim, work["lead"], command.key, message, command.at
        )
        if claim.status not in ("new", "unknown"):
            return
        mail = await asyncio.to_thread(self._rendered, work, command)
        try:
            await self._world.alerts.send(mail)
        except MailUnsentError as error:
            await asyncio.to_thread(self._world.outbox.release, command.key)
            raise unsent(error) from error
        except MailRefusedError as error:
            _log.error("alert refused", lead=work["lead"], why=str(error))
            await asyncio.to_thread(self._world.outbox.settle, command.key, "failed", "refused")
            return
        await asyncio.to_thread(self._world.outbox.settle, command.key, "sent")

    def _rendered(self, work: Work, command: Alert) -> Rendered:
        stored = self._world.journal.stored(work["lead"])
        if stored is None:
            raise LookupError(f"the lead {work['lead']} has no row in this database")
        return self._world.renderer.alert(
            self._world.programs.load(stored.state.digest), stored.state, command
        )
