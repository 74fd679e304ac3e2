"""The shares of a team's members in the database: read whole, and only what changed is written.

A team may have thousands of members. Most shares stay the same at an assignment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.people import MemberShare

_S = table_of(MemberShare)


def read_shares(connection: Connection, team: str) -> dict[str, Fraction]:
    """The share of each member who has one.

    Two lists in one row: thousands of rows would cost twice as much.
    """
    whole = sa.func.json_group_array if connection.dialect.name == "sqlite" else sa.func.json_agg
    query = sa.select(
        sa.cast(whole(_S.c.member), sa.Text), sa.cast(whole(_S.c.share), sa.Text)
    ).where(_S.c.team == team)
    members, shares = (json.loads(one or "[]") for one in connection.execute(query).one())
    return dict(zip(members, map(_fraction, shares), strict=True))


def write_shares(
    database: Database,
    connection: Connection,
    team: str,
    before: Mapping[str, Fraction],
    after: Mapping[str, Fraction],
) -> None:
    """Make `after` the team's shares; `before` is what `read_shares` returned."""
    changed = [
        {"team": team, "member": member, "share": str(share)}
        for member, share in after.items()
        if before.get(member) is not share  # an equal one is written again, which harms nothing
    ]
    if changed:
        insert = database.upsert(_S)
        update = insert.on_conflict_do_update(
            index_elements=[_S.c.team, _S.c.member], set_={"share": insert.excluded.share}
        )
        connection.execute(update, changed)
    left = [{"left": member} for member in before if member not in after]
    if left:
        gone = sa.delete(_S).where(_S.c.team == team, _S.c.member == sa.bindparam("left"))
        connection.execute(gone, left)


def shrink_share(connection: Connection, team: str, member: str, by: Fraction) -> None:
    """Take so much off a member's share; nothing if there is no share."""
    mine = sa.and_(_S.c.team == team, _S.c.member == member)
    written = connection.scalar(sa.select(_S.c.share).where(mine))
    if written is not None:
        share = str(_fraction(written) - by)
        connection.execute(sa.update(_S).where(mine).values(share=share))


@lru_cache(maxsize=4096)
def _fraction(written: str) -> Fraction:
    """Members who are in line have few different shares, and reading a fraction is slow."""
    return Fraction(written)
