"""Settings of clocks that have no effect together."""

from __future__ import annotations

from adapters.checks.references import clocks_in
from adapters.documents.marked import Node
from models.program.handoff import CLOCK_NAMES


def warn_of_idle_settings(root: Node) -> None:
    """Warn of attempts that nobody makes, and of reasons that nothing uses."""
    for name in CLOCK_NAMES:
        for clock in clocks_in(root, name):
            reassigns = "reassign" in [one.text for one in clock.get("on_breach").each()]
            attempts = clock.get("attempts")
            # In a list the clock may be that of the second handoff, whose team may have one person.
            only = (1,) if isinstance(root.get("handoff", name).value, list) else (1, None)
            if reassigns and attempts.value in only:
                at = attempts if attempts.value is not None else clock.get("on_breach")
                at.warn(
                    "'reassign' has no effect with one attempt, because the first owner is the"
                    " only one; write attempts: 2"
                )
            elif not reassigns and isinstance(attempts.value, int) and attempts.value > 1:
                attempts.warn(
                    f"nobody gets the lead after the first owner, so {attempts.value} attempts have"
                    " no effect; add reassign to on_breach"
                )
            if clock.get("reason").text is not None and clock.get("then").text in (None, "keep"):
                clock.get("reason").warn(
                    "the reason is not used, because the lead is kept; write 'then: recycle' or"
                    " 'then: disqualify', or remove the reason"
                )
