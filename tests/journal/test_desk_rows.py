"""Signing in and lists of the desk, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from activities.alert_pace import alert_id
from activities.ports import Fence, Rendered
from adapters.reports.desk_lists import SqlDeskLists
from adapters.sql.database import Database
from adapters.sql.desk_sessions import LINK_LASTS, SESSION_LASTS, SqlDeskSessions
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.sent_alerts import SqlSentAlerts
from models.decision import Alert, SendMail
from models.state import TaskState
from tests.journal.turns import NOW, read_rows, turn
from tests.sent_alerts import send_together

RILEY, SAM = "riley@acme.example", "sam@acme.example"


def test_of_many_who_open_one_link_at_once_one_is_signed_in(database: Database) -> None:
    sessions = SqlDeskSessions(database)
    secret = sessions.invite(RILEY)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: sessions.sign_in(secret), range(8)))
    assert [sessions.who(one) for one in made if one is not None] == [RILEY]


def test_no_secret_is_stored(database: Database) -> None:
    sessions = SqlDeskSessions(database)
    link = sessions.invite(RILEY)
    session = sessions.sign_in(link)
    assert session is not None
    kept = read_rows(database, "SELECT * FROM sign_ins") + read_rows(
        database, "SELECT * FROM desk_sessions"
    )
    assert len(kept) == 2
    assert link not in str(kept)
    assert session not in str(kept)


def test_old_links_and_sessions_are_deleted(database: Database) -> None:
    clock = [NOW]
    sessions = SqlDeskSessions(database, now=lambda: clock[0])
    first = sessions.sign_in(sessions.invite(RILEY))
    clock[0] = NOW + LINK_LASTS + SESSION_LASTS + timedelta(minutes=1)
    second = sessions.sign_in(sessions.invite(SAM))
    assert first is not None
    assert second is not None
    for table in ("sign_ins", "desk_sessions"):
        left = read_rows(database, f"SELECT person FROM {table}")  # noqa: S608 - its own names
        assert [one["person"] for one in left] == [SAM]


def test_a_session_is_ended_alone(database: Database) -> None:
    sessions = SqlDeskSessions(database)
    made = [sessions.sign_in(sessions.invite(RILEY)) or "" for _ in range(2)]
    sessions.sign_out(made[0])
    assert [sessions.who(one) for one in made] == [None, RILEY]


def test_tasks_are_those_of_the_person_and_of_the_teams(database: Database) -> None:
    tasks = (
        TaskState(id="1", kind="call", owner=RILEY),
        TaskState(id="2", kind="linkedin", team="sdr"),
        TaskState(id="3", kind="manual", owner=SAM),
    )
    opened = [
        (
            "task_opened",
            {"task": one.id, "task_kind": one.kind, "owner": one.owner, "team": one.team},
        )
        for one in tasks
    ]
    SqlJournal(database).record(turn(1, *opened, tasks=tasks), Fence(run=1, length=1), NOW)
    lists = SqlDeskLists(database)
    assert [one.task for one in lists.tasks(RILEY, {"sdr"}).tasks] == ["1", "2"]
    assert [one.task for one in lists.tasks(SAM, ()).tasks] == ["3"]


def test_a_task_of_a_lead_that_had_no_owner_is_its_present_owner_s(database: Database) -> None:
    opened = (
        ("task_opened", {"task": "1", "task_kind": "call"}),
        ("task_opened", {"task": "2", "task_kind": "call", "until": "2026-03-04T09:00:00Z"}),
    )
    decision = turn(1, *opened, owner=RILEY, stage="mql")
    SqlJournal(database).record(decision, Fence(run=1, length=1), NOW)
    lists = SqlDeskLists(database)
    assert [one.task for one in lists.tasks(RILEY, ()).tasks] == ["2", "1"]
    assert lists.tasks(SAM, {"sdr"}).total == 0


def test_an_alert_is_found_by_its_message_id_and_nurture_mail_is_not_an_alert(
    database: Database,
) -> None:
    alert = Alert(key="a", at=NOW, to=RILEY, why="assigned", text="", handoff=3)
    send_together(database, [("ana", alert)])
    mail = Rendered(
        sender="hello@acme.example",
        to=f"Riley <{RILEY}>",
        subject="",
        text="",
        html="",
        message_id="4567abcd@acme.example",
        headers={},
    )
    nurture = SendMail(key="b", at=NOW, email="welcome", message=mail.message_id)
    SqlMailLedger(database).begin("ana", nurture, mail)
    alerts = SqlSentAlerts(database)
    found = alerts.by_local_part(alert_id("a"))
    assert found is not None
    assert (found.lead, found.person, found.handoff) == ("ana", RILEY, 3)
    assert alerts.by_local_part("4567abcd") is None
    assert alerts.by_local_part(alert_id("a").upper()) is None
