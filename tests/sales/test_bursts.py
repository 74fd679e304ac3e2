"""Many alerts to one person: one mail a minute, urgent ones at once, none lost and none twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.alert_pace import LEASE, MOST, is_urgent, rank
from models.decision import Alert
from tests.sales.alert_office import MINUTE, START, WHYS, Office, office
from tests.sales.alerted_lead import RILEY, SAM


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bursts")


@pytest.fixture
def at_work(folder: Path) -> Iterator[Office]:
    with office(folder) as made:
        yield made


def alert(number: int, why: str = "assigned", to: str = RILEY) -> Alert:
    return Alert(key=f"lead-{number}/alert/{why}", at=START, to=to, why=why, text="x", handoff=1)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def test_thirty_alerts_at_once_are_two_mails_in_the_first_minute(at_work: Office) -> None:
    for number in range(30):
        at_work.raise_alert(alert(number))
    await at_work.run()
    (first, one), (second, others) = at_work.mails()
    assert (first, len(one), len(others)) == (START, 1, 29)
    assert MINUTE <= second - first < MINUTE + seconds(2)
    assert set(at_work.results) == {*one, *others}
    assert all(result == {} for result in at_work.results.values())
    assert len(at_work.mailbox.got) == 2


async def test_a_breach_goes_at_once_and_takes_along_what_waits(at_work: Office) -> None:
    for number in range(5):
        at_work.raise_alert(alert(number))
    at_work.raise_alert(alert(9, "breached"), seconds(20))
    at_work.raise_alert(alert(10, "breached"), seconds(21))
    await at_work.run()
    (_, one), (at, bundle), (next_at, last) = at_work.mails()
    assert at == START + seconds(20)
    assert bundle[0] == "lead-9/alert/breached"
    assert set(one) | set(bundle) == {*(alert(n).key for n in range(5)), alert(9, "breached").key}
    # Thirty breaches at the end of an office day are no reason for thirty mails.
    assert (next_at, last) >= (at + MINUTE, [alert(10, "breached").key])


async def test_one_person_s_burst_delays_nobody_else(at_work: Office) -> None:
    for number in range(3):
        at_work.raise_alert(alert(number))
    at_work.raise_alert(alert(7, to=SAM), seconds(1))
    await at_work.run()
    assert [at for at, _ in at_work.mails(SAM)] == [START + seconds(1)]


async def test_a_mail_holds_so_many_alerts_and_the_rest_comes_a_minute_later(
    at_work: Office,
) -> None:
    for number in range(MOST + 11):
        at_work.raise_alert(alert(number))
    await at_work.run()
    assert [len(keys) for _, keys in at_work.mails()] == [1, MOST, 10]


@pytest.mark.parametrize("end", ["killed before", "killed after", "no answer"])
async def test_a_worker_killed_while_it_sends_neither_loses_nor_doubles_an_alert(
    at_work: Office, end: str
) -> None:
    at_work.raise_alert(alert(0))
    for number in range(1, 6):
        at_work.raise_alert(alert(number), seconds(number))
    at_work.mailbox.ends = ["sent", end]
    # What comes while the mail is in the killed worker's hand goes into the next one.
    at_work.raise_alert(alert(6), seconds(62))
    await at_work.run()
    [_, (_, bundle), (_, later)] = at_work.mails()
    assert sorted(bundle) == [alert(number).key for number in range(1, 6)]
    assert later == [alert(6).key]
    assert len(at_work.results) == 7


async def test_if_the_lead_that_began_a_mail_is_gone_another_sends_it(at_work: Office) -> None:
    at_work.killed_come_back = False
    at_work.mailbox.ends = ["sent", "killed before"]
    for number in range(4):
        at_work.raise_alert(alert(number))
    await at_work.run()
    [_, (at, bundle)] = at_work.mails()
    assert len(bundle) == 3
    assert MINUTE + LEASE <= at - START < MINUTE + LEASE + seconds(5)
    assert len(at_work.results) == 3


async def test_while_the_mail_server_is_away_alerts_gather(at_work: Office) -> None:
    at_work.mailbox.ends = ["away"] * 8
    for number in range(20):
        at_work.raise_alert(alert(number), seconds(number))
    await at_work.run()
    [(at, bundle), *_] = at_work.mails()
    assert len(bundle) == 20
    assert at - START <= seconds(1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 + 5)


async def test_a_server_that_says_not_now_is_left_alone_by_all_of_the_person_s_alerts(
    at_work: Office,
) -> None:
    at_work.mailbox.ends = ["not now"]
    for number in range(20):
        at_work.raise_alert(alert(number, "breached"), seconds(number))
    await at_work.run()
    [(at, bundle)] = at_work.mails()
    assert at - START >= MINUTE
    assert len(bundle) == 20


async def test_a_refused_mail_fails_each_of_its_alerts(at_work: Office) -> None:
    at_work.mailbox.ends = ["sent", "refused"]
    for number in range(4):
        at_work.raise_alert(alert(number))
    await at_work.run()
    failed = {"outcome": "failed", "why": "refused", "owner": RILEY}
    assert sorted(map(str, at_work.results.values())) == sorted(map(str, [{}, *[failed] * 3]))


ENDS = ("sent", "away", "not now", "killed before", "killed after", "no answer")


@settings(max_examples=15)
@given(
    alerts=st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(WHYS), st.sampled_from((RILEY, SAM))),
        min_size=1,
        max_size=25,
    ),
    ends=st.lists(st.sampled_from(ENDS), max_size=12),
)
async def test_whatever_comes_and_fails_nobody_gets_more_mail_and_no_alert_is_lost_or_doubled(
    folder: Path, alerts: list[tuple[int, str, str]], ends: list[str]
) -> None:
    with office(folder) as at_work:
        given_alerts = [
            (seconds(after), alert(number, why, to))
            for number, (after, why, to) in enumerate(alerts)
        ]
        for after, one in given_alerts:
            at_work.raise_alert(one, after)
        at_work.mailbox.ends = list(ends)
        await at_work.run()
        for person in (RILEY, SAM):
            mails = at_work.mails(person)
            got = Counter(key for _, keys in mails for key in keys)
            assert got == Counter(one.key for _, one in given_alerts if one.to == person)
            for at, _ in mails:
                within = [one for one, _ in mails if at <= one < at + MINUTE]
                assert len(within) <= 2, "more than two mails in a minute"
            for _, keys in mails:
                ranks = [rank(key.rpartition("/")[2]) for key in keys]
                assert ranks == sorted(ranks), "the most urgent is not first"
            if not ends:
                _urgent_waits_for_nothing(person, given_alerts, mails)


def _urgent_waits_for_nothing(
    person: str,
    alerts: list[tuple[timedelta, Alert]],
    mails: list[tuple[datetime, list[str]]],
) -> None:
    """Without faults, the first urgent alert of a minute goes the moment that it comes."""
    urgent = sorted(
        START + after for after, one in alerts if one.to == person and is_urgent(one.why)
    )
    if urgent:
        assert urgent[0] in [at for at, _ in mails]
