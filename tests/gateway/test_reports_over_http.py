"""Reports over HTTP are those of the command, for a key that has the scope for them."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from activities.ports import Fence
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.decision import Decision, Entry
from models.state import LeadState
from usecases.context import Context


def key_with(database: Database, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SqlApiKeys(database).make('reporter', [scope])}"}


async def test_a_report_has_its_figures_and_their_lists(
    http: httpx.AsyncClient, context: Context
) -> None:
    at = context.now() - timedelta(days=2)
    program = context.programs.newest("acme")
    assert program is not None
    created = {"program": "acme", "digest": program.digest, "stage": "known", "motion": "sales"}
    entries = (
        Entry(seq=1, at=at, kind="created", fields=created),
        Entry(seq=2, at=at, kind="stage", fields={"from": "known", "to": "mql", "why": "mql"}),
    )
    state = LeadState(lead="zoe", program="acme", digest=program.digest, turn=1, seq=2)
    SqlJournal(context.database).record(
        Decision(state=state, entries=entries), Fence(run=1, length=1), at
    )
    key = key_with(context.database, "reports:read")
    answer = await http.get("/v1/reports/funnel?by=program&leads=true&column=mql", headers=key)
    assert answer.status_code == 200
    report = answer.json()
    assert (report["n"], report["still_open"]) == (1, 1)
    cell = report["tables"][0]["rows"][0]["cells"]["mql"]
    assert (cell["figure"], cell["leads"]) == (1.0, [{"lead": "zoe", "seq": 2}])
    table = await http.get("/v1/reports/funnel?format=csv", headers=key)
    assert table.headers["content-type"].startswith("text/csv")
    assert "report,as_of,table,row,column" in table.text
    page = await http.get("/v1/reports/funnel?format=html", headers=key)
    assert "<h1>Funnel</h1>" in page.text


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        ("funnel", "leads:write", 403),
        ("tunnel", "reports:read", 404),
        ("funnel?by=moth", "reports:read", 422),
        ("funnel?since=spring", "reports:read", 422),
        ("targets?as_of=0001-01-01", "reports:read", 422),
        ("funnel?until=9999-12-31", "reports:read", 422),
        ("funnel?program=acm", "reports:read", 422),
        ("funnel?as_of=2199-01-01", "reports:read", 422),
        ("funnel?since=2026-03-01&until=2026-02-01", "reports:read", 422),
        ("funnel?column=mqls", "reports:read", 422),
        ("funnel?row=nobody", "reports:read", 422),
    ],
)
async def test_what_does_not_exist_is_refused(
    http: httpx.AsyncClient, database: Database, path: str, scope: str, status: int
) -> None:
    answer = await http.get(f"/v1/reports/{path}", headers=key_with(database, scope))
    assert answer.status_code == status, answer.text
