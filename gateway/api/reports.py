"""Reports over HTTP: `GET /v1/reports/NAME`, as JSON, CSV or a page."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.sql.api_keys import KnownKey
from gateway.api.keys import key_with_scope
from gateway.requests.problems import ProblemError, faulty, responses
from usecases import kept_reports, reporting
from usecases.context import Context

ReportNamed = Annotated[
    str, Path(description=f"One of {', '.join(reporting.NAMES)}", examples=["funnel"])
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100)]


_MEDIA_TYPES: Final = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}


class ReportQuery(BaseModel):
    """What a report is asked."""

    model_config = ConfigDict(extra="forbid")

    since: Text | None = Field(None, description="From this day or instant on")
    until: Text | None = Field(None, description="Until before this day or instant")
    as_of: Text | None = Field(None, description="As it was then")
    by: list[Text] = Field([], max_length=4, description="What the rows are", examples=[["month"]])
    program: Text | None = Field(None, description="Only leads of this program")
    row: Text | None = Field(None, description="This row alone")
    column: Text | None = Field(None, description="This column alone")
    leads: bool = Field(False, description="List the leads and entries that each figure counts")
    format: Literal["json", "csv", "html"] = Field("json", description="The form of the answer")


_EXAMPLE: dict[str, Any] = {
    "report": "holdout",
    "title": "Holdout",
    "cohort": "Leads that were created in this time as known or engaged",
    "as_of": "2026-06-30T00:00:00Z",
    "unit": "leads with 90 days",
    "n": 400,
    "still_open": 120,
    "tables": [
        {
            "title": "Within 90 days of their creation",
            "definition": "The share of leads that became an MQL.",
            "columns": ["MQL"],
            "rows": [
                {
                    "name": "holdout",
                    "cells": {
                        "MQL": {
                            "form": "share",
                            "figure": 0.1,
                            "of": 40,
                            "interval": [0.039582, 0.230519],
                            "items": 4,
                        }
                    },
                }
            ],
        }
    ],
}


class ReportDocument(BaseModel):
    """A report."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_EXAMPLE]})

    report: str
    title: str
    cohort: str = Field(description="Whom it counts")
    as_of: str
    unit: str = Field(description="What `n` counts")
    n: int
    still_open: int = Field(description="How many of them have no end yet")
    tables: list[dict[str, Any]] = Field(
        description="Each with `title`, `definition`, `columns` and `rows` of `cells`"
    )


def router(context: Context) -> APIRouter:
    """The route. It is for keys with the scope `reports:read`."""
    routes = APIRouter(prefix="/v1/reports", tags=["reports"])
    reading = key_with_scope(context, "reports:read")

    @routes.get(
        "/{name}",
        response_model=ReportDocument,
        responses=responses(401, 403, 404, 422, 429, 503),
    )
    async def read_report(
        name: ReportNamed,
        query: Annotated[ReportQuery, Query()],
        _: Annotated[KnownKey, Depends(reading)],
    ) -> Response:
        """A report: its definitions, figures and intervals, and on request what it counts."""
        wanted = reporting.Wanted(
            name=name,
            since=query.since,
            until=query.until,
            as_of=query.as_of,
            by=tuple(query.by),
            program=query.program,
        )
        try:
            found = await context.report_work.call(
                kept_reports.report_answer,
                context.database.address,
                wanted,
                context.now(),
                query.row,
                query.column,
                query.format,
                query.leads,
            )
        except reporting.UnknownNameError as error:
            if error.field == "name":
                raise ProblemError(404, str(error)) from None
            raise faulty(f"query.{error.field}", str(error)) from None
        return Response(found, media_type=_MEDIA_TYPES[query.format])

    return routes
