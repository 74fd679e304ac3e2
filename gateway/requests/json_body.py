"""The body of a request as JSON."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request

from models.json_text import read_json


class JsonRequest(Request):
    """A request whose body is read in this way."""

    async def json(self) -> Any:
        """The body. Raises json.JSONDecodeError, as FastAPI expects."""
        try:
            return read_json(await self.body())
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from None
