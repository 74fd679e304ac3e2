"""The stages of a lead, the moves between them, and the acts that each stage allows.

The way forward is known → engaged → mql → sal → sql → opportunity → customer. Recycled and lost
leads can come back to it. A disqualified lead comes back only if a raised hand revives it.
These tables stand here and nowhere else. The page `docs/stages.md` is generated from them.
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
    "customer": ("opportunity", "disqualified", "recycled"),
    "lost": ("recycled", "mql"),
    "recycled": ("engaged", "mql", "disqualified"),
    "disqualified": ("mql",),
}
"""From each stage, where a lead may go.

From disqualified only by revival; from customer to recycled only by the act `churn`.
"""

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

TRACK_STAGES: tuple[Stage, ...] = tuple(one for one in MOVES if one not in TRACKLESS)
"""Stages in which a track may run."""

WITH_MARKETING: frozenset[Stage] = frozenset({"known", "engaged", "recycled"})
"""Stages in which scores can make a lead engaged or marketing qualified."""

REENGAGED: tuple[Stage, ...] = ("known", "engaged", "recycled")
"""The stages of the leads that re-engagement takes, unless its schedule names others."""

IN_SALES: frozenset[Stage] = frozenset({"mql", "sal", "sql"})
"""Stages in which a lead counts against its owner's capacity and a handoff can be held."""

WORKED: frozenset[Stage] = IN_SALES | {"opportunity"}
"""Stages in which a sales person works the lead."""


CREATION_STAGES: tuple[Stage, ...] = ("known", "engaged", "recycled", "customer", "disqualified")
"""Stages in which a lead may be created, for people who were with us before."""

FURTHER: tuple[Stage, ...] = (
    "disqualified",
    "known",
    "recycled",
    "engaged",
    "lost",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "customer",
)
"""The stages by how far they are. Of two leads that are merged the further stage counts."""

IMPORTED = "imported"
"""The built-in reason of a lead that is created disqualified."""


def _in_order(stages: frozenset[Stage]) -> tuple[Stage, ...]:
    return tuple(stage for stage in MOVES if stage in stages)


ACT_STAGES: dict[str, tuple[Stage, ...]] = {
    "accept": ("mql", "sql"),
    "touch": _in_order(WORKED | WITH_MARKETING),
    "qualify": ("sal",),
    "open_opportunity": ("sql", "customer"),
    "win": ("opportunity",),
    "lose": ("opportunity",),
    "recycle": ("known", "engaged", "mql", "sal", "sql"),
    "churn": ("customer",),
    "disqualify": tuple(stage for stage, targets in MOVES.items() if "disqualified" in targets),
    "hold": _in_order(IN_SALES),
    "resume": _in_order(IN_SALES),
    "reassign": _in_order(WORKED),
    "done": tuple(MOVES),
    "note": tuple(MOVES),
}
"""For each act, the stages in which it is allowed. The acts that a desk offers first come first.

`accept` in sql needs a second handoff that nobody has accepted. Persons, reasons and the like are
checked by the act itself (`lifecycle/moves/acts.py`).
"""


def act_allowed(act: str, stage: str) -> bool:
    """Whether the table allows the act in this stage."""
    return stage in ACT_STAGES[act]


def allowed(source: str, target: str) -> bool:
    """Whether the table has this move."""
    return target in MOVES.get(source, ())  # type: ignore[call-overload]  # any text may be asked
