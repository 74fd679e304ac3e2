"""Health checks: whether the gateway is alive, and whether it is ready for requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from gateway.requests.problems import ProblemError, responses
from usecases.context import Context

_LATEST_RELAY = timedelta(minutes=5)
"""An intake item that waits longer means that the relay does not work. It usually takes seconds."""


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Requests can be served."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ready", "waiting": 3}]})

    status: Literal["ready"] = "ready"
    waiting: int
    """Intake items that were accepted and not sent to their leads yet."""


def router(context: Context) -> APIRouter:
    """`/health` and `/ready`."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health")
    async def health() -> Alive:
        """Whether the process is alive."""
        return Alive()

    @routes.get("/ready", responses=responses(503))
    def ready() -> Ready:
        """Whether the database answers and the relay sends accepted items to the leads."""
        waiting = context.intake.waiting()
        limit = _LATEST_RELAY * context.speed
        if waiting.oldest is not None and context.now() - waiting.oldest > limit:
            raise ProblemError(
                503,
                f"{waiting.count} items wait to be sent to leads, one since"
                f" {waiting.oldest:%Y-%m-%dT%H:%M:%SZ}; do Temporal and a relay run?",
            )
        return Ready(waiting=waiting.count)

    return routes
