"""Events that the CRM did not take are listed, and sent again by command."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.crm.outbox import CrmEvent, SqlCrmOutbox, TurnEvents
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from tests.cli.conftest import Leadflow
from tests.journal.turns import FENCE, NOW, turn

LEASE = timedelta(minutes=1)


@pytest.fixture
def dead(database: Database) -> CrmEvent:
    """Ana's first event is dead, her second was sent, her third waits; Bea's waits."""
    journal, outbox = SqlJournal(database, crm=TurnEvents(database)), SqlCrmOutbox(database)
    journal.record(turn(1, "created", "touched", "won"), FENCE, NOW)
    [first] = outbox.take(9, LEASE)
    outbox.dead(first, "[/b] 410 Gone")
    [second] = outbox.take(9, LEASE)
    outbox.sent(second)
    journal.record(turn(1, "created", lead="bea"), FENCE, NOW)
    return first


def test_events_are_listed_by_status_and_lead(command: Leadflow, dead: CrmEvent) -> None:
    everything = command("webhook", "list", "--json").lines
    assert [(one["lead"], one["type"], one["status"]) for one in everything] == [
        ("ana", "lead.created", "dead"),
        ("ana", "lead.touched", "sent"),
        ("ana", "opportunity.won", "waiting"),
        ("bea", "lead.created", "waiting"),
    ]
    [given_up] = command("webhook", "list", "--dead", "--json").lines
    assert (given_up["id"], given_up["why"], given_up["tries"], given_up["next"]) == (
        dead.id,
        "[/b] 410 Gone",
        1,
        None,
    )
    waiting = command("webhook", "list", "--waiting", "--lead", "ana", "--json").lines
    assert [one["type"] for one in waiting] == ["opportunity.won"]
    assert waiting[0]["next"]
    both = command("webhook", "list", "--waiting", "--dead", "--json").lines
    assert [one["status"] for one in both] == ["dead", "waiting", "waiting"]


def test_the_table_shows_what_went_wrong_and_whether_there_is_more(
    command: Leadflow, dead: CrmEvent
) -> None:
    ran = command("webhook", "list", "--limit", "4")
    assert ran.status == 0
    assert dead.id in ran.out
    assert "[/b] 410 Gone" in ran.out
    assert ran.err == ""
    fewer = command("webhook", "list", "--limit", "1")
    assert "bea" in fewer.out
    assert "there are more than these 1" in fewer.err


def test_an_event_that_was_given_up_is_sent_again_by_its_id(
    command: Leadflow, dead: CrmEvent, database: Database
) -> None:
    assert command("webhook", "retry", dead.id).out == "1 to be sent again\n"
    taken = SqlCrmOutbox(database).take(9, LEASE)
    assert {(one.lead, one.seq, one.tries) for one in taken} == {("ana", 1, 1), ("bea", 1, 1)}


@pytest.mark.usefixtures("dead")
def test_all_events_that_were_given_up_are_sent_again(command: Leadflow) -> None:
    ran = command("webhook", "retry", "--all-dead", "--json")
    assert (ran.status, ran.json) == (0, {"ok": True, "retried": 1, "left": []})
    assert command("webhook", "list", "--dead", "--json").lines == []
    again = command("webhook", "retry", "--all-dead", "--json")
    assert (again.status, again.json["retried"]) == (0, 0)


def test_an_event_that_is_unknown_or_was_taken_is_named(command: Leadflow, dead: CrmEvent) -> None:
    sent = command("webhook", "list", "--json").lines[1]["id"]
    ran = command("webhook", "retry", dead.id, sent, "nothing")
    assert ran.status == 1
    assert ran.out == "1 to be sent again\n"
    assert ran.err.splitlines() == sorted(
        f"unknown, or sent already: {one}" for one in (sent, "nothing")
    )
    as_json = command("webhook", "retry", sent, "--json")
    assert (as_json.status, as_json.json) == (1, {"ok": False, "retried": 0, "left": [sent]})


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize("words", [(), ("abc", "--all-dead")], ids=["nothing", "both"])
def test_sending_again_needs_to_know_which_events(
    command: Leadflow, words: tuple[str, ...]
) -> None:
    ran = command("webhook", "retry", *words)
    assert ran.status == 2
    assert "--all-dead" in ran.err
