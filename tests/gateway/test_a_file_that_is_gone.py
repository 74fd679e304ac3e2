"""A database file is deleted under a running gateway: the gateway accepts nothing."""

from __future__ import annotations

import logging

import httpx
import pytest

from adapters.sql.database import Database


@pytest.mark.parametrize("path", ["/ready", "/v1/events"])
async def test_a_deleted_database_file_is_reported_at_once(
    http: httpx.AsyncClient,
    key: dict[str, str],
    database: Database,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    caplog.set_level(logging.CRITICAL)
    assert (await http.get("/ready")).status_code == 200
    assert database.file is not None
    database.file.unlink()
    event = {"id": "e", "lead": "ana", "type": "page.viewed", "subject": "/x"}
    if path == "/ready":
        answer = await http.get(path)
    else:
        answer = await http.post(path, json={"events": [event]}, headers=key)
    assert answer.status_code == 503
    assert "can't be reached" in answer.json()["detail"]
    assert not database.file.exists()
