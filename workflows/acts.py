"""The acts on a lead, as updates of its workflow. They only wait for the turn that answers them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from models.envelopes import Envelope, Json
from models.inputs import ACTS
from models.messages import read_act
from workflows.messages import acted


class LeadActs:
    """One update for each act. The workflow that derives from it has the inbox and the clock.

    The updates are made once, with the class. Made anew for each run, they would cost half as much
    as the run's turn.
    """

    _inbox: list[Envelope]
    _answers: dict[int, str | None]
    _refusals: dict[int, str]
    _received: int
    _numbers: int
    _grace: timedelta

    def _now(self) -> datetime:
        raise NotImplementedError

    async def _acted(self, do: str, body: Any) -> Json:
        self._received += 1
        self._numbers += 1
        ref = self._numbers
        self._inbox.append(acted(do, body, self._now(), self._grace, ref))
        await workflow.wait_condition(lambda: ref in self._answers)
        refused, why = self._answers.pop(ref), self._refusals.pop(ref, None)
        if refused is not None:
            details = (why,) if why is not None else ()
            raise ApplicationError(refused, *details, type="Refused", non_retryable=True)
        return {"done": True}

    def _check(self, do: str, args: tuple[Any, ...]) -> None:
        if len(args) != 1:
            raise ValueError(f"{do} takes one argument, a JSON object; {len(args)} came")
        body = acted(do, args[0], self._now(), self._grace, 0)["body"]
        read_act(do, body, self._now())


def _update(do: str) -> object:
    """The handler of one act, with its validator."""

    @workflow.update(name=do)
    async def act(self: LeadActs, *args: Any) -> Json:
        return await self._acted(do, args[0])

    @act.validator
    def validate(self: LeadActs, *args: Any) -> None:
        self._check(do, args)

    return act


for _do in ACTS:
    setattr(LeadActs, f"act_{_do}", _update(_do))
