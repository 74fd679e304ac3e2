"""A mailer that holds mail back until a test lets it go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from activities.ports import Rendered
from tests.fakes import FakeMailer


@dataclass
class HeldMailer(FakeMailer):
    """Claims each mail, and sends none until `open` is set."""

    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        if before_content is not None:
            await before_content()
        await self.open.wait()
        await super().send(mail)
