"""Where each lead stands, in one narrow row that the board counts and lists."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from models.tables.columns import UtcInstant

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None

_INSTANTS = (
    *("since", "entered", "step_since", "until", "mail_at", "suppressed_since", "paused_since"),
    *("paused_until", "handoff_since", "overdue_since", "due_at"),
)
_LEADS = sa.table(
    "leads",
    *(sa.column(name, sa.String()) for name in ("id", "program", "digest", "stage", "owner")),
    sa.column("team", sa.String()),
    sa.column("since", UtcInstant()),
    sa.column("due_at", UtcInstant()),
    sa.column("closed", sa.Boolean()),
    sa.column("profile", sa.JSON()),
    sa.column("state", sa.JSON()),
)
_ENTRIES = sa.table(
    "entries",
    sa.column("lead", sa.String()),
    sa.column("seq", sa.Integer()),
    sa.column("kind", sa.String()),
    sa.column("at", UtcInstant()),
    sa.column("fields", sa.JSON()),
)
_MAILS = {"email_sent": None, "email_skipped": "skipped", "email_failed": "failed"}
_PAGE = 500
"""Leads that are read and written at once."""


def upgrade() -> None:
    """The table, filled from the leads' states and from the entries of their mail."""
    table = op.create_table(
        "standings",
        sa.Column(
            "lead", sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        ),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("words", "program", "digest")),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("since", UtcInstant()),
        sa.Column("closed", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.String()) for name in ("owner", "team", "track")),
        sa.Column("entered", UtcInstant()),
        sa.Column("step", sa.String()),
        *(sa.Column(name, UtcInstant()) for name in ("step_since", "until")),
        *(sa.Column(name, sa.String()) for name in ("deferred", "mail", "mail_why", "mail_name")),
        sa.Column("mail_at", UtcInstant()),
        sa.Column("suppressed", sa.String()),
        sa.Column("suppressed_since", UtcInstant()),
        sa.Column("paused", sa.String()),
        *(sa.Column(name, UtcInstant()) for name in ("paused_since", "paused_until")),
        sa.Column("handoff", sa.Integer()),
        sa.Column("handoff_since", UtcInstant()),
        sa.Column("unassigned", sa.String()),
        sa.Column("overdue", sa.String()),
        *(sa.Column(name, UtcInstant()) for name in ("overdue_since", "due_at")),
    )
    op.create_index("ix_standings_program_track_step", "standings", ["program", "track", "step"])
    for page in _pages():
        mails = _mails([row.id for row in page])
        op.bulk_insert(table, [_standing(row, mails.get(row.id, [])) for row in page])


def _pages() -> Iterator[list[Any]]:
    after = ""
    while True:
        query = sa.select(_LEADS).where(_LEADS.c.id > after).order_by(_LEADS.c.id).limit(_PAGE)
        page = list(op.get_bind().execute(query))
        if not page:
            return
        yield page
        after = page[-1].id


def _mails(leads: list[str]) -> dict[str, list[Any]]:
    query = (
        sa.select(_ENTRIES)
        .where(
            _ENTRIES.c.lead.in_(leads),
            _ENTRIES.c.kind.in_(("email_deferred", *_MAILS)),
        )
        .order_by(_ENTRIES.c.lead, _ENTRIES.c.seq)
    )
    found: dict[str, list[Any]] = {}
    for row in op.get_bind().execute(query):
        found.setdefault(row.lead, []).append(row)
    return found


def _standing(row: Any, mails: list[Any]) -> dict[str, Any]:
    state: Mapping[str, Any] = row.state
    at = state.get("at")
    track, handoff = state.get("track") or {}, state.get("handoff") or {}
    suppressed = state.get("suppressed", ())
    gravest = next(
        (one for one in ("complained", "bounced", "unsubscribed") if one in suppressed), None
    )
    words = (
        " ".join(str(row.profile[one]).strip() for one in ("first_name", "last_name")
                 if row.profile.get(one)),
        row.profile.get("company"),
        row.profile.get("email"),
    )  # fmt: skip
    standing = {
        "lead": row.id,
        "words": "\n".join(str(one) for one in words if one).casefold(),
        **{name: getattr(row, name) for name in ("program", "digest", "stage", "since", "closed")},
        **{name: getattr(row, name) for name in ("owner", "team", "due_at")},
        "track": track.get("name"),
        "entered": track.get("entered"),
        "step": track.get("step"),
        "step_since": track.get("reached") or (at if track else None),
        "until": track.get("until"),
        "deferred": _deferred(track, mails),
        **_latest(mails),
        "suppressed": gravest,
        "suppressed_since": at if gravest else None,
        **_paused(state),
        **_handed(handoff, row.owner),
    }
    for name in _INSTANTS:
        if isinstance(standing[name], str):
            standing[name] = datetime.fromisoformat(standing[name]).astimezone(UTC)
    return standing


def _deferred(track: Mapping[str, Any], mails: list[Any]) -> str | None:
    if track.get("until") is None:
        return None
    if track.get("paused"):
        return "paused"
    last = mails[-1] if mails else None
    if last is None or last.kind != "email_deferred" or last.fields.get("step") != track["step"]:
        return None
    return str(last.fields["why"])


def _latest(mails: list[Any]) -> dict[str, Any]:
    results = [one for one in mails if one.kind in _MAILS]
    became = _MAILS[results[-1].kind] if results else None
    if became is None:
        return dict.fromkeys(("mail", "mail_why", "mail_name", "mail_at"))
    fields = results[-1].fields
    return {
        "mail": became,
        "mail_why": fields.get("why"),
        "mail_name": fields.get("email"),
        "mail_at": results[-1].at,
    }


def _paused(state: Mapping[str, Any]) -> dict[str, Any]:
    if since := state.get("paused_since"):
        return {"paused": "program", "paused_since": since, "paused_until": None}
    pauses = state.get("pauses") or {}
    if not pauses and "paused_until" in state:  # release 0.1 knew one pause
        pauses = {state.get("paused_why", "asked"): state["paused_until"]}
    if not pauses:
        return dict.fromkeys(("paused", "paused_since", "paused_until"))
    why, until = max(pauses.items(), key=lambda one: datetime.fromisoformat(one[1]))
    return {"paused": why, "paused_since": state.get("at"), "paused_until": until}


def _handed(handoff: Mapping[str, Any], owner: str | None) -> dict[str, Any]:
    if not handoff or handoff.get("over"):
        return dict.fromkeys(("handoff", "handoff_since", "unassigned", "overdue", "overdue_since"))
    breached = [one for one in handoff.get("clocks", ()) if one.get("breached")]
    first = min(breached, key=lambda one: datetime.fromisoformat(one["due"]), default=None)
    complaints = handoff.get("complaints", ())
    return {
        "handoff": handoff["number"],
        "handoff_since": handoff["opened"],
        "unassigned": complaints[-1] if owner is None and complaints else None,
        "overdue": first["name"] if first else None,
        "overdue_since": first["due"] if first else None,
    }
