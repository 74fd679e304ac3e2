from __future__ import annotations

from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.suppressions import SqlSuppressionList
from tests.journal.turns import FENCE, NEWER, NOW, turn


def test_suppression_belongs_to_the_address_and_is_lifted_with_it(
    journal: SqlJournal, database: Database
) -> None:
    mail_ledger = SqlMailLedger(database)
    address = "Ana@Northwind.example "
    profile = {"email": address}
    entry = ("suppressed", {"why": "unsubscribed"})
    stop = turn(1, entry, suppressed=("unsubscribed",), profile=profile)
    for _ in range(2):
        journal.record(stop, FENCE, NOW)
    assert mail_ledger.suppression("ana@northwind.example", operational=False) == "unsubscribed"
    lift = turn(2, ("unsuppressed", {"why": "unsubscribed"}), before=1, profile=profile)
    for _ in range(2):
        journal.record(lift, FENCE, NOW)
    assert mail_ledger.suppression("ana@northwind.example", operational=False) is None


def test_a_suppression_is_kept_when_its_turn_runs_again_with_another_outcome(
    journal: SqlJournal, database: Database
) -> None:
    entry = ("suppressed", {"why": "bounced"})
    journal.record(turn(1, entry, suppressed=("bounced",)), FENCE, NOW)
    journal.record(turn(1, "noted"), NEWER, NOW)
    address = "ana@northwind.example"
    assert SqlMailLedger(database).suppression(address, operational=False) == "bounced"


def test_subscribing_again_lifts_the_suppression_for_every_lead_of_the_address(
    journal: SqlJournal, database: Database
) -> None:
    profile = {"email": "shared@northwind.example"}
    entry = ("suppressed", {"why": "unsubscribed"})
    stopped = turn(1, entry, lead="ana", suppressed=("unsubscribed",), profile=profile)
    journal.record(stopped, FENCE, NOW)
    wanted = ("event", {"event": "r", "type": "email.resubscribed"})
    journal.record(turn(1, wanted, lead="ben", profile=profile), FENCE, NOW)
    mail_ledger = SqlMailLedger(database)
    assert mail_ledger.suppression("shared@northwind.example", operational=False) is None


def test_a_suppression_by_another_lead_of_the_same_address_stays(
    journal: SqlJournal, database: Database
) -> None:
    profile = {"email": "shared@northwind.example"}
    entry = ("suppressed", {"why": "complained"})
    journal.record(
        turn(1, entry, lead="ana", suppressed=("complained",), profile=profile), FENCE, NOW
    )
    bounced = ("suppressed", {"why": "bounced"})
    journal.record(
        turn(1, bounced, lead="ben", suppressed=("bounced",), profile=profile), FENCE, NOW
    )
    lifted = ("unsuppressed", {"why": "bounced"})
    journal.record(turn(2, lifted, lead="ben", before=1, profile=profile), FENCE, NOW)
    mail_ledger = SqlMailLedger(database)
    assert mail_ledger.suppression("shared@northwind.example", operational=True) == "complained"


def test_a_bounce_stays_with_the_old_address_when_the_address_changes(
    journal: SqlJournal, database: Database
) -> None:
    both = ("bounced", "unsubscribed")
    entry = [("suppressed", {"why": why}) for why in both]
    journal.record(turn(1, *entry, suppressed=both), FENCE, NOW)
    change = ("profile", {"changed": ["email"]})
    lift = ("unsuppressed", {"why": "bounced"})
    profile = {"email": "ana@contoso.example"}
    journal.record(
        turn(2, change, lift, before=2, suppressed=("unsubscribed",), profile=profile), FENCE, NOW
    )
    mail_ledger = SqlMailLedger(database)
    assert mail_ledger.suppression("ana@northwind.example", operational=True) == "bounced"
    assert mail_ledger.suppression("ana@contoso.example", operational=True) is None
    assert mail_ledger.suppression("ana@contoso.example", operational=False) == "unsubscribed"


ANA = "ana@northwind.example"


def test_what_was_suppressed_by_hand_is_not_lifted_by_a_turn_about_something_else(
    journal: SqlJournal, database: Database
) -> None:
    by_hand = SqlSuppressionList(database)
    assert by_hand.add(ANA, "unsubscribed", at=NOW)
    bounced = ("suppressed", {"why": "bounced"})
    journal.record(turn(1, bounced, suppressed=("bounced",)), FENCE, NOW)
    journal.record(turn(1, "noted"), NEWER, NOW)
    lifted = ("unsuppressed", {"why": "complained"})
    journal.record(turn(2, lifted, before=1), NEWER, NOW)
    assert by_hand.reasons(ANA) == ["unsubscribed"]


def test_a_suppression_by_the_lead_and_then_by_hand_is_kept_when_the_leads_turn_changes(
    journal: SqlJournal, database: Database
) -> None:
    by_hand = SqlSuppressionList(database)
    entry = ("suppressed", {"why": "complained"})
    journal.record(turn(1, entry, suppressed=("complained",)), FENCE, NOW)
    assert not by_hand.add(ANA, "complained", at=NOW)
    journal.record(turn(1, "noted"), NEWER, NOW)
    assert by_hand.reasons(ANA) == ["complained"]


def test_subscribing_again_lifts_a_suppression_made_by_hand(
    journal: SqlJournal, database: Database
) -> None:
    by_hand = SqlSuppressionList(database)
    for reason in ("unsubscribed", "complained"):
        by_hand.add(ANA, reason, at=NOW)
    wanted = ("event", {"event": "r", "type": "email.resubscribed"})
    journal.record(turn(1, wanted), FENCE, NOW)
    assert by_hand.reasons(ANA) == ["complained"]


def test_a_lead_that_moves_to_an_address_that_bounces_does_not_clear_it(
    journal: SqlJournal, database: Database
) -> None:
    by_hand, new = SqlSuppressionList(database), "ana@contoso.example"
    by_hand.add(new, "bounced", at=NOW)
    bounced = ("suppressed", {"why": "bounced"})
    journal.record(turn(1, bounced, suppressed=("bounced",)), FENCE, NOW)
    change, lift = ("profile", {"changed": ["email"]}), ("unsuppressed", {"why": "bounced"})
    journal.record(turn(2, change, lift, before=1, profile={"email": new}), FENCE, NOW)
    assert (by_hand.reasons(ANA), by_hand.reasons(new)) == (["bounced"], ["bounced"])


def test_one_reason_or_all_are_lifted_and_the_list_shows_what_is_left(database: Database) -> None:
    by_hand = SqlSuppressionList(database)
    for reason in ("unsubscribed", "bounced", "complained"):
        assert by_hand.add(" Ana@Northwind.example", reason, at=NOW)
    by_hand.add("ben@northwind.example", "bounced", at=NOW)
    assert by_hand.remove(ANA, "bounced")
    assert not by_hand.remove(ANA, "bounced")
    listed = [(one.address, one.reason, one.at) for one in by_hand.all()]
    assert listed == [
        (ANA, "complained", NOW),
        (ANA, "unsubscribed", NOW),
        ("ben@northwind.example", "bounced", NOW),
    ]
    assert by_hand.remove(ANA)
    assert by_hand.reasons(ANA) == []
