"""Suppression: the lead gets no marketing mail any more, for a reason.

A hard bounce, a complaint, an unsubscription or the third soft bounce in a row suppresses. It
stops mail, but never a handoff. Soft bounces of one e-mail count once; one that is about us
(`data.about` is `us`: our servers, our rate, this letter) does not count. `email.reinstated`, by an
operator, is the way back from a wrong bounce.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from lifecycle.moment import Moment
from lifecycle.sales_words import reason_word
from lifecycle.stages import IN_SALES
from models.inputs import Event

SuppressionReason = Literal["unsubscribed", "bounced", "complained"]
"""Why an address gets no marketing mail."""

SOFT_BOUNCES = 3
"""This many soft bounces in a row count as a hard bounce."""

WISHES = frozenset({"unsubscribed", "complained"})
"""The person's own wishes: they count for all their addresses."""
ABOUT_AN_ADDRESS = frozenset({"email.bounced", "email.reinstated"})
"""Events that count for the address alone that they are about."""
ANOTHER_ADDRESS = "another_address"
"""Such an event's `data.about`, if it is about another address than the lead's mail goes to: of
a lead that was merged into it."""

_PROOFS_OF_DELIVERY = frozenset(
    {"email.delivered", "email.opened", "email.clicked", "email.replied"}
)


def suppressing_reason(type_: str, data: Mapping[str, Any]) -> SuppressionReason | None:
    """Why an event of this type, with this data, suppresses its address at once; else None."""
    if type_ == "email.unsubscribed":
        return "unsubscribed"
    if type_ == "email.complained":
        return "complained"
    # RFC 3463: X.7.X is a policy status. The address itself may be right.
    policy = str(data.get("status", "")).startswith("5.7.")
    hard = type_ == "email.bounced" and data.get("kind") == "hard"
    return "bounced" if hard and not policy else None


def apply_event(m: Moment, event: Event) -> None:
    """Suppress mail, or lift a suppression, if the event says so.

    A bounce stays with its address: what is about another address of the lead counts nothing here.
    """
    if event.data.get("about") == ANOTHER_ADDRESS and event.type in ABOUT_AN_ADDRESS:
        return
    reason = suppressing_reason(event.type, event.data)
    if reason is not None:
        suppress(m, reason)
    elif event.type == "email.resubscribed":
        lift(m, "unsubscribed")
    elif event.type == "email.bounced" and event.data.get("about") != "us":
        _count_soft_bounce(m, event.subject)
    elif event.type == "email.reinstated":
        forget_soft_bounces(m)
        lift(m, "bounced")
    elif event.type in _PROOFS_OF_DELIVERY and m.state.soft_bounces:
        forget_soft_bounces(m)


def apply_refused_mail(m: Moment, email: str, why: str | None) -> None:
    """Apply a refusal by the mail server: it counts like a bounce."""
    if why == "bounced":
        suppress(m, "bounced")
    elif why == "soft_bounced":
        _count_soft_bounce(m, email)


def join(m: Moment, others: Iterable[str]) -> None:
    """Join what a person who was two leads has asked for. A bounce stays with its address.

    Nobody is alerted: the merge itself says who is.
    """
    for why in others:
        if why in WISHES and why not in m.state.suppressed:
            m.change(suppressed=(*m.state.suppressed, why))
            m.record("suppressed", why=why)


def _count_soft_bounce(m: Moment, email: str) -> None:
    """Count a soft bounce, but no second one of the same e-mail."""
    if email and email in m.state.soft_bounced:
        return
    named = (email,) if email else ()
    m.change(soft_bounces=m.state.soft_bounces + 1, soft_bounced=(*m.state.soft_bounced, *named))
    if m.state.soft_bounces >= SOFT_BOUNCES:
        suppress(m, "bounced")


def forget_soft_bounces(m: Moment) -> None:
    """Count soft bounces from zero again."""
    m.change(soft_bounces=0, soft_bounced=())


def suppress(m: Moment, why: str) -> None:
    """Stop marketing mail. If the lead is with sales, its owner is alerted."""
    if why in m.state.suppressed:
        return
    m.change(suppressed=(*m.state.suppressed, why))
    m.record("suppressed", why=why)
    if m.state.stage in IN_SALES and m.state.handoff is not None:
        m.alert(
            m.state.owner, why, f"The lead gets no marketing mail any more ({reason_word(why)})."
        )


def lift(m: Moment, why: str) -> None:
    """Remove this reason against marketing mail."""
    if why in m.state.suppressed:
        m.change(suppressed=tuple(one for one in m.state.suppressed if one != why))
        m.record("unsuppressed", why=why)
