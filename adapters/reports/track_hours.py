"""Tracks in which nobody has moved for longer than ever before, though people stand in them.

The rule: of the last 60 days, the hours in which somebody reached a step of the track are known. A
track is silent if its program is not paused, leads stand in it that are not paused, at least 20
such hours are known, and the time since the last one is longer than the longest time between two of
them. So a track that rests every weekend is not silent on a Sunday.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.programs import PausedProgram
from models.tables.standings import StandingRow
from models.tables.visits import TrackHour

_H = table_of(TrackHour)
_PAUSED = table_of(PausedProgram)
_S = table_of(StandingRow)

DAYS = 60
FEWEST_HOURS = 20
"""Of fewer nothing is said: the longest of a few gaps says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentTrack:
    """A track that is silent."""

    program: str
    track: str
    since: datetime
    """The beginning of the last hour in which somebody moved."""
    longest: timedelta
    """The longest time between two such hours before."""


def silent_tracks(
    database: Database, now: datetime, program: str | None = None
) -> list[SilentTrack]:
    """The silent tracks of a program, or of all, the longest silent first."""
    hours = (
        sa.select(_H.c.program, _H.c.track, _H.c.hour)
        .where(_H.c.hour >= now - timedelta(days=DAYS))
        .where(_H.c.program.not_in(sa.select(_PAUSED.c.name)))
        .order_by(_H.c.program, _H.c.track, _H.c.hour)
    )
    if program is not None:
        hours = hours.where(_H.c.program == program)
    moved: dict[tuple[str, str], list[datetime]] = {}
    with database.read() as connection:
        for row in connection.execute(hours):
            moved.setdefault((row.program, row.track), []).append(row.hour)
        silent = [
            one
            for one in _silent(moved, now)
            if connection.scalar(sa.select(_somebody_stands_in(one)))
        ]
    return sorted(silent, key=lambda one: one.since)


def _somebody_stands_in(silent: SilentTrack) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        _S.c.program == silent.program,
        _S.c.track == silent.track,
        _S.c.closed.is_(sa.false()),
        _S.c.paused.is_(None),
    )


def _silent(moved: Mapping[tuple[str, str], list[datetime]], now: datetime) -> list[SilentTrack]:
    found = []
    for (program, track), hours in moved.items():
        if len(hours) < FEWEST_HOURS:
            continue
        longest = max(after - before for before, after in pairwise(hours))
        if now - hours[-1] > longest + timedelta(hours=1):  # the last hour may have just ended
            found.append(
                SilentTrack(program=program, track=track, since=hours[-1], longest=longest)
            )
    return found
