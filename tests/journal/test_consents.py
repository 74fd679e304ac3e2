"""Each consent is stored: from whom, where, when, and to which words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.tables.columns import table_of
from models.tables.leads import Consent
from tests.journal.turns import FENCE, NEWER, NOW, turn

CONSENTING = {"email": "Ana@northwind.example", "consent": True, "source": "fair"}


def consents(database: Database) -> list[dict[str, Any]]:
    table = table_of(Consent)
    with database.read() as connection:
        found = connection.execute(sa.select(table).order_by(table.c.lead, table.c.seq))
        return [dict(one) for one in found.mappings()]


def test_a_consent_is_kept_with_source_instant_and_wording(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created"), FENCE, NOW)
    later = NOW + timedelta(days=1)
    given = ("consented", {"source": "trial form", "wording": "Yes, send me news."})
    flag = ("profile", {"changed": ["consent"]})
    for _ in range(2):
        journal.record(turn(2, given, flag, before=1, at=later, profile=CONSENTING), FENCE, later)
    [kept] = consents(database)
    assert (kept["lead"], kept["address"]) == ("ana", "ana@northwind.example")
    assert (kept["source"], kept["wording"]) == ("trial form", "Yes, send me news.")
    assert (kept["confirmed"], kept["seq"]) == (False, 2)
    assert kept["at"] == later


def test_a_flag_in_a_list_or_a_later_change_is_a_consent_from_where_the_profile_says(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created", profile=CONSENTING), FENCE, NOW)
    journal.record(turn(1, "created", lead="bea"), FENCE, NOW)
    changed = ("profile", {"changed": ["consent", "source"]})
    profile = {**CONSENTING, "email": "bea@northwind.example", "source": "phone"}
    journal.record(turn(2, changed, lead="bea", before=1, profile=profile), FENCE, NOW)
    other = ("profile", {"changed": ["title"]})
    journal.record(turn(3, other, lead="bea", before=2, profile=profile), FENCE, NOW)
    kept = [(one["lead"], one["source"], one["seq"]) for one in consents(database)]
    assert kept == [("ana", "fair", 1), ("bea", "phone", 2)]


def test_a_withdrawn_consent_stays_stored_and_makes_no_new_one(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created", profile=CONSENTING), FENCE, NOW)
    changed = ("profile", {"changed": ["consent"]})
    journal.record(turn(2, changed, before=1, profile={**CONSENTING, "consent": False}), FENCE, NOW)
    assert [one["seq"] for one in consents(database)] == [1]


def test_a_consent_is_kept_when_its_turn_runs_again_with_another_outcome(
    journal: SqlJournal, database: Database
) -> None:
    confirmed = {"source": "double opt-in", "wording": "Mail?", "confirmed": True}
    journal.record(turn(1, ("consented", confirmed)), FENCE, NOW)
    assert [one["confirmed"] for one in consents(database)] == [True]
    journal.record(turn(1, "noted"), NEWER, NOW)
    assert [one["confirmed"] for one in consents(database)] == [True]
