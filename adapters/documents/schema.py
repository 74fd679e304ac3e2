"""The JSON Schema of a program file, by which editors complete and check the YAML."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from models.program.program import Program

FILLED_IN = (("Email", "mjml"), ("Holidays", "dates"))
"""What the reader of the file adds to a program; no person writes it."""


def program_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what people write in a program file."""
    schema = file_schema(Program)
    # Editors such as VS Code ask for the schema of a file that names it in a key.
    address = "program.schema.json"
    schema["properties"]["$schema"] = {
        "type": "string",
        "description": f"This schema's address. Example: {address}",
        "examples": [address],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "leadflow program",
        "description": (
            "How a stranger becomes a customer: scores, stages, nurture tracks, the handoff to"
            " sales and its clocks."
        ),
    }


def file_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model as written in a file, without what reading fills in."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    for part, key in FILLED_IN:
        schema.get("$defs", {}).get(part, {}).get("properties", {}).pop(key, None)
    for one in (schema, *schema.get("$defs", {}).values()):
        for key in one.get("properties", {}).values():
            _show_example(key)
    return schema


def _show_example(key: dict[str, Any]) -> None:
    """Add the key's first example to its description: many editors show only the description."""
    if "description" in key and "examples" in key:
        key["description"] += f". Example: {_written(key['examples'][0])}"


def _written(example: Any) -> str:
    """The example as YAML; JSON is YAML too."""
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
