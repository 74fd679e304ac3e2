"""Where each lead stands: what the board counts and lists."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class StandingRow(SQLModel, table=True):
    """One narrow row for each lead, written with the turn.

    A lead's own row holds its whole state, some kilobytes. Counting a hundred thousand of these
    takes seconds, counting these rows takes some hundredths of one.
    """

    __tablename__ = "standings"
    __table_args__ = (
        # Both hold all that the counts by stage and by step read, in the order of their groups:
        # otherwise SQLite sorts all rows for each count.
        sa.Index(
            "ix_standings_stages",
            *("program", "stage", "digest", "closed", "handoff", "overdue", "deferred"),
        ),
        sa.Index(
            "ix_standings_steps",
            *("program", "track", "step", "deferred", "digest", "closed", "until", "step_since"),
        ),
        # What the count of all leads that do not move reads: the rows themselves are ten times as
        # wide.
        sa.Index(
            "ix_standings_not_moving",
            *("closed", "program", "track", "deferred", "step_since", "due_at", "mail", "mail_why"),
            *("unassigned", "overdue", "paused", "paused_until", "suppressed"),
        ),
        # What the desk's queues read: of one owner, of some teams.
        sa.Index("ix_standings_owner", "owner", "stage"),
        sa.Index("ix_standings_team", "team", "stage"),
        *(
            sa.Index(
                f"ix_standings_{names[0]}",
                *names,
                sqlite_where=sa.text(f"{names[0]} IS NOT NULL"),
                postgresql_where=sa.text(f"{names[0]} IS NOT NULL"),
            )
            for names in (
                *(("overdue",), ("unassigned",)),
                # A list may bring many addresses that are dead, a pause holds all leads of a
                # program, and at night the mail of most leads is deferred: these counts read
                # their index alone.
                ("mail", "mail_why", "mail_at", "closed", "program"),
                ("suppressed", "suppressed_since", "closed", "program"),
                ("paused", "paused_since", "paused_until", "track", "closed", "program"),
                ("deferred", "step_since", "closed", "program"),
                ("due_at",),
            )
        ),
    )

    lead: str = Field(
        sa_column=sa.Column(
            sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        )
    )
    program: str
    digest: str
    stage: str
    since: datetime | None = Field(sa_type=UtcInstant)
    """When the stage was entered."""
    closed: bool
    owner: str | None
    team: str | None
    track: str | None
    entered: datetime | None = Field(sa_type=UtcInstant)
    """When the track was entered."""
    step: str | None
    step_since: datetime | None = Field(sa_type=UtcInstant)
    """When the step was reached."""
    until: datetime | None = Field(sa_type=UtcInstant)
    """When the step is due."""
    deferred: str | None
    """Why the step's mail is deferred: `window`, `cap` or `paused`."""
    mail: str | None
    """`skipped` or `failed`, if that became of the lead's latest mail."""
    mail_why: str | None
    mail_name: str | None
    mail_at: datetime | None = Field(sa_type=UtcInstant)
    suppressed: str | None
    """Why the lead gets no marketing mail; the gravest reason."""
    suppressed_since: datetime | None = Field(sa_type=UtcInstant)
    paused: str | None
    """`program`, or why the lead pauses its mail."""
    paused_since: datetime | None = Field(sa_type=UtcInstant)
    paused_until: datetime | None = Field(sa_type=UtcInstant)
    """When the lead's own pause ends; None for the program's."""
    handoff: int | None
    """The open handoff."""
    handoff_since: datetime | None = Field(sa_type=UtcInstant)
    unassigned: str | None
    """Why the open handoff has no owner."""
    overdue: str | None
    """The clock of the open handoff that was breached first and not answered since."""
    overdue_since: datetime | None = Field(sa_type=UtcInstant)
    due_at: datetime | None = Field(sa_type=UtcInstant)
    """When the rules want to run next."""
    to_accept: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Whether sales has the lead and nobody has accepted it yet."""
    clock: str | None = None
    """The clock of the open handoff that is due first of those not breached."""
    clock_due: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When it is due; during a hold, counted on from its end."""
    held_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the hold of the open handoff ends."""
    raised: str | None = None
    """What the lead did to ask for sales, in words, for as long as sales works it."""
    active_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the lead itself last did something."""
    score: float = Field(default=0.0, sa_column_kwargs={"server_default": sa.text("0")})
    """Fit and engagement at the lead's last turn; engagement decays from then on."""
