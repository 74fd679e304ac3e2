"""Waiting alerts on both databases, with two workers that send at once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from activities.alert_pace import alert_id
from activities.ports import AlertMail, Claim
from adapters.sql.alert_queue import SqlAlertQueue
from adapters.sql.database import Database, open_database
from adapters.sql.sent_alerts import SqlSentAlerts
from models.decision import Alert
from tests.journal.turns import NOW

EVERY = timedelta(milliseconds=200)
ALERTS = 24
Clock = Callable[[object], datetime]


@pytest.fixture
def clock() -> Clock:
    """A clock that is twenty milliseconds later whenever somebody looks at it."""
    looks = itertools.count()
    return lambda _: NOW + next(looks) * timedelta(milliseconds=20)


@pytest.fixture
def queue(database: Database, clock: Clock) -> SqlAlertQueue:
    return SqlAlertQueue(database, clock)


@pytest.fixture
def other_worker(url: str, clock: Clock) -> Iterator[SqlAlertQueue]:
    opened = open_database(url)
    yield SqlAlertQueue(opened, clock)
    opened.close()


def alert(number: int, why: str = "assigned") -> Alert:
    key = f"lead-{number}/alert/{why}"
    return Alert(key=key, at=NOW, to="Riley@acme.example", why=why, text="", handoff=2)


def test_of_many_tries_at_once_each_alert_is_in_one_mail(
    queue: SqlAlertQueue, other_worker: SqlAlertQueue
) -> None:
    def mails_of(number: int) -> list[AlertMail]:
        """What the activity of one alert sends until it has its outcome."""
        worker, own = (queue, other_worker)[number % 2], alert(number)
        sent: list[AlertMail] = []
        while True:
            found = worker.enter(f"lead-{number}", own, EVERY)
            if isinstance(found, Claim):
                assert found.status == "sent"
                return sent
            if isinstance(found, timedelta):
                continue
            assert isinstance(found, tuple), "nobody began a mail and left it"
            mail = worker.begin(own, [one.command.key for one in found], EVERY)
            if mail is not None:
                worker.settle(mail, "sent")
                sent.append(mail)

    with ThreadPoolExecutor(8) as threads:
        mails = [mail for sent in threads.map(mails_of, range(ALERTS)) for mail in sent]
    counted = Counter(one.command.key for mail in mails for one in mail.alerts)
    assert counted == Counter({alert(number).key: 1 for number in range(ALERTS)})
    assert {one.lead for mail in mails for one in mail.alerts} == {
        f"lead-{number}" for number in range(ALERTS)
    }


def test_alerts_that_went_together_are_found_by_their_own_ids_and_by_that_of_the_mail(
    queue: SqlAlertQueue, database: Database
) -> None:
    two = [alert(1), alert(2, "breached")]
    for number, one in enumerate(two):
        queue.enter(f"lead-{number}", one, EVERY)
    mail = queue.begin(two[0], [one.key for one in two], EVERY)
    assert mail is not None
    assert [one.command for one in mail.alerts] == [two[1], two[0]]  # the most urgent first
    queue.settle(mail, "sent")
    sent = SqlSentAlerts(database)
    together = sent.in_one_mail(alert_id(mail.key))
    assert {(one.lead, one.person, one.handoff) for one in together} == {
        ("lead-0", "riley@acme.example", 2),
        ("lead-1", "riley@acme.example", 2),
    }
    assert sent.by_local_part(alert_id(two[0].key)) in together
    assert sent.by_local_part(alert_id(mail.key)) is None
    assert isinstance(queue.enter("lead-0", two[0], EVERY), Claim)


def test_a_mail_that_was_surely_not_accepted_is_taken_apart_and_one_in_doubt_is_not(
    database: Database,
) -> None:
    now = [NOW]
    queue = SqlAlertQueue(database, lambda _: now[0])
    one, two = alert(1), alert(2)
    for number, each in enumerate((one, two)):
        queue.enter(f"lead-{number}", each, EVERY)
    mail = queue.begin(one, [one.key, two.key], EVERY)
    assert mail is not None
    assert queue.unsent(mail, answered=False) == timedelta(seconds=1)
    assert isinstance(queue.enter("lead-1", two, EVERY), timedelta)  # the server is left alone
    now[0] += timedelta(seconds=1)
    again = queue.begin(two, [one.key, two.key], EVERY)
    assert again is not None
    doubtful = queue.enter("lead-1", two, EVERY)  # its worker was killed
    assert isinstance(doubtful, AlertMail)
    assert (doubtful.key, doubtful.alerts, doubtful.again) == (again.key, again.alerts, True)
    queue.unsent(doubtful, answered=False)
    assert queue.enter("lead-1", two, EVERY) == doubtful
    assert isinstance(queue.enter("lead-0", one, EVERY), timedelta)
