"""A new lead, or an event of one: what is accepted from outside, and why the rest is not.

Accepted means stored, in one transaction. A bad item never spoils the good ones beside it. All
doors (HTTP, a form, a link, a mail, the command line) call it, so all accept the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeVar

from sqlalchemy.engine import Connection

from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from lifecycle.program.new_lead import NewLead, read_lead_id, read_new_lead
from lifecycle.program.profile import read_address
from lifecycle.stable_hash import short_hash
from models.instants import write_instant
from usecases import grants
from usecases.named_programs import NamedPrograms, programs_of
from usecases.naming import Named, Names, lead_of_address, lead_of_id
from usecases.rejected import RejectedItemError, RejectionCode, code_of
from usecases.suppressing import suppress_as_reported

Item = Mapping[str, Any]
"""A lead or an event as an outsider wrote it."""


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The result of one item."""

    status: Literal["accepted", "duplicate", "rejected"]
    lead: str | None = None
    why: str | None = None
    """Of a rejected one: what was wrong, and what would be right."""
    code: RejectionCode | None = None
    """Of a rejected one: which kind of reason it is."""


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
        return _store(intake, connection, items)


def _store(intake: SqlIntake, connection: Connection, items: Sequence[NewItem]) -> list[bool]:
    fresh = intake.store(connection, items)
    new = [item for item, is_new in zip(items, fresh, strict=True) if is_new]
    suppress_as_reported(intake, connection, new)
    return fresh


def accept_leads(
    intake: Intake, raw: Sequence[object], scopes: Collection[str] = grants.ALL
) -> list[ItemOutcome]:
    """Create leads, or update those that exist: each is a profile, with `id` and `program`.

    A lead that exists moves to another address only for whoever may change profiles.
    Raises NoProgramError if an item names no program and none is the default.
    """
    programs = programs_of(intake.programs, intake.default_program, raw)
    read = partial(_read_lead, programs, scopes, intake.now)
    return _stored(intake, [_or_rejected(read, one) for one in raw])


def accept_events(
    intake: Intake, raw: Sequence[object], scopes: Collection[str] = grants.ALL
) -> list[ItemOutcome]:
    """Record what leads did: each is an event, with `lead`, `email` or both, and `program`.

    An event that needs another scope than these is rejected, with the scope.
    """
    programs = NamedPrograms(intake.programs, intake.default_program)
    read = partial(_read_item, programs, scopes, intake.now)
    return _stored(intake, [_or_rejected(read, one) for one in raw])


def known_lead(intake: Intake, address: str = "", given: str = "") -> str | None:
    """The lead with this address or id, for a door that may change profiles; None without one.

    With both, an id becomes another id of the lead, or the address its new one. Raises ValueError
    if they are those of two leads.
    """
    if not (address and given):
        database = intake.items.database
        if address:
            return lead_of_address(database, address)
        return lead_of_id(database, given)
    rows = intake.items
    with rows.database.write(durable=True) as connection:
        found = Names(rows.database, connection, addresses=[address], ids=[given]).find(
            address, given
        )
        if found is not None and found.moved:
            rows.store(connection, [profile_update(found.lead, {"email": address}, intake.now)])
    return found.lead if found is not None else None


_Raw = TypeVar("_Raw")
_Read = TypeVar("_Read")


def _or_rejected(read: Callable[[_Raw], _Read], raw: _Raw) -> _Read | ItemOutcome:
    try:
        return read(raw)
    except ValueError as error:
        return ItemOutcome("rejected", why=str(error), code=code_of(error))


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of leads in the transaction that stores their items."""

    names: Names
    there: set[str]
    """The leads that exist, or will: their creation was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """An item that was read, and is stored once it is known whose it is."""

    addresses: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    items: Callable[[_Names], list[NewItem]]


def _stored(intake: Intake, found: Sequence[_Draft | ItemOutcome]) -> list[ItemOutcome]:
    """Store what is good in one transaction; each one's last item says what became of it."""
    drafts = [one for one in found if isinstance(one, _Draft)]
    if not drafts:
        return [one for one in found if isinstance(one, ItemOutcome)]
    rows = intake.items
    with rows.database.write(durable=True) as connection:
        names = Names(
            rows.database,
            connection,
            addresses=[name for one in drafts for name in one.addresses],
            ids=[name for one in drafts for name in one.ids],
        )
        known = _Names(names, rows.there(connection, names.leads))
        placed = [
            one if isinstance(one, ItemOutcome) else _or_rejected(one.items, known) for one in found
        ]
        items = [item for one in placed if isinstance(one, list) for item in one]
        fresh = iter(_store(rows, connection, items))
    outcomes = []
    for one in placed:
        if isinstance(one, ItemOutcome):
            outcomes.append(one)
            continue
        new = [next(fresh) for _ in one]
        outcomes.append(ItemOutcome("accepted" if new[-1] else "duplicate", lead=one[-1].lead))
    return outcomes


def named_lead(names: Names, remedy: str | None, new: NewLead) -> Named:
    """The lead that is meant, or a new one; `remedy` as in `Names.find`. Raises ValueError."""
    address, given = new.profile["email"], new.id if new.named else ""
    found = names.find(address, given, remedy=remedy)
    return found if found is not None else Named(names.create(address, given))


def _read_lead(
    programs: NamedPrograms, scopes: Collection[str], now: datetime, given: object
) -> _Draft:
    raw = _item(given)
    program = programs.named(raw.get("program"))
    new = read_new_lead({name: raw[name] for name in raw if name != "program"}, program)

    def items(known: _Names) -> list[NewItem]:
        lead = named_lead(known.names, _remedy(scopes), new).lead
        update = dict(new.update)
        if lead in known.there and known.names.other_address(str(update["email"])):
            del update["email"]  # it names the lead, and is not where its mail goes
        known.there.add(lead)
        data = NewItem.lead_data(lead, program.program, update, arrived=now, creation=new.creation)
        return [data] if new.consent is None else [data, consent_given(lead, new.consent, now)]

    ids = (new.id,) if new.named else ()
    return _Draft(addresses=(new.profile["email"],), ids=ids, items=items)


def _item(raw: object) -> Item:
    """What was sent as an item. Raises ValueError for anything but a JSON object."""
    if not isinstance(raw, Mapping):
        raise ValueError('an item is a JSON object, like {"email": "ana@northwind.example"}')
    return raw


def _remedy(scopes: Collection[str]) -> str | None:
    """What would be right for a key that may not move a lead to another address."""
    if grants.PROFILES in scopes:
        return None
    return f"to move it needs a key with the scope {grants.PROFILES}"


def profile_update(lead: str, changed: Mapping[str, Any], now: datetime) -> NewItem:
    """The event that changes these fields of a lead's profile."""
    said = short_hash(json.dumps([changed, write_instant(now)], sort_keys=True, default=str))
    raw = {"id": f"update/{said}", "type": "profile.updated", "data": dict(changed)}
    return NewItem.event(lead, raw, arrived=now)


def consent_given(lead: str, consent: Mapping[str, str], now: datetime) -> NewItem:
    """The event of a consent that came with a lead; the same words from one source are one."""
    said = short_hash(f"{consent['source']}\n{consent['wording']}")
    raw = {"id": f"consent/{said}", "type": "consent.given", "data": dict(consent)}
    return NewItem.event(lead, raw, arrived=now)


def _read_item(
    programs: NamedPrograms, scopes: Collection[str], now: datetime, sent: object
) -> _Draft:
    raw = _item(sent)
    body = {name: raw[name] for name in raw if name not in ("lead", "email", "program")}
    if "lead" not in raw and "email" not in raw:
        raise ValueError(
            "name the lead by `lead`, one of its ids, by `email`, its address, or by both"
        )
    address = read_address(raw["email"]) if "email" in raw else ""
    given = read_lead_id(raw["lead"]) if "lead" in raw else ""
    item = NewItem.event(given, body, arrived=now, address=address)
    grants.check_granted(str(item.body["type"]), scopes)
    changed = _new_address(item)

    def items(known: _Names) -> list[NewItem]:
        names = known.names
        found = names.find(address, given, remedy=_remedy(scopes))
        if found is None or found.lead not in known.there:
            if not address:
                raise RejectedItemError(
                    f"there is no lead '{given}'; create it by POST /v1/leads", "unknown_lead"
                )
            program = programs.named(raw.get("program"))
            if not program.intake.create:
                raise RejectedItemError(
                    "there is no lead with this address, and the program"
                    f" '{program.program}' creates none from events (intake.create)",
                    "unknown_lead",
                )
            lead = found.lead if found is not None else names.create(address, given)
            before = [NewItem.lead_data(lead, program.program, {"email": address}, arrived=now)]
            known.there.add(lead)
        else:
            lead = found.lead
            before = [profile_update(lead, {"email": address}, now)] if found.moved else []
        if changed:
            names.claim(changed, lead)
        of = address or names.address_of_merged(given)
        return [*before, replace(item, lead=lead, address=of)]

    return _Draft(
        addresses=tuple(one for one in (address, changed) if one),
        ids=(given,) if given else (),
        items=items,
    )


def _new_address(item: NewItem) -> str:
    """The address that a `profile.updated` would give to its lead; empty if it gives none."""
    if item.body["type"] != "profile.updated":
        return ""
    try:
        return read_address(item.body["data"].get("email"))
    except ValueError:
        return ""  # the rules leave it out and say why
