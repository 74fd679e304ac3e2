"""Which steps each lead reached and left, and the nurture mails that it got.

Filled from the timelines as far as they tell it: steps that send mail, and where each lead stands
now. Waits that were over before are not known.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from models.tables.columns import UtcInstant

revision = "0025b"
down_revision = "0024"
branch_labels = None
depends_on = None

_LEADS = sa.table(
    "leads",
    *(sa.column(name, sa.String()) for name in ("id", "program", "digest", "merged_into")),
)
_STANDINGS = sa.table(
    "standings",
    *(sa.column(name, sa.String()) for name in ("lead", "track", "step")),
    sa.column("step_since", UtcInstant()),
)
_ENTRIES = sa.table(
    "entries",
    sa.column("lead", sa.String()),
    sa.column("seq", sa.Integer()),
    sa.column("kind", sa.String()),
    sa.column("at", UtcInstant()),
    sa.column("fields", sa.JSON()),
)
_MAILS = ("email_sent", "email_skipped", "email_failed")
_KINDS = (*_MAILS, "track_entered", "track_left", "program_changed", "created", "event")
_REACTIONS = {
    f"email.{name}": name for name in ("delivered", "opened", "clicked", "replied", "unsubscribed")
}
_PAGE = 500
"""Leads that are read and written at once."""


def upgrade() -> None:
    """Two tables, filled from the leads' timelines."""
    visits = op.create_table(
        "step_visits",
        sa.Column(
            "lead", sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("turn", sa.Integer(), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("program", "digest", "track", "step")
        ),
        sa.Column("entered", UtcInstant(), nullable=False),
        sa.Column("left", UtcInstant()),
        sa.Column("why", sa.String()),
    )
    mails = op.create_table(
        "step_mails",
        sa.Column(
            "lead", sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("seq", sa.Integer(), primary_key=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("program", "digest", "track", "step", "email")
        ),
        sa.Column("sent", UtcInstant(), nullable=False),
        *(sa.Column(name, UtcInstant()) for name in _REACTIONS.values()),
    )
    for leads in _pages():
        told = _told([one.id for one in leads])
        lives = [_Life(one) for one in leads]
        for life in lives:
            for entry in told.get(life.lead, ()):
                life.take(entry)
            life.stand()
        op.bulk_insert(visits, [row for life in lives for row in life.visits])
        op.bulk_insert(mails, [row for life in lives for row in life.mails])
    op.create_index(
        "ix_step_visits_entered",
        "step_visits",
        ["program", "entered", "track", "step", "left", "why", "digest"],
    )
    op.create_index(
        "ix_step_mails_sent",
        "step_mails",
        [
            *("program", "sent", "track", "step", "email", "digest", "delivered", "opened"),
            *("clicked", "replied", "unsubscribed"),
        ],
    )


def _pages() -> Iterator[list[Any]]:
    after = ""
    while True:
        query = (
            sa.select(_LEADS, _STANDINGS.c.track, _STANDINGS.c.step, _STANDINGS.c.step_since)
            .select_from(_LEADS.join(_STANDINGS, _STANDINGS.c.lead == _LEADS.c.id))
            .where(_LEADS.c.id > after)
            .order_by(_LEADS.c.id)
            .limit(_PAGE)
        )
        page = list(op.get_bind().execute(query))
        if not page:
            return
        yield page
        after = page[-1].id


def _told(leads: list[str]) -> dict[str, list[Any]]:
    query = (
        sa.select(_ENTRIES)
        .where(_ENTRIES.c.lead.in_(leads), _ENTRIES.c.kind.in_(_KINDS))
        .order_by(_ENTRIES.c.lead, _ENTRIES.c.seq)
    )
    found: dict[str, list[Any]] = {}
    for row in op.get_bind().execute(query):
        found.setdefault(row.lead, []).append(row)
    return found


class _Life:
    """A lead, and its visits and mails as far as they are told."""

    def __init__(self, row: Any) -> None:
        self.lead, self.program, self.digest = row.id, row.program, row.digest
        self._place = (row.track, row.step, row.step_since)
        self._track: str | None = None
        self._latest: dict[str, dict[str, Any]] = {}
        self.visits: list[dict[str, Any]] = []
        self.mails: list[dict[str, Any]] = []

    def take(self, entry: Any) -> None:
        """Take in the next entry of its timeline."""
        fields = entry.fields
        if entry.kind == "created":
            self.digest = fields.get("digest", self.digest)
        elif entry.kind == "program_changed":
            self.digest = fields.get("to", self.digest)
        elif entry.kind == "track_entered":
            self._track = fields.get("track")
        elif entry.kind == "track_left":
            self._leave(entry)
        elif entry.kind in _MAILS:
            self._mail(entry)
        else:
            self._react(entry)

    def _leave(self, entry: Any) -> None:
        last = self.visits[-1] if self.visits else None
        ends = entry.fields.get("why") == "finished" and last is not None
        # The last step of a track is left together with the track.
        if ends and last["left"] == entry.at and last["track"] == self._track:
            last["why"] = "finished"
        self._track = None

    def _mail(self, entry: Any) -> None:
        fields = entry.fields
        track, step = fields.get("track", self._track), fields.get("step")
        if track is None or step is None:
            return
        self._visit(track, step, entry.at, entry.at)
        if entry.kind == "email_sent":
            row = {
                "lead": self.lead,
                "seq": entry.seq,
                "program": self.program,
                "digest": self.digest,
                "track": track,
                "step": step,
                "email": fields["email"],
                "sent": entry.at,
                **dict.fromkeys(_REACTIONS.values()),
            }
            self.mails.append(row)
            self._latest[fields["email"]] = row

    def _react(self, entry: Any) -> None:
        name = _REACTIONS.get(str(entry.fields.get("type")))
        mail = self._latest.get(str(entry.fields.get("subject")))
        if name is not None and mail is not None and not entry.fields.get("machine"):
            mail[name] = mail[name] or entry.at

    def stand(self) -> None:
        """The step where it is now."""
        track, step, since = self._place
        if track is not None and since is not None:
            self._visit(track, step, since, None)

    def _visit(self, track: str, step: str, entered: datetime, left: datetime | None) -> None:
        self.visits.append(
            {
                "lead": self.lead,
                "turn": 0,
                "place": len(self.visits),
                "program": self.program,
                "digest": self.digest,
                "track": track,
                "step": step,
                "entered": entered,
                "left": left,
                "why": None,
            }
        )
