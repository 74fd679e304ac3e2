"""`leadflow program push`: store a version at a running gateway, as a CI does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.documents.problems import DocumentError, Problem
from cli.console import (
    JsonOption,
    NegativeAnswerError,
    WorldFailedError,
    WrongInputError,
    out,
    print_json,
    print_warnings,
)

if TYPE_CHECKING:
    from models.program.program import Program

_SECONDS = 60.0
_CREATED, _OK, _MALFORMED = 201, 200, 422
_NOT_ALLOWED = (401, 403)


def register(program: typer.Typer) -> None:
    """Add the command to `leadflow program`."""
    program.command("push")(push)


def push(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A program's file.")],
    *,
    to: Annotated[
        str, typer.Option(metavar="URL", envvar="LEADFLOW_PUBLIC_URL", help="The gateway.")
    ] = "http://127.0.0.1:8080",
    key: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            envvar="LEADFLOW_API_KEY",
            help="A key with the scope `programs:write`. Give it by the variable: others on the"
            " machine can read a command's words.",
        ),
    ] = "",
    note: Annotated[str, typer.Option(help="What is new in it, for people.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Check a program and store the version at a gateway, with its templates.

    Nothing is published by it: people look at the change and publish it on the board. Exit
    status 1 if the key may not, 2 for a program that can't run, 3 if the gateway does not answer.

    Example: `leadflow program push programs/acme.yaml --note "shorter nurture"`
    """
    if not key:
        raise WrongInputError(
            "give a key by LEADFLOW_API_KEY; `leadflow key create ci --scope programs:write`"
            " makes one"
        )
    answer = _sent(to, key, _files(file, note))
    if as_json:
        print_json({"ok": True, **{name: answer[name] for name in answer if name != "warnings"}})
        return
    standing = "is stored" if answer["new"] else "was stored before"
    is_newest = "; it is the newest version" if answer["published"] else ", and not published by it"
    out.print(f"{answer['name']} {answer['digest'][:12]} {standing}{is_newest}")
    print_warnings(_problems(file, answer["warnings"], "warning"))


def _files(file: Path, note: str) -> dict[str, Any]:
    from adapters.files.program import checked_program  # noqa: PLC0415  # half a second to import

    program, _ = checked_program(file)
    return {
        "file": str(file),
        "program": file.read_text("utf-8-sig"),
        "templates": _templates(program, file.parent),
        "note": note,
    }


def _templates(program: Program, folder: Path) -> dict[str, str]:
    names = {one.template for one in program.emails.values() if one.template is not None}
    return {name: (folder / name).read_text("utf-8-sig") for name in sorted(names)}


def _sent(to: str, key: str, files: dict[str, Any]) -> dict[str, Any]:
    import httpx  # noqa: PLC0415  # keeps --help quick

    try:
        answer = httpx.post(
            f"{to.rstrip('/')}/v1/programs",
            json=files,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_SECONDS,
        )
        said: dict[str, Any] = answer.json()
        status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise WorldFailedError(f"the gateway at {to} does not answer: {error}") from None
    if status in (_CREATED, _OK):
        return said
    detail = str(said.get("detail", f"it answered {status}"))
    if status == _MALFORMED:
        problems = _problems(Path(files["file"]), said.get("errors") or [], "error")
        if problems:
            raise DocumentError(problems)
        raise WrongInputError(detail)
    if status in _NOT_ALLOWED:
        raise NegativeAnswerError(detail)
    raise WorldFailedError(f"the gateway at {to} did not store it: {detail}")


def _problems(file: Path, faults: list[dict[str, Any]], severity: Any) -> list[Problem]:
    return [
        Problem(
            file=str(file),
            line=one.get("line") or 0,
            column=one.get("column") or 0,
            path=one["path"],
            message=one["problem"],
            severity=severity,
        )
        for one in faults
    ]
