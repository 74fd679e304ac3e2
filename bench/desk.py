"""The desk with many leads: how long each page takes and how large it is, on SQLite or PostgreSQL.

`python -m bench.desk DATABASE_URL [LEADS]` gives one team so many leads by the rules and the
journal, unless the database has them. Then it opens the manager's and a member's pages a number of
times. It prints the median and the 95th percentile, the processor time, and the page's bytes before
compression and on the wire.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta
from statistics import median, quantiles

import httpx
import sqlalchemy as sa

from adapters.sql.database import Database, migrate, open_database
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.sql.lead_tags import SqlLeadTags
from bench.board import Seeding, board_app
from models.inputs import Act
from models.tables.columns import table_of
from models.tables.leads import LeadRow

_SITE = "http://go.acme.example"
_PAGES = {
    "morgan@acme.example": (
        "/desk/team",
        "/desk/team?group=overdue&page=40",
        "/desk/team?q=ana77",
        "/desk/team?tag=fair",
        "/desk/team?owner=riley%40acme.example&sort=score",
    ),
    "riley@acme.example": ("/desk", "/desk?page=2&sort=activity", "/desk/tasks", "/desk/week"),
}
_ROUNDS = 20


class Selling(Seeding):
    """Leads that all asked for sales: a tenth just now, the others are accepted, a few on hold."""

    def lead(self, number: int) -> None:
        """One lead."""
        new = number % 10 == 0
        at = self._now - timedelta(minutes=number % 50 if new else number % 20_000)
        state = self.created(number, at)
        state = self._event(state, "form.submitted", "demo", at - timedelta(hours=2))
        if not new and state.owner is not None:
            state = self._turn(state, [self._act(number, state.owner, "accept", at)], at)
            if number % 10 == 1:
                state = self._turn(state, [self._act(number, str(state.owner), "hold", at)], at)
        self._turn(state, [], self._now)

    def _act(self, number: int, by: str, do: str, at: object) -> Act:
        hold = {"until": self._now + timedelta(days=5), "why": "their board meets"}
        more = hold if do == "hold" else {}
        return Act(id=f"{number}/{do}", do=do, by=by, arrived=at, ref=1, **more)  # type: ignore[arg-type]  # instants


def seed(database: Database, leads: int) -> None:
    """Bring the number of leads up to `leads`."""
    with database.read() as connection:
        there = connection.scalar(sa.select(sa.func.count()).select_from(table_of(LeadRow))) or 0
    if there < leads:
        selling = Selling(database)
        for number in range(there, leads):
            selling.lead(number)
            if number % 1_000 == 999:
                print(f"{number + 1} leads", flush=True)
        with database.read() as connection:
            ids = list(connection.scalars(sa.select(table_of(LeadRow).c.id)))
        SqlLeadTags(database).add(ids[::2], "fair")


async def measure(database: Database) -> None:
    """Open each page and print what it took."""
    sessions = SqlDeskSessions(database)
    for person, paths in _PAGES.items():
        session = sessions.sign_in(sessions.invite(person))
        transport = httpx.ASGITransport(board_app(database))
        async with httpx.AsyncClient(
            transport=transport, base_url=_SITE, cookies={"leadflow": session or ""}
        ) as http:
            for path in paths:
                spent, busy = [], []
                for _ in range(_ROUNDS):
                    began, used = time.perf_counter(), time.process_time()
                    answer = (await http.get(path)).raise_for_status()
                    spent.append((time.perf_counter() - began) * 1_000)
                    busy.append((time.process_time() - used) * 1_000)
                p95, wire = quantiles(spent, n=20)[-1], answer.num_bytes_downloaded
                print(
                    f"{median(spent):6.0f} ms {p95:6.0f} ms {median(busy):6.0f} ms"
                    f" {len(answer.content):8} {wire:7}  {path}",
                    flush=True,
                )


def main() -> None:
    """Seed, then measure."""
    url, *more = sys.argv[1:]
    leads = int(more[0]) if more else 10_000
    migrate(url)
    database = open_database(url)
    seed(database, leads)
    print(f"{'median':>9} {'p95':>9} {'processor':>9} {'bytes':>8} {'wire':>7}  with {leads} leads")
    asyncio.run(measure(database))


if __name__ == "__main__":
    main()
