"""A short demonstration, and what is reported when the records differ."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from adapters.delivery.catcher import messages
from adapters.reports.audit import SentMailEntry
from adapters.sql.database import open_database
from adapters.sql.desk_sessions import SqlDeskSessions
from demonstration.agreement import compare
from models.tables.columns import table_of
from models.tables.leads import TimelineEntry
from tests.cli.conftest import until
from tests.cli.test_world import read_addresses, running_up
from tests.waiting import LIMIT

ROOT = Path(__file__).parents[2]
LEADS = ROOT / "programs" / "leads.csv"


def demo(home: Path, *options: str) -> list[str]:
    return [sys.executable, str(ROOT / "starter.py"), "demo", "--data", str(home), *options]


def play(home: Path, *options: str) -> dict[str, Any]:
    """Play a demonstration to its end. Returns its report, in which all records agree."""
    ran = subprocess.run(
        demo(home, "--json", *options),
        capture_output=True,
        text=True,
        timeout=5 * LIMIT,  # it waits for slow workflows itself
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    assert report["differences"] == []
    assert 0 < report["mails"] <= sum(1 for _ in messages(home / "mail"))
    assert sum(report["stages"].values()) == report["leads"]
    return report


DONE = {"open", "click", "scan", "bounce", "away"}
"""What people and machines did, through HTTP and mail: every door was used."""
LIVED = {
    ("ignored", "email.clicked", "machine"),
    ("ignored", "email.replied", "machine"),
    ("paused", None, "out_of_office"),
    ("suppressed", None, "bounced"),
    ("event", "email.opened", None),
    ("event", "email.clicked", None),
}
"""Entries of timelines that come of it: kind, type, reason."""


def lived(home: Path) -> set[tuple[str, str | None, str | None]]:
    """Kind, type and reason of all timeline entries of a demonstration."""
    entries = table_of(TimelineEntry)
    database = open_database(f"sqlite:///{home / 'leadflow.db'}")
    with database.read() as connection:
        found = {
            (kind, fields.get("type"), fields.get("why"))
            for kind, fields in connection.execute(sa.select(entries.c.kind, entries.c.fields))
        }
    database.close()
    return found


LINES = (4, 6, 9, 12, 15, 21, 23, 26, 27, 39, 50, 53, 54, 58, 76, 104, 105)
"""Of the shipped list: people of every temperament, above all those who are away, whose mail comes
back, or who have a scanner; and a row that is rejected."""


def few_leads(file: Path, lines: Collection[int]) -> Path:
    """A list with these lines of the shipped one."""
    rows = LEADS.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(rows[one - 1] for one in (1, *lines)), "utf-8")
    return file


def test_a_short_demonstration_ends_by_itself_and_all_records_and_the_plan_agree(
    tmp_path: Path,
) -> None:
    home, leads = tmp_path / "demo", few_leads(tmp_path / "few.csv", LINES)
    # How much people do in a few seconds is up to the machine; a slow one gets more of them.
    for seconds in (20, 60, 180):  # in the same place
        report = play(home, "--seconds", str(seconds), "--leads", str(leads))
        assert (report["leads"], report["rejected"]) == (len(LINES) - 1, 1)
        change = report["change"]
        assert 0 < change["changed"] <= change["changing"] <= change["leads"] <= report["leads"]
        missing = (DONE - set(report["done"])) | (LIVED - lived(home))
        if not missing:
            break
    assert not missing
    shows_the_same_at_the_board(home, report["board"])


def shows_the_same_at_the_board(home: Path, board: dict[str, Any]) -> None:
    """The stack without a worker has a board, whose clock stands where the demonstration ended."""
    assert board["person"] == "kim@acme.example"
    with running_up(home, "--still") as child:
        places = read_addresses(child)
        database = open_database(places["database"])
        sessions = SqlDeskSessions(database)
        cookie = {"leadflow": sessions.sign_in(sessions.invite(board["person"])) or ""}
        database.close()
        page = httpx.get(places["board"], cookies=cookie, timeout=LIMIT).raise_for_status().text
        child.send_signal(signal.SIGTERM)
        assert child.wait(LIMIT) == 0
    [in_flight] = re.findall(
        r'href="/board/lists/in-flight[?]program=acme">(\d+)</a> in flight', page
    )
    assert int(in_flight) == board["in_flight"] == sum(board["stages"].values())
    [as_of] = re.findall(r'As of <time datetime="([^"]+)">', page)
    assert datetime.fromisoformat(as_of) < datetime(2026, 11, 1, tzinfo=UTC)  # the program's clock


def test_a_demonstration_that_is_interrupted_leaves_no_server_behind(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    playing = subprocess.Popen(
        demo(home, "--seconds", "100", "--leads", str(few_leads(tmp_path / "few.csv", [4]))),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until((home / "temporal.json").exists)
        playing.send_signal(signal.SIGINT)
        playing.communicate(timeout=LIMIT)
    finally:
        playing.kill()
        playing.communicate()
    assert not (home / "temporal.json").exists()


MAILS = ("told@x.example", "twice@x.example", "untold@x.example")


class Reports:
    """A journal with two mails and two leads."""

    def sent_mail(self) -> list[SentMailEntry]:
        at = datetime(2026, 3, 2, tzinfo=UTC)
        return [SentMailEntry(lead="ana", email="welcome", message=one, at=at) for one in MAILS[:2]]

    def stage_of(self) -> dict[str, str]:
        return {"ana": "mql", "bo": "known"}

    def stage_of_lead(self, lead: str) -> str | None:
        return self.stage_of().get(lead)


class Workflows:
    """Temporal with those leads."""

    async def standing(self, lead: str) -> dict[str, str]:
        return {"stage": "mql", "lead": lead}


def mailbox() -> Iterator[EmailMessage]:
    for message in (*MAILS, MAILS[1]):
        one = EmailMessage()
        one["Message-ID"] = f"<{message}>"
        yield one
    alert = EmailMessage()
    alert["Message-ID"] = "<alert@x.example>"
    alert["X-Leadflow-Alert"] = "assigned"
    yield alert


async def test_a_mail_sent_twice_one_not_recorded_and_an_unequal_stage_are_each_a_difference() -> (
    None
):
    found = await compare(Reports(), mailbox, Workflows(), seconds=0)
    assert found.differences == (
        "mail twice@x.example: 1 time(s) on timelines, 2 in the mailbox",
        "mail untold@x.example: in the mailbox, on no timeline",
        "lead bo: known in its row, mql in its workflow",
    )
