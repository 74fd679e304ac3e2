"""The stages of a lead and the moves between them: one table, nothing else.

known → engaged → mql → sal → sql → opportunity → customer is the way forward; recycled and
lost lead back to it, disqualified ends it unless a raised hand revives the lead.
The diagram in the docs is made from this table (`docs/stages.md`).
"""

from __future__ import annotations

from models.program.values import Stage

MOVES: dict[Stage, tuple[Stage, ...]] = {
    "known": ("engaged", "mql", "disqualified", "recycled"),
    "engaged": ("mql", "recycled", "disqualified"),
    "mql": ("sal", "recycled", "disqualified"),
    "sal": ("sql", "recycled", "disqualified"),
    "sql": ("opportunity", "recycled", "disqualified"),
    "opportunity": ("customer", "lost"),
    "customer": ("opportunity", "disqualified"),
    "lost": ("recycled", "mql"),
    "recycled": ("engaged", "mql", "disqualified"),
    "disqualified": ("mql",),
}
"""From each stage, where a lead may go; from disqualified only by revival."""

MEANING: dict[Stage, str] = {
    "known": "we know who it is",
    "engaged": "reacts to what we publish",
    "mql": "marketing qualified: handed to sales, not yet accepted",
    "sal": "sales accepted: an owner works it",
    "sql": "sales qualified",
    "opportunity": "a deal is open",
    "customer": "the deal was won",
    "lost": "the deal was lost; cools off, then recycled",
    "recycled": "given back to marketing, or gone cold, for more nurturing",
    "disqualified": "not a fit; ends here unless it raises its hand and the program revives",
}

TRACKLESS: frozenset[Stage] = frozenset(
    {"mql", "sal", "sql", "opportunity", "lost", "disqualified"}
)
"""Stages in which no track runs."""

IN_SALES: frozenset[Stage] = frozenset({"mql", "sal", "sql"})
"""Stages that count against an owner's capacity, and in which a handoff can be held."""

WORKED: frozenset[Stage] = IN_SALES | {"opportunity"}
"""Stages in which touches are logged and owners change."""


def allowed(source: str, target: str) -> bool:
    """Whether the table has this move."""
    return target in MOVES.get(source, ())  # type: ignore[call-overload]  # any text may be asked
