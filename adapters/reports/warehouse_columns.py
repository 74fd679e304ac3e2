"""The columns of the warehouse export: their names, types and meanings.

The page docs/warehouse.md is made from these tables.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

WarehouseTable = Literal["leads", "timeline", "handoffs", "messages"]


class WarehouseColumn(NamedTuple):
    """One column of a table."""

    name: str
    type: str
    """As DuckDB names it."""
    meaning: str


_TEXT, _AT, _WHOLE, _NUMBER, _FLAG, _JSON = (
    *("VARCHAR", "TIMESTAMPTZ", "BIGINT", "DOUBLE", "BOOLEAN", "JSON"),
)
_RUN: Final = WarehouseColumn("run", _WHOLE, "the run of the export that wrote the row: 1, 2, …")
_ADDRESSES: Final = "only with `--addresses`, else null"

COLUMNS: Final[dict[WarehouseTable, tuple[WarehouseColumn, ...]]] = {
    "leads": (
        WarehouseColumn("lead", _TEXT, "the lead's id"),
        WarehouseColumn("program", _TEXT, "the program that it is in"),
        WarehouseColumn("digest", _TEXT, "the version of the program"),
        WarehouseColumn("stage", _TEXT, "its stage"),
        WarehouseColumn("since", _AT, "when the stage was entered"),
        WarehouseColumn("created", _AT, "when the lead was created"),
        WarehouseColumn("motion", _TEXT, "`sales` or `self_serve`"),
        WarehouseColumn("owner", _TEXT, "the sales person who has it"),
        WarehouseColumn("team", _TEXT, "the team that has its handoff"),
        WarehouseColumn("track", _TEXT, "the track that runs"),
        WarehouseColumn("cycle", _WHOLE, "how often it came through the funnel; 1 is the first"),
        WarehouseColumn("fit", _NUMBER, "its fit score"),
        WarehouseColumn("engagement", _NUMBER, "its engagement score at the last event"),
        WarehouseColumn("due_at", _AT, "when the rules want to run next"),
        WarehouseColumn("due_what", _TEXT, "for what"),
        WarehouseColumn("handoff", _WHOLE, "the number of its last handoff"),
        WarehouseColumn("closed", _FLAG, "whether its workflow has ended"),
        WarehouseColumn("merged_into", _TEXT, "the lead that it was merged into"),
        WarehouseColumn("source", _TEXT, "profile field `source`"),
        WarehouseColumn("door", _TEXT, "profile field `door`"),
        WarehouseColumn("country", _TEXT, "profile field `country`"),
        WarehouseColumn("address", _TEXT, f"its e-mail address; {_ADDRESSES}"),
        WarehouseColumn("profile", _JSON, "its profile; without `--addresses` no e-mail or phone"),
        WarehouseColumn("turn", _WHOLE, "the number of its last turn"),
        WarehouseColumn("updated", _AT, "when its last turn was stored"),
        _RUN,
    ),
    "timeline": (
        WarehouseColumn("lead", _TEXT, "the lead's id"),
        WarehouseColumn("seq", _WHOLE, "the number of the entry on the lead's timeline"),
        WarehouseColumn("at", _AT, "when it was"),
        WarehouseColumn("kind", _TEXT, "what it is ([timeline](timeline.md))"),
        WarehouseColumn("event", _TEXT, "the id of the event, of `event` and `ignored`"),
        WarehouseColumn("fields", _JSON, "the fields of its kind"),
        WarehouseColumn("turn", _WHOLE, "the lead's turn that wrote it"),
        _RUN,
    ),
    "handoffs": (
        WarehouseColumn("lead", _TEXT, "the lead's id"),
        WarehouseColumn("number", _WHOLE, "the number of the handoff; 1 is the lead's first"),
        WarehouseColumn("team", _TEXT, "the team that got it"),
        WarehouseColumn("owner", _TEXT, "its last owner"),
        WarehouseColumn("opened", _AT, "when it was opened"),
        WarehouseColumn("first_assigned", _AT, "when it was first assigned"),
        WarehouseColumn("assigned", _AT, "when it was last assigned"),
        WarehouseColumn("due", _AT, "by when the owner had, or has, to accept"),
        WarehouseColumn("accepted", _AT, "when it was accepted"),
        WarehouseColumn("attempt", _WHOLE, "how many owners it has had"),
        WarehouseColumn("breaches", _WHOLE, "breaches of all its clocks"),
        WarehouseColumn("accept_breaches", _WHOLE, "breaches of the accept clock"),
        WarehouseColumn("late", _FLAG, "whether it was accepted after a breach"),
        WarehouseColumn("open_seconds", _WHOLE, "office seconds the owner took, without holds"),
        WarehouseColumn("system_seconds", _WHOLE, "elapsed seconds to the first assignment"),
        WarehouseColumn("over", _FLAG, "whether it has ended"),
        _RUN,
    ),
    "messages": (
        WarehouseColumn("key", _TEXT, "the mail's key in the mail ledger"),
        WarehouseColumn("lead", _TEXT, "the lead's id"),
        WarehouseColumn("mail", _TEXT, "the mail's id; null for an alert"),
        WarehouseColumn("email", _TEXT, "the e-mail's name in the program; null for an alert"),
        WarehouseColumn("address", _TEXT, f"to whom it was sent; {_ADDRESSES}"),
        WarehouseColumn("handoff", _WHOLE, "of an alert: the handoff that it is about"),
        WarehouseColumn("status", _TEXT, "`claimed`, `sent`, `skipped` or `failed`"),
        WarehouseColumn("why", _TEXT, "why it was skipped or failed"),
        WarehouseColumn("at", _AT, "when it was asked for"),
        WarehouseColumn("updated", _AT, "when its row last changed"),
        _RUN,
    ),
}

KEYS: Final[dict[WarehouseTable, tuple[str, ...]]] = {
    "leads": ("lead",),
    "timeline": ("lead", "seq"),
    "handoffs": ("lead", "number"),
    "messages": ("key",),
}
"""What names a row. Of several rows with one key, that of the latest run holds."""
