"""A new lead, or an event of one: what is accepted from outside, and why the rest is not.

Accepted means stored, in one transaction. A bad item never spoils the good ones beside it. Whoever
asks (HTTP, a form, a link, a mail, the command line) comes here, so the same is accepted from all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from lifecycle.program.new_lead import NewLead, read_lead_id, read_new_lead
from lifecycle.program.profile import read_address
from lifecycle.stable_hash import lead_id, short_hash
from models.addresses import spellings
from models.envelopes import Json
from models.program.program import Program
from usecases import grants
from usecases.suppressing import suppress_as_reported, suppresses

Item = Mapping[str, Any]
"""A lead or an event as an outsider wrote it."""


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one item."""

    status: Literal["accepted", "duplicate", "rejected"]
    lead: str | None = None
    why: str | None = None
    """Of a rejected one: what was wrong, and what would be right."""


class NoProgramError(LookupError):
    """Items name no program, and there is no default one; the message says what is published."""


class StartedLeads(Protocol):
    """How leads are reached directly; `adapters.temporal.client.Leads` is one."""

    async def enrol(self, lead: str, program: Program, profile: Json) -> bool:
        """Create a lead; False if it is there already."""
        ...

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        """Tell a lead events."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What intake works with."""

    items: SqlIntake
    programs: SqlPrograms
    now: datetime
    """By the program's clock."""
    default_program: str | None = None
    """The program of whoever names none; without it, the only one that is published."""

    def accept(self, items: Sequence[NewItem]) -> list[bool]:
        """`accept` with these."""
        return accept(self.items, items)


def accept(intake: SqlIntake, items: Sequence[NewItem]) -> list[bool]:
    """Store items in one transaction; False for each that was accepted before.

    The address of an event that suppresses is suppressed in the same transaction.
    """
    if not items:
        return []
    with intake.database.write(durable=True) as connection:
        fresh = intake.store(connection, items)
        new = [item for item, is_new in zip(items, fresh, strict=True) if is_new]
        suppress_as_reported(intake, connection, new)
    return fresh


def accept_leads(
    intake: Intake, raw: Sequence[Item], scopes: Collection[str] = grants.ALL
) -> list[ItemOutcome]:
    """Create leads, or update those that exist: each is a profile, with `id` and `program`.

    A lead that exists moves to another address only for whoever may change profiles.
    Raises NoProgramError if an item names no program and none is the default.
    """
    programs = _programs(intake, raw)
    known = intake.items.leads_of(_addresses(raw))
    read = partial(_lead_items, intake, programs, known, scopes)
    return _stored(intake, [_or_why(read, one) for one in raw])


def accept_events(
    intake: Intake, raw: Sequence[Item], scopes: Collection[str] = grants.ALL
) -> list[ItemOutcome]:
    """Record what leads did: each is an event, with `lead` or `email`, and `program`.

    An event that needs another scope than these is rejected, with the scope.
    """
    programs = _Programs(intake.programs, intake.default_program)
    addresses = _addresses(raw)
    leads = intake.items.leads_of(addresses)
    named = {str(one["lead"]) for one in raw if isinstance(one.get("lead"), str | int)}
    writable = {one for one in named if one.isprintable() and len(one) <= 100}
    hashed = {lead_id(address) for address in addresses}
    known = intake.items.known(writable | hashed) | set(leads.values())
    read = partial(_event_items, intake, programs, leads, known, scopes=scopes)
    return _stored(intake, [_or_why(read, one) for one in raw])


async def start(leads: StartedLeads, new: NewLead, program: Program, *, now: datetime) -> bool:
    """Start a lead on a program at once; False if it is there already, which changes nothing.

    A consent that was told with source and wording is recorded in either case, once.
    """
    started = await leads.enrol(new.id, program, {**new.profile, **new.creation})
    if new.consent is not None:
        consent = _consent(new.id, new.consent, now)
        await leads.events(new.id, [dict(consent.body)])
    return started


async def tell(intake: SqlIntake, leads: StartedLeads, event: NewItem) -> None:
    """Tell a lead an event at once. Raises LeadNotFoundError.

    What the event suppresses is suppressed first, so that an interruption leaves no mail to send.
    """
    if suppresses(event):
        with intake.database.write(durable=True) as connection:
            suppress_as_reported(intake, connection, [event])
    await leads.events(event.lead, [dict(event.body)])


def _or_why(read: Callable[[Item], list[NewItem]], raw: Item) -> list[NewItem] | str:
    try:
        return read(raw)
    except ValueError as error:
        return str(error)


def _stored(intake: Intake, found: Sequence[list[NewItem] | str]) -> list[ItemOutcome]:
    """Store what is good in one transaction; each one's last item says what became of it."""
    items = [item for one in found if isinstance(one, list) for item in one]
    fresh = iter(intake.accept(items))
    outcomes = []
    for one in found:
        if isinstance(one, str):
            outcomes.append(ItemOutcome("rejected", why=one))
            continue
        new = [next(fresh) for _ in one]
        outcomes.append(ItemOutcome("accepted" if new[-1] else "duplicate", lead=one[-1].lead))
    return outcomes


def _lead_items(
    intake: Intake,
    programs: _Programs,
    known: Mapping[str, str],
    scopes: Collection[str],
    raw: Item,
) -> list[NewItem]:
    program = programs.named(raw.get("program"))
    new = read_new_lead({name: raw[name] for name in raw if name != "program"}, program)
    lead = new.id if new.named else known.get(new.profile["email"], new.id)
    if new.named and grants.PROFILES not in scopes:
        address = intake.items.address_of(lead)
        if address is not None and new.profile["email"] not in spellings(address):
            raise ValueError(
                f"lead '{lead}' has another address; to move it needs a key with the scope"
                f" {grants.PROFILES}"
            )
    data = NewItem.lead_data(
        lead, program.program, new.update, arrived=intake.now, creation=new.creation
    )
    items = [data]
    if new.consent is not None:
        items.append(_consent(lead, new.consent, intake.now))
    return items


def _consent(lead: str, consent: Mapping[str, str], now: datetime) -> NewItem:
    said = short_hash(f"{consent['source']}\n{consent['wording']}")
    raw = {"id": f"consent/{said}", "type": "consent.given", "data": dict(consent)}
    return NewItem.event(lead, raw, arrived=now)


def _event_items(
    intake: Intake,
    programs: _Programs,
    leads: Mapping[str, str],
    known: set[str],
    raw: Item,
    *,
    scopes: Collection[str],
) -> list[NewItem]:
    body = {name: raw[name] for name in raw if name not in ("lead", "email", "program")}
    if ("lead" in raw) == ("email" in raw):
        raise ValueError("name the lead by `lead`, its id, or by `email`, its address")
    address = read_address(raw["email"]) if "email" in raw else ""
    lead = leads.get(address, lead_id(address)) if address else read_lead_id(raw["lead"])
    item = NewItem.event(lead, body, arrived=intake.now, address=address)
    grants.check_granted(str(item.body["type"]), scopes)
    if lead in known:
        return [item]
    if not address:
        raise ValueError(f"there is no lead '{lead}'; create it by POST /v1/leads")
    program = programs.named(raw.get("program"))
    if not program.intake.create:
        raise ValueError(
            "there is no lead with this address, and the program"
            f" '{program.program}' creates none from events (intake.create)"
        )
    known.add(lead)
    profile = {"email": address}
    return [NewItem.lead_data(lead, program.program, profile, arrived=intake.now), item]


def _addresses(items: Iterable[Item]) -> list[str]:
    """The addresses of those that have one, each as it is stored."""
    found = []
    for one in items:
        try:
            found.append(read_address(one.get("email")))
        except ValueError:
            continue  # the item is rejected for it later, with the reason
    return found


def _programs(intake: Intake, raw: Sequence[Item]) -> _Programs:
    """The programs that are published. Raises NoProgramError: see `accept_leads`."""
    programs = _Programs(intake.programs, intake.default_program)
    if programs.default is None and all(one.get("program") is None for one in raw):
        raise NoProgramError(
            "no item names a `program`, and none is the default; name one, or set"
            f" LEADFLOW_DEFAULT_PROGRAM. Published are: {', '.join(programs.names) or 'none yet'}"
        )
    return programs


class _Programs:
    """Published programs by name, each looked up once for all items of a request."""

    def __init__(self, programs: SqlPrograms, default: str | None = None) -> None:
        self._programs = programs
        self._names = programs.names()
        self._default = default
        self._found: dict[str, Program | None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What was published."""
        return self._names

    @property
    def default(self) -> str | None:
        """The program of whoever names none, if there is one."""
        if self._default is not None:
            return self._default if self._default in self._names else None
        return self._names[0] if len(self._names) == 1 else None

    def named(self, name: object) -> Program:
        """The newest version under this name; without a name, of the default program.

        Raises ValueError, which says what was published.
        """
        if name is None:
            name = self.default
        program = None
        if isinstance(name, str) and name in self._names:
            if name not in self._found:
                self._found[name] = self._programs.newest(name)
            program = self._found[name]
        if program is None:
            said = "say by `program` which one" if name is None else "there is no such program"
            raise ValueError(f"{said}; published are: {', '.join(self._names) or 'none yet'}")
        return program
