from __future__ import annotations

from adapters.database import Database
from adapters.journal import SqlJournal
from adapters.outbox import SqlOutbox
from tests.journal.turns import FENCE, NEWER, NOW, turn


def test_suppression_belongs_to_the_address_and_is_lifted_with_it(
    journal: SqlJournal, database: Database
) -> None:
    outbox = SqlOutbox(database)
    address = "Ana@Northwind.example "
    profile = {"email": address}
    told = ("suppressed", {"why": "unsubscribed"})
    stop = turn(1, told, suppressed=("unsubscribed",), profile=profile)
    for _ in range(2):
        journal.record(stop, FENCE, NOW)
    assert outbox.suppression("ana@northwind.example", operational=False) == "unsubscribed"
    lift = turn(2, ("unsuppressed", {"why": "unsubscribed"}), before=1, profile=profile)
    for _ in range(2):
        journal.record(lift, FENCE, NOW)
    assert outbox.suppression("ana@northwind.example", operational=False) is None


def test_a_suppression_that_the_second_run_does_not_tell_is_gone(
    journal: SqlJournal, database: Database
) -> None:
    told = ("suppressed", {"why": "bounced"})
    journal.record(turn(1, told, suppressed=("bounced",)), FENCE, NOW)
    journal.record(turn(1, "noted"), NEWER, NOW)
    address = "ana@northwind.example"
    assert SqlOutbox(database).suppression(address, operational=False) is None


def test_who_subscribes_again_lifts_it_whichever_lead_was_told(
    journal: SqlJournal, database: Database
) -> None:
    profile = {"email": "shared@northwind.example"}
    told = ("suppressed", {"why": "unsubscribed"})
    stopped = turn(1, told, lead="ana", suppressed=("unsubscribed",), profile=profile)
    journal.record(stopped, FENCE, NOW)
    wanted = ("event", {"event": "r", "type": "email.resubscribed"})
    journal.record(turn(1, wanted, lead="ben", profile=profile), FENCE, NOW)
    outbox = SqlOutbox(database)
    assert outbox.suppression("shared@northwind.example", operational=False) is None


def test_what_another_lead_of_the_same_address_was_told_stays(
    journal: SqlJournal, database: Database
) -> None:
    profile = {"email": "shared@northwind.example"}
    told = ("suppressed", {"why": "complained"})
    journal.record(
        turn(1, told, lead="ana", suppressed=("complained",), profile=profile), FENCE, NOW
    )
    bounced = ("suppressed", {"why": "bounced"})
    journal.record(
        turn(1, bounced, lead="ben", suppressed=("bounced",), profile=profile), FENCE, NOW
    )
    lifted = ("unsuppressed", {"why": "bounced"})
    journal.record(turn(2, lifted, lead="ben", before=1, profile=profile), FENCE, NOW)
    outbox = SqlOutbox(database)
    assert outbox.suppression("shared@northwind.example", operational=True) == "complained"


def test_a_changed_address_leaves_the_bounce_with_the_old_one(
    journal: SqlJournal, database: Database
) -> None:
    both = ("bounced", "unsubscribed")
    told = [("suppressed", {"why": why}) for why in both]
    journal.record(turn(1, *told, suppressed=both), FENCE, NOW)
    change = ("profile", {"changed": ["email"]})
    lift = ("unsuppressed", {"why": "bounced"})
    profile = {"email": "ana@contoso.example"}
    journal.record(
        turn(2, change, lift, before=2, suppressed=("unsubscribed",), profile=profile), FENCE, NOW
    )
    outbox = SqlOutbox(database)
    assert outbox.suppression("ana@northwind.example", operational=True) == "bounced"
    assert outbox.suppression("ana@contoso.example", operational=True) is None
    assert outbox.suppression("ana@contoso.example", operational=False) == "unsubscribed"
