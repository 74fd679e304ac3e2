"""A program is paused and resumed over HTTP by a key that has the scope for it."""

from __future__ import annotations

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from adapters.sql.rollouts import SqlRollouts


def bearer(database: Database, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SqlApiKeys(database).make('pauser', [scope])}"}


async def test_a_program_is_paused_once_and_goes_on(
    http: httpx.AsyncClient, database: Database
) -> None:
    key = bearer(database, "programs:write")
    answers = [
        (await http.post(f"/v1/programs/acme/{do}", headers=key)).json()
        for do in ("pause", "pause", "resume", "resume")
    ]
    assert [(one["paused"], one["changed"]) for one in answers] == [
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert [one.body["do"] for one in SqlRollouts(database).latest("acme")] == ["resume", "pause"]


@pytest.mark.parametrize(
    ("name", "scope", "status"),
    [
        ("acme", "leads:write", 403),
        ("nothing", "programs:write", 404),
    ],
)
async def test_who_may_not_and_what_is_not_there_is_refused(
    http: httpx.AsyncClient, database: Database, name: str, scope: str, status: int
) -> None:
    answer = await http.post(f"/v1/programs/{name}/pause", headers=bearer(database, scope))
    assert answer.status_code == status
    assert not SqlPrograms(database).paused("acme")
