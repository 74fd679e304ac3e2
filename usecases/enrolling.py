"""A lead that is started at once, by `enrol`, and events that are told at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from lifecycle.program.new_lead import NewLead
from models.envelopes import Json
from models.program.program import Program
from usecases.intake import consent_given, named_lead, profile_update
from usecases.naming import Named, Names
from usecases.suppressing import suppress_as_reported, suppresses


class StartedLeads(Protocol):
    """How leads are reached directly; `adapters.temporal.client.Leads` is one."""

    async def enrol(self, lead: str, program: Program, profile: Json) -> bool:
        """Create a lead; False if it is there already."""
        ...

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        """Tell a lead events."""
        ...


def name_leads(
    intake: SqlIntake, new: Sequence[NewLead], *, remedy: str | None = None
) -> list[Named | str]:
    """Which lead each of these is, or the reason why it is refused.

    A new one gets its names here, before it is started, so that no other door starts it as well.
    Without `remedy` a known id with an unknown address moves that lead (`usecases.naming`).
    """
    addresses = [one.profile["email"] for one in new]
    ids = [one.id for one in new if one.named]
    with intake.database.write(durable=True) as connection:
        names = Names(intake.database, connection, addresses=addresses, ids=ids)
        return [_named_or_why(names, remedy, one) for one in new]


def _named_or_why(names: Names, remedy: str | None, new: NewLead) -> Named | str:
    try:
        return named_lead(names, remedy, new)
    except ValueError as error:
        return str(error)


async def start(
    leads: StartedLeads,
    named: Named,
    new: NewLead,
    program: Program,
    *,
    now: datetime,
) -> bool:
    """Start a lead on a program at once; False if it is there already.

    One that is there changes only if it has moved to another address. A consent that was told with
    source and wording is recorded in any case, once.
    """
    started = await leads.enrol(named.lead, program, {**new.profile, **new.creation})
    told = []
    if not started and named.moved:
        told.append(profile_update(named.lead, {"email": new.profile["email"]}, now))
    if new.consent is not None:
        told.append(consent_given(named.lead, new.consent, now))
    if told:
        await leads.events(named.lead, [dict(one.body) for one in told])
    return started


async def tell(intake: SqlIntake, leads: StartedLeads, event: NewItem) -> None:
    """Tell a lead an event at once. Raises LeadNotFoundError.

    What the event suppresses is suppressed first, so that an interruption leaves no mail to send.
    """
    if suppresses(event):
        with intake.database.write(durable=True) as connection:
            suppress_as_reported(intake, connection, [event])
    await leads.events(event.lead, [dict(event.body)])
