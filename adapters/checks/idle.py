"""Idle rules for stages from which a lead can't go where the rule sends it."""

from __future__ import annotations

from typing import get_args

from adapters.documents.marked import Node
from lifecycle.stages import MOVES, allowed
from models.program.values import Stage


def warn_of_idle_rules_without_effect(root: Node) -> None:
    """Warn of each stage of an idle rule in which the rule never does anything."""
    for rule in root.get("lifecycle", "idle").each():
        target = "recycled" if rule.get("do").text == "recycle" else "disqualified"
        for stage in rule.get("in").each():
            if _goes(stage.text or "", target):
                continue
            fits = [one for one in get_args(Stage) if one in MOVES and _goes(one, target)]
            stage.warn(
                f"idleness never makes a lead in stage '{stage.text}' {target}, so this rule does"
                f" nothing there; it can in {', '.join(fits)}"
            )


def _goes(stage: str, target: str) -> bool:
    if (stage, target) == ("customer", "recycled"):
        return False  # only a person says that a customer has left (`churn`)
    return allowed(stage, target)
