"""PostgreSQL stops while a site works, and starts again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg

from tests.journal.postgres import postgres
from tests.server.child_processes import running_site
from tests.waiting import LIMIT, until

MORGAN = "morgan@acme.example"


def _allow_connections(server: str, *, admitted: bool) -> None:
    """Allow the site's connections, or close them all and refuse new ones."""
    with psycopg.connect(server, autocommit=True) as connection:
        allow = b"true" if admitted else b"false"
        connection.execute(b"ALTER DATABASE site ALLOW_CONNECTIONS " + allow)
        if not admitted:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'site'"
            )


async def test_a_lead_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    with postgres() as server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE site")
        url = server.replace("/postgres?", "/site?")
        async with running_site(tmp_path, url) as site:
            await site.create_lead("ana")
            await until(lambda: site.entries_of("ana", "email_sent"))
            _allow_connections(server, admitted=False)
            fields = {"by": MORGAN, "note": "patient"}
            acting = asyncio.create_task(site.leads.act("ana", "note", fields))
            event = {"id": "away", "type": "page.viewed", "subject": "/x"}
            await site.leads.events("ana", [event])
            done, _ = await asyncio.wait({acting}, timeout=3)
            assert not done
            _allow_connections(server, admitted=True)
            await asyncio.wait_for(acting, LIMIT)
            await until(lambda: site.entries_of("ana", "event"))
            assert [one["note"] for one in site.entries_of("ana", "noted")] == ["patient"]
            assert len(site.entries_of("ana", "event")) == 1
            assert len(site.mailbox("ana@northwind.example")) == 1
