"""The activity that pauses a program or lets it go on, on the queue `sales`."""

from __future__ import annotations

from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import pulse
from models.envelopes import PauseWork


class ProgramPauses(Protocol):
    """What pauses a program; `assembly.rolling_out` has the use case behind it."""

    async def set_paused(self, name: str, *, pause: bool, by: str) -> bool:
        """Pause it, or let it go on; False if it is so already.

        When it returns from a pause, no nurture mail of the program leaves. Raises LookupError.
        """
        ...


class PauseActivities:
    """Over this adapter."""

    def __init__(self, pauses: ProgramPauses) -> None:
        self._pauses = pauses

    @activity.defn(name="set_program_paused")
    async def set_program_paused(self, work: PauseWork) -> bool:
        """Pause the program, or let it go on; False if it is so already."""
        async with pulse():
            try:
                return await self._pauses.set_paused(
                    work["name"], pause=work["pause"], by=work["by"]
                )
            except LookupError as error:
                raise ApplicationError(str(error), non_retryable=True) from None
