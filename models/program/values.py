"""Values in a program: names, numbers, expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

Stage = Literal[
    "known",
    "engaged",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "customer",
    "lost",
    "recycled",
    "disqualified",
]


Motion = Literal["sales", "self_serve"]


FieldType = Literal["text", "number", "flag", "date"]


BUILT_IN_FIELDS: dict[str, FieldType] = {
    "email": "text",
    "first_name": "text",
    "last_name": "text",
    "company": "text",
    "title": "text",
    "phone": "text",
    "employees": "number",
    "industry": "text",
    "country": "text",
    "timezone": "text",
    "language": "text",
    "source": "text",
    "door": "text",
    "consent": "flag",
}
"""The fields of every lead's profile. A program's `fields` add to them."""


COUNTRY_ALIASES = {"UK": "GB", "EL": "GR"}
"""Codes that people use though ISO 3166-1 does not assign them, with the assigned ones."""


CountryCode = Annotated[str, AfterValidator(lambda code: COUNTRY_ALIASES.get(code, code))]
"""An ISO 3166-1 code of two letters."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def is_name(text: str) -> bool:
    """Whether this can be the name of a part of a program."""
    return _NAME.fullmatch(text) is not None


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"'{text}' is not a name; use letters, digits, '-', '_' and '.',"
            " a letter or digit first"
        )
    return text


Name = Annotated[str, AfterValidator(_name)]


ExpressionContext = Literal["lead", "event"]
"""What an expression may ask about: the lead alone, or also the event that is taken in."""


@dataclass(frozen=True, slots=True)
class ExpressionMark:
    """Marks a field's text as an expression, for `models.program.expression_places`."""

    context: ExpressionContext


MAX_EXPRESSION_LENGTH = 2_000
"""Characters. The CEL engine has no limit of its own: a very deep expression ends the process."""

_EXPRESSION = Field(
    min_length=1, max_length=MAX_EXPRESSION_LENGTH, description="A CEL expression, https://cel.dev"
)

LeadExpression = Annotated[str, _EXPRESSION, ExpressionMark("lead")]
"""A CEL expression about the lead."""


EventExpression = Annotated[str, _EXPRESSION, ExpressionMark("event")]
"""A CEL expression about the lead and an event."""


Flag = Annotated[bool, Strict()]
"""`true` or `false`; never `yes`, which is text in YAML 1.2."""


Count = Annotated[int, Strict(), Field(ge=0)]


Points = Annotated[float, Strict(), Field(allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a program: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
