"""Counts of assignments become shares, in databases that have both."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from adapters.sql.database import open_database
from models.tables.columns import table_of
from models.tables.people import MemberShare

ALEMBIC_INI = Path(__file__).parents[2] / "deploy" / "alembic.ini"


def test_counts_of_assignments_become_shares(empty_url: str) -> None:
    config = Config(ALEMBIC_INI, cmd_opts=None)
    config.cmd_opts = type("Options", (), {"x": [f"database={empty_url}"]})()
    command.upgrade(config, "0005")
    database = open_database(empty_url)
    riley, sam, tess = (f"{name}@acme.example" for name in ("riley", "sam", "tess"))
    stale = {"teams": {"sdr": {"members": [{"email": riley, "weight": 1}, {"email": sam}]}}}
    heavier = [{"email": riley, "weight": 3}, {"email": sam, "weight": 2}, {"email": tess}]
    applied = {"teams": {"sdr": {"members": heavier}, "ae": {"members": [{"email": riley}]}}}
    counts = [
        ("sdr", riley, "7"),
        ("sdr", sam, "14/3"),
        ("sdr", "left@acme.example", "5"),
        ("ae", riley, "2"),
        ("gone", riley, "1"),
    ]
    insert_directory = sa.text(
        "INSERT INTO directories (document, applied_at) VALUES (:document, '2026-03-02 09:00:00')"
    ).bindparams(sa.bindparam("document", type_=sa.JSON))
    with database.write() as connection:
        for document in (stale, applied):
            connection.execute(insert_directory, {"document": document})
        connection.execute(
            sa.text("INSERT INTO counters (team, member, total) VALUES (:team, :member, :total)"),
            [dict(zip(("team", "member", "total"), row, strict=True)) for row in counts],
        )
    command.upgrade(config, "head")
    with database.read() as connection:
        shares = set(map(tuple, connection.execute(sa.select(table_of(MemberShare))).all()))
    database.close()
    assert shares == {
        ("sdr", riley, "7/3"),
        ("sdr", sam, "7/3"),
        ("ae", riley, "2"),
    }
