"""The operations contact is told of a route of mail that is stopped: one mail for each opening."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from activities.circuit_breaker import Breaker
from activities.ports import MailRefusedError, MailUnsentError, World
from models.instants import write_instant
from models.program.program import Program

_log = structlog.get_logger(__name__)


class RouteNotices:
    """Sends the notices. The mail ledger has one key for each opening, so all workers send one.

    The relay that refuses everybody may refuse the notice too. Then it is sent with a later
    refusal, or when mail goes again.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    async def tell(self, lead: str, program: Program, stopped: Sequence[Breaker]) -> None:
        """Tell the contact of these routes, if it has not been told. Never raises.

        `lead` is whose mail was refused or accepted: the ledger's row names it.
        """
        contact = self._world.operations_contact
        if contact is None:
            return
        for one in stopped:
            try:
                await self._told(lead, program, one, contact)
            except Exception as error:  # noqa: BLE001 - the lead's own mail goes on whatever it was
                _log.warning("the operations contact is not told yet", why=repr(error))

    async def _told(self, lead: str, program: Program, stopped: Breaker, contact: str) -> None:
        if stopped.opened_at is None:
            return
        ledger = self._world.mail_ledger
        key = f"breaker/{stopped.route}/{write_instant(stopped.opened_at)}"
        claim = await asyncio.to_thread(ledger.claim, lead, key, f"alert {key}", datetime.now(UTC))
        if claim.status != "new":  # sent, or another mail's refusal sends it at this moment
            return
        mail = self._world.renderer.route_notice(program, stopped, contact, key)
        try:
            await self._world.alerts.send(mail)
        except (MailUnsentError, MailRefusedError) as error:
            await asyncio.to_thread(ledger.release, key)
            _log.warning(
                "the operations contact is not told yet", route=stopped.route, why=str(error)
            )
        else:
            await asyncio.to_thread(ledger.settle, key, "sent")
