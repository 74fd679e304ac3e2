"""The acts on a program as a whole, as updates of the workflow `program/NAME`.

An update starts the workflow if it does not run, and the workflow ends when all are answered.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.envelopes import PauseWork
    from workflows.long_activity import call_long_activity


@workflow.defn(name="ProgramWorkflow")
class ProgramWorkflow:
    """One program; its argument is the program's name."""

    @workflow.init
    def __init__(self, name: str) -> None:
        self._name = name
        self._asked = False

    @workflow.run
    async def run(self, name: str) -> None:  # noqa: ARG002 - `__init__` has it
        """Answer what is asked."""
        await workflow.wait_condition(lambda: self._asked and workflow.all_handlers_finished())

    @workflow.update
    async def pause(self, by: str) -> bool:
        """Pause the program; False if it is paused already. `by`: who asks."""
        return await self._set(pause=True, by=by)

    @workflow.update
    async def resume(self, by: str) -> bool:
        """Let the program go on; False if it is not paused. `by`: who asks."""
        return await self._set(pause=False, by=by)

    async def _set(self, *, pause: bool, by: str) -> bool:
        self._asked = True
        try:
            changed: bool = await call_long_activity(
                "set_program_paused",
                PauseWork(name=self._name, pause=pause, by=by),
                result_type=bool,
                summary=f"{'pause' if pause else 'resume'} {self._name}",
                priority=1,
            )
        except ActivityError as error:
            raise ApplicationError(str(error.cause)) from None
        return changed
