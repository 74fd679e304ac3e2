"""Reading a program from its YAML file: templates and holidays put in, every error found."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from adapters.yaml_document import Document, read_document
from models.program import Program


def read_program(path: Path) -> Program:
    """Read and check the program in this file.

    Raises DocumentError with all that is wrong, each with line, column, path and remedy.
    """
    document = read_document(path, "a program")
    _embed_templates(document, path.parent)
    _expand_holidays(document)
    try:
        program = Program.model_validate(document.value)
    except ValidationError as error:
        for one in error.errors():
            document.report(one["loc"], one["msg"])
    document.refuse_if_wrong()
    return program


def _embed_templates(document: Document, folder: Path) -> None:
    for _, email in document.root.get("emails").items():
        template = email.get("template")
        if template.text:
            email.value["mjml"] = (folder / template.text).read_text("utf-8")


def _expand_holidays(document: Document) -> None:
    import holidays  # noqa: PLC0415  # takes a while to import, and few commands need it

    for _, calendar in document.root.get("calendars").items():
        node = calendar.get("holidays")
        if not isinstance(node.value, dict):
            continue
        days = set()
        country = node.get("country").text
        if country:
            days = {
                day.isoformat()
                for day in holidays.country_holidays(
                    country, subdiv=node.get("subdivision").text, years=range(2020, 2046)
                )
            }
        days |= set(node.get("also").value or ())
        days -= set(node.get("except").value or ())
        node.value["dates"] = sorted(days)
