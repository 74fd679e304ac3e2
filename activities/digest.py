"""The digest: each manager gets a mail about the open handoffs of their teams.

Like every alert to sales it is sent at least once: a second mail is better than none.
"""

from __future__ import annotations

import asyncio
from typing import Literal

import structlog
from temporalio import activity

from activities.heartbeat import pulse
from activities.mail_routes import unsent
from activities.ports import MailRefusedError, MailUnsentError, Rendered, World
from lifecycle.stable_hash import short_hash
from models.directory import Directory
from models.envelopes import DigestWork
from models.instants import parse_instant, write_instant
from models.program.program import Program

Told = Literal["sent", "failed", "not theirs"]

_log = structlog.get_logger(__name__)


class DigestActivities:
    """The activity that mails digests, on the queue `sales`."""

    def __init__(self, world: World) -> None:
        self._world = world

    @activity.defn(name="send_digest")
    async def send_digest(self, work: DigestWork) -> dict[str, Told]:
        """Mail each manager of the directory the digest of one program; the result for each.

        A later try leaves out managers who have theirs. Raises after the last manager, until the
        mail server has accepted every mail.
        """
        world = self._world
        async with pulse():
            program = await asyncio.to_thread(world.programs.load, work["program"])
            people = await asyncio.to_thread(world.people.directory)
            told: dict[str, Told] = {}
            untold: MailUnsentError | None = None
            for manager in sorted(people.managers):
                try:
                    told[manager] = await self._tell(work, program, people, manager)
                except MailUnsentError as error:
                    untold = error
        if untold is not None:
            raise unsent(untold) from untold
        return told

    async def _tell(
        self, work: DigestWork, program: Program, people: Directory, manager: str
    ) -> Told:
        at, mail_ledger = parse_instant(work["at"]), self._world.mail_ledger
        key = f"digest/{program.program}/{write_instant(at)}/{short_hash(manager)}"
        try:
            mail = await asyncio.to_thread(
                self._world.digests.mail, program, people, manager, at, key
            )
        except ValueError as error:
            _log.error("digest can't be written", program=program.program, why=str(error))
            return "failed"
        if mail is None:
            return "not theirs"
        # It is about no lead. The keys of mail that is about no lead begin with `alert`.
        claim = await asyncio.to_thread(mail_ledger.claim, "", key, f"alert {key}", at)
        if claim.status not in ("new", "unknown"):
            return "sent" if claim.status == "sent" else "failed"
        return await self._sent(key, mail)

    async def _sent(self, key: str, mail: Rendered) -> Told:
        mail_ledger = self._world.mail_ledger
        try:
            await self._world.alerts.send(mail)
        except MailUnsentError:
            await asyncio.to_thread(mail_ledger.release, key)
            raise
        except MailRefusedError as error:
            _log.error("digest refused", key=key, why=str(error))
            await asyncio.to_thread(mail_ledger.settle, key, "failed", "refused")
            return "failed"
        await asyncio.to_thread(mail_ledger.settle, key, "sent")
        return "sent"
