"""The figures of the last 30 days: who reached which step, and what became of its mails."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from adapters.reports.figures import Asking, Element, Figure, Source
from models.tables.columns import UtcInstant, table_of
from models.tables.visits import StepMail, StepVisit

_M = table_of(StepMail)
_V = table_of(StepVisit)

DAYS = 30
"""How many days before today are counted, and today."""


def _begin(asking: Asking) -> Element:
    """From a day's beginning on, so that a number and its list, opened later, are of one time."""
    return sa.literal(asking.today - timedelta(days=DAYS), UtcInstant())


_VISITS = Source(
    rows=_V,
    lead=_V.c.lead,
    dimensions={name: _V.c[name] for name in ("program", "digest", "track", "step")},
    within=lambda asking: _V.c.entered >= _begin(asking),
)
"""Steps that were reached in the last 30 days."""

_MAILS = Source(
    rows=_M,
    lead=_M.c.lead,
    dimensions={name: _M.c[name] for name in ("program", "digest", "track", "step", "email")},
    within=lambda asking: _M.c.sent >= _begin(asking),
)
"""Nurture mails that were sent in the last 30 days."""

ENTERED = Figure(
    name="entered",
    title="Reached a step in 30 days",
    where=lambda _: (),
    since=_V.c.entered,
    until=_V.c.left,
    why=_V.c.why,
    source=_VISITS,
)
WENT_ON = Figure(
    name="went-on",
    title="Reached a step in 30 days and went on",
    where=lambda _: (_V.c.left.is_not(None), _V.c.why.is_(None)),
    since=_V.c.entered,
    until=_V.c.left,
    why=_V.c.why,
    source=_VISITS,
)
LEFT = Figure(
    name="left",
    title="Reached a step in 30 days and left the track from it",
    where=lambda _: (_V.c.why.is_not(None),),
    since=_V.c.entered,
    until=_V.c.left,
    why=_V.c.why,
    source=_VISITS,
)


def _reaction(name: str, title: str) -> Figure:
    column = _M.c[name]
    return Figure(
        name=f"mails-{name}",
        title=f"Mails of 30 days: {title}",
        where=lambda _: (column.is_not(None),),
        since=column,
        why=_M.c.email,
        source=_MAILS,
    )


SENT = Figure(
    name="mails-sent",
    title="Mails of 30 days: sent",
    where=lambda _: (),
    since=_M.c.sent,
    why=_M.c.email,
    source=_MAILS,
)
DELIVERED = _reaction("delivered", "delivered")
OPENED = _reaction("opened", "opened (unreliable)")
CLICKED = _reaction("clicked", "clicked")
REPLIED = _reaction("replied", "replied to")
UNSUBSCRIBED = _reaction("unsubscribed", "unsubscribed from")

STEP_FIGURES = (
    *(ENTERED, WENT_ON, LEFT),
    *(SENT, DELIVERED, OPENED, CLICKED, REPLIED, UNSUBSCRIBED),
)
"""All of them."""
