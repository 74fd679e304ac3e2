"""Suppression: who gets no marketing mail any more, and why.

Hard bounces, complaints and unsubscriptions suppress at once; so does the third soft
bounce in a row. Suppression stops mail, never a handoff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from lifecycle.moment import Moment
from lifecycle.stages import IN_SALES
from models.inputs import Event

SuppressionReason = Literal["unsubscribed", "bounced", "complained"]
"""Why an address gets no marketing mail."""

SOFT_BOUNCES = 3
"""So many soft bounces in a row count as a hard one."""

_ALIVE = frozenset({"email.delivered", "email.opened", "email.clicked", "email.replied"})


def suppressing_reason(type_: str, data: Mapping[str, Any]) -> SuppressionReason | None:
    """Why an event of this type, with this data, suppresses its address at once; else None."""
    if type_ == "email.unsubscribed":
        return "unsubscribed"
    if type_ == "email.complained":
        return "complained"
    # RFC 3463: X.7.X is about policy, so the address itself may be fine.
    policy = str(data.get("status", "")).startswith("5.7.")
    hard = type_ == "email.bounced" and data.get("kind") == "hard"
    return "bounced" if hard and not policy else None


def heed(m: Moment, event: Event) -> None:
    """Suppress or lift as this event demands."""
    reason = suppressing_reason(event.type, event.data)
    if reason is not None:
        suppress(m, reason)
    elif event.type == "email.resubscribed":
        lift(m, "unsubscribed")
    elif event.type == "email.bounced":
        _soft(m)
    elif event.type in _ALIVE and m.state.soft_bounces:
        m.change(soft_bounces=0)


def refused(m: Moment, why: str | None) -> None:
    """Heed a mail server that refused a mail at once: as if the mail had come back."""
    if why == "bounced":
        suppress(m, "bounced")
    elif why == "soft_bounced":
        _soft(m)


def _soft(m: Moment) -> None:
    m.change(soft_bounces=m.state.soft_bounces + 1)
    if m.state.soft_bounces >= SOFT_BOUNCES:
        suppress(m, "bounced")


def suppress(m: Moment, why: str) -> None:
    """Stop marketing mail; the owner of a lead in sales is told."""
    if why in m.state.suppressed:
        return
    m.change(suppressed=(*m.state.suppressed, why))
    m.tell("suppressed", why=why)
    if m.state.stage in IN_SALES and m.state.handoff is not None:
        m.alert(m.state.owner, why, f"The lead gets no marketing mail any more ({why}).")


def lift(m: Moment, why: str) -> None:
    """Allow marketing mail again, as far as this reason stood against it."""
    if why in m.state.suppressed:
        m.change(suppressed=tuple(one for one in m.state.suppressed if one != why))
        m.tell("unsuppressed", why=why)
