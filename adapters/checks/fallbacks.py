"""A rule without a condition takes every lead, so it must be the last rule of its list."""

from __future__ import annotations

from adapters.checks.references import clocks_in
from adapters.documents.marked import Node
from models.program.handoff import CLOCK_NAMES


def check_fallbacks(root: Node) -> None:
    """Report rules after `otherwise`, and clocks after one without `when`: they are never used."""
    for rules in (root.get("doors"), root.get("handoff", "routing")):
        for rule in list(rules.each())[:-1]:
            if (rule.get("when").text or "").strip() == "true":
                rule.get("when").report(
                    "it holds for every lead, so the rules after it are never asked; move it to the"
                    " end of the list as 'otherwise'"
                )
            if rule.get("otherwise").text is not None:
                rule.get("otherwise").report(
                    "'otherwise' takes every lead, so the rules after it are never asked;"
                    " move it to the end of the list",
                    key=True,
                )
    for clocks in (clocks_in(root, name) for name in CLOCK_NAMES):
        for clock in clocks[:-1]:
            if isinstance(clock.value, dict) and clock.get("when").value is None:
                clock.report(
                    "only the last clock of a list may have no 'when', because those after it"
                    " would never be used; add a 'when', or move it to the end"
                )


def warn_of_no_fallback(root: Node) -> None:
    """Warn of a routing by which some leads get no team."""
    rules = list(root.get("handoff", "routing").each())
    if rules and not any(rule.get("otherwise").text for rule in rules):
        rules[-1].warn(
            "a lead for which no 'when' holds gets no team and no owner; add a last rule"
            " {otherwise: TEAM}"
        )


def warn_of_repeated_conditions(root: Node) -> None:
    """Warn of a rule whose `when` stands before it in the same list: it is never used."""
    for rules in (
        list(root.get("doors").each()),
        list(root.get("handoff", "routing").each()),
        *(clocks_in(root, name) for name in CLOCK_NAMES),
    ):
        seen: set[str] = set()
        for when in (rule.get("when") for rule in rules):
            if when.text is not None and when.text in seen:
                when.warn(
                    "a rule before it in this list has the same 'when', so this one is never"
                    " used; remove one of them"
                )
            seen.add(when.text or "")
