"""Which steps each lead reached and left, and the mails that they sent: what the board counts."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


def _lead() -> sa.Column[str]:
    return sa.Column(sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)


class StepVisit(SQLModel, table=True):
    """A lead that reached a step of a track, and when and why it left it; written with the turn.

    The timeline has no entry for a wait that begins or ends, so it can't tell this.
    """

    __tablename__ = "step_visits"
    __table_args__ = (
        # It holds all that the counts read, in the order of their groups: without a sort, the
        # steps of 100,000 leads are counted in 0.1 s instead of 0.4 s.
        sa.Index(
            "ix_step_visits_place",
            *("program", "track", "step", "why", "entered", "left", "digest"),
        ),
    )

    lead: str = Field(sa_column=_lead())
    turn: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    """Counts up within the turn."""
    program: str
    digest: str
    """The version of the program by which it was reached."""
    track: str
    step: str
    entered: datetime = Field(sa_type=UtcInstant)
    left: datetime | None = Field(sa_type=UtcInstant)
    """None while the lead is there."""
    why: str | None
    """Why the track was left from here; None for a lead that went on to another step."""


class StepMail(SQLModel, table=True):
    """A nurture mail that was sent, and what its recipient did first, until it is sent again."""

    __tablename__ = "step_mails"
    __table_args__ = (
        sa.Index(
            "ix_step_mails_place",
            *("program", "track", "step", "email", "sent", "digest", "delivered", "opened"),
            *("clicked", "replied", "unsubscribed"),
        ),
    )

    lead: str = Field(sa_column=_lead())
    seq: int = Field(primary_key=True)
    """The number of its entry `email_sent` on the timeline."""
    program: str
    digest: str
    track: str
    step: str
    email: str
    sent: datetime = Field(sa_type=UtcInstant)
    delivered: datetime | None = Field(sa_type=UtcInstant)
    opened: datetime | None = Field(sa_type=UtcInstant)
    clicked: datetime | None = Field(sa_type=UtcInstant)
    replied: datetime | None = Field(sa_type=UtcInstant)
    unsubscribed: datetime | None = Field(sa_type=UtcInstant)


class TrackHour(SQLModel, table=True):
    """An hour in which somebody reached a step of a track; written with the turn."""

    __tablename__ = "track_hours"

    program: str = Field(primary_key=True)
    track: str = Field(primary_key=True)
    hour: datetime = Field(sa_column=sa.Column(UtcInstant(), primary_key=True))
    """Its beginning (UTC)."""
