"""Programs over HTTP: `POST /v1/programs` stores a version; `/NAME/pause` and `/NAME/resume`."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.documents.problems import DocumentError, Problem
from adapters.sql.api_keys import KnownKey
from adapters.sql.storable_text import storable
from gateway.api.idempotency import idempotent_route, request_id_seed
from gateway.api.keys import key_with_scope
from gateway.requests.problems import Fault, ProblemError, responses
from usecases import pausing
from usecases.context import Context
from usecases.publishing import UnknownProgramError
from usecases.pushing import ProgramFiles, push

ProgramName = Annotated[str, Path(description="A published program's name", examples=["acme"])]


_MOST_TEMPLATES = 200


class PushedFiles(BaseModel):
    """A program's file, and the templates that it names."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "file": "programs/acme.yaml",
                    "program": "program: acme\n…",
                    "templates": {"welcome.mjml": "<mjml>…</mjml>"},
                    "note": "shorter nurture",
                }
            ]
        },
    )

    file: str = Field(
        "program.yaml", max_length=300, description="The file's name, for messages about it"
    )
    program: str = Field(description="The program in YAML")
    templates: dict[str, str] = Field(
        default_factory=dict,
        max_length=_MOST_TEMPLATES,
        description="The MJML templates that it names, by their paths from the program's folder",
    )
    note: str = Field("", max_length=500, description="What is new in it, for people")


class PushAnswer(BaseModel):
    """The version that is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "acme",
                    "digest": "3f2a91bc0d12" + "0" * 52,
                    "new": True,
                    "published": False,
                    "warnings": [],
                }
            ]
        }
    )

    name: str
    digest: str = Field(description="The SHA-256 that names the version")
    new: bool = Field(description="False if it was stored before")
    published: bool = Field(description="Whether it is the newest version already")
    warnings: list[Fault] = Field(description="What can run but hardly does what is meant")


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
    may_write = key_with_scope(context, "programs:write")
    answers = responses(401, 403, 404, 409, 422, 429, 503)

    @routes.post(
        "",
        status_code=201,
        responses={
            200: {"model": PushAnswer, "description": "It was stored before"},
            **responses(401, 403, 409, 422, 429, 503),
        },
    )
    def push_program(
        files: PushedFiles,
        response: Response,
        key: Annotated[KnownKey, Depends(may_write)],
        _: Annotated[str | None, Depends(request_id_seed)],
    ) -> PushAnswer:
        """Check a program's files and store the version. Nothing is published by it."""
        sent = ProgramFiles(
            name=files.file,
            text=files.program.encode("utf-8", "surrogatepass"),
            templates={
                name: text.encode("utf-8", "surrogatepass")
                for name, text in files.templates.items()
            },
        )
        try:
            found = push(
                context.database, sent, by=f"api {key.name}"[:100], note=storable(files.note)
            )
        except DocumentError as error:
            raise ProblemError(
                422,
                "the program can't run as it is; each error has its line",
                errors=[_fault(one) for one in error.problems],
            ) from None
        if not found.new:
            response.status_code = 200
        return PushAnswer(
            name=found.program.program,
            digest=found.program.digest,
            new=found.new,
            published=found.published,
            warnings=[_fault(one) for one in found.warnings],
        )

    @routes.post("/{name}/pause", responses=answers)
    async def pause_program(
        name: ProgramName,
        key: Annotated[KnownKey, Depends(may_write)],
        _: Annotated[str | None, Depends(request_id_seed)],
    ) -> PauseAnswer:
        """Pause a program's nurture. Once this is answered, no nurture mail of it leaves."""
        answer = _set(context, name, pause=True, by=f"api {key.name}"[:100])
        await pausing.until_no_mail_leaves(context.database, name)
        return answer

    @routes.post("/{name}/resume", responses=answers)
    def resume_program(
        name: ProgramName,
        key: Annotated[KnownKey, Depends(may_write)],
        _: Annotated[str | None, Depends(request_id_seed)],
    ) -> PauseAnswer:
        """Let a paused program go on. Every wait is longer by the time it stood still."""
        return _set(context, name, pause=False, by=f"api {key.name}"[:100])

    return routes


def _fault(one: Problem) -> Fault:
    return Fault(
        path=one.path,
        problem=one.message,
        line=one.line or None,
        column=one.column if one.line else None,
    )


def _set(context: Context, name: str, *, pause: bool, by: str) -> PauseAnswer:
    ask = pausing.pause if pause else pausing.resume
    try:
        changed = ask(context.database, name, by=by) is not None
    except UnknownProgramError as error:
        raise ProblemError(404, str(error)) from None
    return PauseAnswer(name=name, paused=pause, changed=changed)
