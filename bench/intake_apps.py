"""The two sides of the intake bench, each a server in a process of its own.

    python -m bench.intake_apps leadflow|bare FOLDER PORT

`bare` is a FastAPI endpoint that reads the same events and stores them in one transaction a
request, in a table with the same columns and indices: no keys, no look-ups, no rules.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from adapters.delivery.smtp import SmtpMailer
from adapters.sql.database import Database, open_database
from assembly.context import open_context
from assembly.settings import Settings
from gateway.app import build_app
from gateway.requests.throttle import Limits, Pace
from models.envelopes import MergeResult, MergeWork
from models.tables.columns import table_of
from models.tables.intake import IntakeItem

_I = table_of(IntakeItem)


class BareEvent(BaseModel):
    """An event as it is posted."""

    id: str
    type: str
    lead: str
    subject: str = ""
    data: dict[str, Any] = {}


class Batch(BaseModel):
    """What is posted."""

    events: list[BareEvent]


def bare(database: Database) -> FastAPI:
    """The endpoint that only stores."""
    app = FastAPI()

    @app.post("/v1/events", status_code=202)
    def events(batch: Batch) -> dict[str, int]:
        now = datetime.now(UTC)
        rows = [
            {
                "lead": one.lead,
                "item": one.id,
                "kind": "event",
                "body": one.model_dump(),
                "arrived": now,
                "ready": now,
                "tries": 0,
            }
            for one in batch.events
        ]
        with database.write() as connection:
            connection.execute(_I.insert(), rows)
        return {"accepted": len(rows)}

    return app


class _NoActs:
    """Acts are never asked for: only intake is measured."""

    async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        raise NotImplementedError

    async def act(self, lead: str, do: str, _fields: dict[str, Any]) -> None:
        raise NotImplementedError(f"{do} of {lead} is not measured")

    async def merge(self, work: MergeWork) -> MergeResult:
        raise NotImplementedError(f"{work['other']} is not merged here")


def main() -> None:
    """Serve one side until the process is ended."""
    side, folder, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    settings = Settings(home=folder)
    if side == "bare":
        app = bare(open_database(settings.database))
        uvicorn.run(app, port=port, log_level="error")
        return
    mailer = SmtpMailer(settings.smtp_host, settings.smtp_port)
    with open_context(settings, mailer) as context:
        limits = Limits(requests=Pace(burst=1_000_000, per_second=1_000_000))
        uvicorn.run(build_app(context, _NoActs(), limits), port=port, log_level="error")


if __name__ == "__main__":
    main()
