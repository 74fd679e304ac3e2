"""Programs over HTTP: `POST /v1/programs/NAME/pause` and `/resume`."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from adapters.sql.api_keys import KnownKey
from gateway.api.idempotency import idempotent_route, request_id_seed
from gateway.api.keys import key_with_scope
from gateway.requests.problems import ProblemError, responses
from usecases import pausing
from usecases.context import Context
from usecases.publishing import UnknownProgramError

ProgramName = Annotated[str, Path(description="A published program's name", examples=["acme"])]


class PauseAnswer(BaseModel):
    """How the program stands now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "acme", "paused": True}]})

    name: str
    paused: bool
    changed: bool = Field(description="False if it stood so already")


def router(context: Context) -> APIRouter:
    """The routes."""
    routes = APIRouter(
        prefix="/v1/programs", tags=["programs"], route_class=idempotent_route(context)
    )
    may_pause = key_with_scope(context, "programs:write")
    answers = responses(401, 403, 404, 409, 422, 429, 503)

    @routes.post("/{name}/pause", responses=answers)
    async def pause_program(
        name: ProgramName,
        key: Annotated[KnownKey, Depends(may_pause)],
        _: Annotated[str | None, Depends(request_id_seed)],
    ) -> PauseAnswer:
        """Pause a program's nurture. Once this is answered, no nurture mail of it leaves."""
        answer = _set(context, name, pause=True, by=f"api {key.name}"[:100])
        await pausing.until_no_mail_leaves(context.database, name)
        return answer

    @routes.post("/{name}/resume", responses=answers)
    def resume_program(
        name: ProgramName,
        key: Annotated[KnownKey, Depends(may_pause)],
        _: Annotated[str | None, Depends(request_id_seed)],
    ) -> PauseAnswer:
        """Let a paused program go on. Every wait is longer by the time it stood still."""
        return _set(context, name, pause=False, by=f"api {key.name}"[:100])

    return routes


def _set(context: Context, name: str, *, pause: bool, by: str) -> PauseAnswer:
    ask = pausing.pause if pause else pausing.resume
    try:
        changed = ask(context.database, name, by=by) is not None
    except UnknownProgramError as error:
        raise ProblemError(404, str(error)) from None
    return PauseAnswer(name=name, paused=pause, changed=changed)
