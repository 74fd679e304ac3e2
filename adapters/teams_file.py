"""Reading the directory of sales people from `teams.yaml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from adapters.yaml_document import read_document
from models.directory import Directory


def read_directory(path: Path) -> Directory:
    """Read and check the teams in this file. Raises DocumentError with all that is wrong."""
    document = read_document(path, "a directory of teams")
    try:
        directory = Directory.model_validate(document.value)
    except ValidationError as error:
        for one in error.errors():
            document.report(one["loc"], one["msg"])
    document.refuse_if_wrong()
    return directory
