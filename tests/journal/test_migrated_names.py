"""Databases from before addresses were unique, with two leads of one address in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from adapters.sql.database import Database, migrate, open_database
from adapters.sql.journal import SqlJournal
from tests.journal.test_database import ALEMBIC_INI
from tests.journal.test_one_person_one_lead import Item, by_leads, gateway
from tests.journal.turns import FENCE, NOW, turn
from usecases.intake import accept_leads
from usecases.naming import lead_meant


@pytest.fixture
def earlier(empty_url: str) -> Iterator[Database]:
    """A database of the release before, with two leads of one address among its leads."""
    config = Config(ALEMBIC_INI, cmd_opts=None)
    config.cmd_opts = type("Options", (), {"x": [f"database={empty_url}"]})()
    command.upgrade(config, "0005")
    database = open_database(empty_url)
    insert = sa.text(
        "INSERT INTO leads (id, email, profile, program, digest, stage, created, motion, cycle,"
        " fit, engagement, closed, state, turn, fence_run, fence_length, updated, breached)"
        " VALUES (:id, :email, '{}', 'acme', 'd', 'known', :created, 'sales', 1, 0, 0, false, '{}',"
        " 1, 1, 1, :created, false)"
    )
    people = [
        ("younger", "Ana@bücher.example".lower(), "2026-03-02 10:00:00+00:00"),
        ("older", "ana@xn--bcher-kva.example", "2026-03-01 10:00:00+00:00"),
        ("cyd", "cyd@x.example", "2026-03-01 10:00:00+00:00"),
        ("dan", None, "2026-03-01 10:00:00+00:00"),
    ]
    with database.write() as connection:
        for one, email, created in people:
            connection.execute(insert, {"id": one, "email": email, "created": created})
        connection.execute(
            sa.text(
                "INSERT INTO intake (lead, item, kind, body, arrived, ready, tries) VALUES"
                " ('eve', 'lead/1', 'lead', :body, :at, :at, 0)"
            ),
            {"body": '{"program": "acme", "profile": {"email": "eve@x.example"}}', "at": NOW},
        )
    yield database
    database.close()


def test_a_database_with_two_leads_of_one_address_goes_on_after_the_migration(
    earlier: Database, empty_url: str
) -> None:
    migrate(empty_url)
    intake = gateway(earlier)
    named = [lead_meant(earlier, one) for one in ("ana@bücher.example", "cyd@x.example", "dan")]
    assert named == ["older", "cyd", "dan"]
    assert lead_meant(earlier, "eve@x.example") == "eve"
    # Both leads of the address can be reached by their ids, with it and without.
    both = [Item(0, "ana@bücher.example", one) for one in ("older", "younger")]
    assert by_leads(intake, both) == ["older", "younger"]
    assert by_leads(intake, [Item(0, "ana@bücher.example", "crm-1")]) == ["older"]
    # Nobody else gets the address: of another lead's id it is refused, and both are named.
    [refused] = accept_leads(intake, [{"email": "ana@bücher.example", "id": "cyd"}])
    assert refused.why is not None
    assert "'cyd' is one lead" in refused.why
    assert "lead 'older'; if both are one person, merge them" in refused.why


def test_when_the_older_of_two_leads_moves_the_other_has_the_address(
    earlier: Database, empty_url: str
) -> None:
    migrate(empty_url)
    journal = SqlJournal(earlier)
    moved = turn(
        2, ("profile", {"changed": ["email"]}), lead="older", profile={"email": "o@x.example"}
    )
    journal.record(moved, FENCE, NOW)
    assert lead_meant(earlier, "ana@bücher.example") == "younger"
    assert lead_meant(earlier, "o@x.example") == "older"
    # A turn of a lead whose address is another's, and which does not change it, is stored.
    same = turn(
        2,
        ("profile", {"changed": ["title"]}),
        lead="younger",
        profile={"email": "ana@bücher.example"},
    )
    assert journal.record(same, FENCE, NOW, addresses=["ana@xn--bcher-kva.example"]) is None
