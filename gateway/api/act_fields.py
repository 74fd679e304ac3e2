"""The fields of an act, as the doors over HTTP describe them: the API's and the CRM's."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from models.instants import Instant

Text = Annotated[str, StringConstraints(max_length=10_000)]
Address = Annotated[str, StringConstraints(min_length=3, max_length=254)]


class ActFields(BaseModel):
    """What an act says beside who acts. The rules say which fields an act needs.

    They are the fields of `models.inputs.Act`, with the limits of `models.messages.ActMessage`.
    """

    reason: Text | None = None
    until: Instant | None = None
    why: Text | None = None
    to: Address | None = None
    channel: Text | None = None
    note: Text | None = None
    amount: Annotated[float, Field(allow_inf_nan=False)] | None = None
    currency: Text | None = None
    task: Text | None = None
