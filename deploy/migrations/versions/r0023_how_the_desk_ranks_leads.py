"""What the desk ranks leads by, in the narrow rows of the board; and people's saved views."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from models.tables.columns import UtcInstant

revision = "0023"
down_revision = "0025c"
branch_labels = None
depends_on = None

_WORKED = ("mql", "opportunity", "sal", "sql")
_LEADS = sa.table(
    "leads",
    *(sa.column(name, sa.String()) for name in ("id", "stage")),
    sa.column("state", sa.JSON()),
)
_STANDINGS = sa.table(
    "standings",
    sa.column("lead", sa.String()),
    sa.column("to_accept", sa.Boolean()),
    sa.column("clock", sa.String()),
    sa.column("clock_due", UtcInstant()),
    sa.column("held_until", UtcInstant()),
    sa.column("raised", sa.String()),
    sa.column("active_at", UtcInstant()),
    sa.column("score", sa.Float()),
)
_ENTRIES = sa.table(
    "entries",
    *(sa.column(name, sa.String()) for name in ("lead", "kind")),
    sa.column("seq", sa.Integer()),
    sa.column("fields", sa.JSON()),
)
_PHRASES = {
    "email.replied": "replied to the mail {}",
    "form.submitted": "sent the form {}",
    "content.downloaded": "downloaded {}",
    "event.attended": "attended {}",
    "meeting.booked": "booked a meeting",
    "page.viewed": "looked at {}",
    "product.signed_up": "signed up for {}",
    "product.activated": "activated {}",
}
_PAGE = 500
"""Leads that are read and written at once."""


def upgrade() -> None:
    """The columns, filled from the leads' states, and from the entries of those in sales."""
    op.add_column(
        "standings", sa.Column("to_accept", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for name, kind in (
        ("clock", sa.String()),
        ("clock_due", UtcInstant()),
        ("held_until", UtcInstant()),
        ("raised", sa.String()),
        ("active_at", UtcInstant()),
    ):
        op.add_column("standings", sa.Column(name, kind))
    op.add_column(
        "standings", sa.Column("score", sa.Float(), nullable=False, server_default=sa.text("0"))
    )
    for name in ("owner", "team"):
        op.create_index(f"ix_standings_{name}", "standings", [name, "stage"])
    op.create_table(
        "desk_views",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("path", sa.String(), nullable=False),
    )
    names = [one.name for one in _STANDINGS.c if one.name != "lead"]
    fill = (
        sa.update(_STANDINGS)
        .where(_STANDINGS.c.lead == sa.bindparam("of"))
        .values({name: sa.bindparam(name) for name in names})
    )
    for page in _pages():
        raised = _raised([one.id for one in page if one.stage in _WORKED])
        op.get_bind().execute(fill, [_queued(one, raised.get(one.id)) for one in page])


def _pages() -> Iterator[list[Any]]:
    after = ""
    while True:
        query = sa.select(_LEADS).where(_LEADS.c.id > after).order_by(_LEADS.c.id).limit(_PAGE)
        page = list(op.get_bind().execute(query))
        if not page:
            return
        yield page
        after = page[-1].id


def _raised(leads: list[str]) -> dict[str, str]:
    """What these leads did last to ask for sales, in words."""
    query = (
        sa.select(_ENTRIES)
        .where(_ENTRIES.c.lead.in_(leads), _ENTRIES.c.kind.in_(("event", "stage", "alerted")))
        .order_by(_ENTRIES.c.lead, _ENTRIES.c.seq)
    )
    found: dict[str, str] = {}
    events: dict[str, Mapping[str, Any]] = {}
    for row in op.get_bind().execute(query):
        if row.kind == "event":
            events[row.lead] = row.fields
        elif row.fields.get("why") == "hand_raise" and row.lead in events:
            type_, subject = str(events[row.lead]["type"]), str(events[row.lead].get("subject", ""))
            plain = f"{type_.replace('.', ' ').replace('_', ' ')} {subject}"
            words = _PHRASES[type_].format(subject) if type_ in _PHRASES else plain
            found[row.lead] = " ".join(words.split())
    return found


def _queued(row: Any, raised: str | None) -> dict[str, Any]:
    state: Mapping[str, Any] = row.state
    handoff = state.get("handoff") or {}
    queued: dict[str, Any] = {
        "of": row.id,
        "to_accept": False,
        "clock": None,
        "clock_due": None,
        "held_until": None,
        "raised": raised,
        "active_at": _instant(state.get("last_human")),
        "score": state.get("fit", 0.0) + state.get("engagement", 0.0),
    }
    if not handoff or handoff.get("over") or row.stage not in _WORKED:
        return queued
    running = [one for one in handoff.get("clocks", ()) if not one.get("breached")]
    clocks = sorted(running, key=lambda one: datetime.fromisoformat(one["due"]))
    return queued | {
        "to_accept": handoff.get("accepted") is None,
        "clock": clocks[0]["name"] if clocks else None,
        "clock_due": _instant(clocks[0]["due"]) if clocks else None,
        "held_until": _instant(handoff.get("held_until")),
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
