"""Who is meant: one person is one lead, whichever name a door is given (language.md section 1).

Every door comes here. The address is looked up first, then the id. What is looked up and what is
named anew is one transaction, so two doors at once never make two leads of one address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from adapters.reports.leads import SqlReports
from adapters.sql.database import Database
from adapters.sql.lead_names import SqlLeadNames
from lifecycle.program.profile import read_address
from lifecycle.stable_hash import lead_id
from models.addresses import address_key
from usecases.rejected import RejectedItemError

_AS_ID = "lead/"
"""What goes before an id to say that it is one; a lead's workflow is called so, too."""


class AmbiguousLeadError(LookupError):
    """Several leads are meant; the message names them and says how to name one."""


@dataclass(frozen=True, slots=True)
class Named:
    """The lead that is meant."""

    lead: str
    """Its own id."""
    moved: bool = False
    """Whether it was named by an id, and the address that came along is its new one."""


class Names:
    """The names of leads within one transaction. `addresses` and `ids` are all that it is asked."""

    def __init__(
        self,
        database: Database,
        connection: Connection,
        *,
        addresses: Iterable[str] = (),
        ids: Iterable[str] = (),
    ) -> None:
        self._rows = SqlLeadNames(database)
        self._connection = connection
        wanted = list(addresses)
        given = [*ids, *map(lead_id, wanted)]
        self._look_up(wanted, given)
        unknown = {address_key(one) for one in wanted} - self._addresses.keys()
        if unknown or set(given) - self._ids.keys():
            # New names are given one after the other: whoever waited here looks again.
            self._rows.lock(connection)
            self._look_up(wanted, given)

    def _look_up(self, addresses: list[str], ids: list[str]) -> None:
        self._addresses = self._rows.by_addresses(self._connection, addresses)
        self._ids = self._rows.by_ids(self._connection, ids)

    @property
    def leads(self) -> set[str]:
        """All leads that were found."""
        return {*self._addresses.values(), *self._ids.values()}

    def find(
        self, address: str = "", given: str = "", *, remedy: str | None = None
    ) -> Named | None:
        """The lead with this address, else with this id; None if there is none.

        An id that comes with a known address becomes another id of that lead. A known id with an
        unknown address is that lead at a new address; where the door may not move leads, `remedy`
        says what would be right. Raises ValueError with the reason if that is refused, or if the
        id is one lead's and the address another's.
        """
        here = self._addresses.get(address_key(address)) if address else None
        known = self._ids.get(given) if given else None
        if here is not None and known not in (None, here):
            return Named(self._of_both(address, here, given, known or ""))
        if here is not None:
            if given and known is None:
                self._add_id(given, here)
            return Named(here)
        if known is None or not address:
            return Named(known) if known is not None else None
        if remedy is not None:
            raise RejectedItemError(f"lead '{known}' has another address; {remedy}", "not_allowed")
        self.claim(address, known)
        return Named(known, moved=True)

    def _of_both(self, address: str, here: str, given: str, known: str) -> str:
        """The lead of the id, if it has this address too, from before addresses were unique."""
        if self._rows.has_address(self._connection, known, address):
            return known
        said = f"the id '{given}'" if given == known else f"the id '{given}' (lead '{known}')"
        raise RejectedItemError(
            f"{said} is one lead and the address is that of another, lead '{here}';"
            " if both are one person, merge them",
            "two_leads",
        )

    def other_address(self, address: str) -> bool:
        """Whether it is the address of a lead that was merged into another: no mail goes there."""
        return bool(self._rows.merged(self._connection, [address]))

    def address_of_merged(self, given: str) -> str:
        """The address that a merged lead of this id had; empty for any other."""
        return self._rows.address_of_merged(self._connection, given) if given else ""

    def create(self, address: str, given: str = "") -> str:
        """Name a new lead; its id: the given one, else the one made from the address.

        That one may be taken by a lead that has moved to another address since. Then a number
        is added.
        """
        lead = given or self._free(lead_id(address))
        self._add_id(lead, lead)
        self.claim(address, lead)
        return lead

    def claim(self, address: str, lead: str) -> None:
        """Give a lead an address, unless it is another lead's already."""
        key = address_key(address)
        if key not in self._addresses:
            self._rows.add_address(self._connection, address, lead)
            self._addresses[key] = lead

    def _add_id(self, given: str, lead: str) -> None:
        self._rows.add_id(self._connection, given, lead)
        self._ids[given] = lead

    def _free(self, made: str) -> str:
        lead, number = made, 1
        while lead in self._ids or (number > 1 and self._rows.by_ids(self._connection, [lead])):
            number += 1
            lead = f"{made}-{number}"
        return lead


def lead_meant(database: Database, text: str) -> str:
    """The id of the lead that `text` names: any of its ids, `lead/` and an id, or its address.

    An id may look like an address. Raises AmbiguousLeadError if the text is the id of one lead
    and the address of another. Whether the lead exists is not judged.
    """
    text = text.strip()
    if text.startswith(_AS_ID):
        return lead_of_id(database, text.removeprefix(_AS_ID))
    if "@" not in text:
        return lead_of_id(database, text)
    here = lead_of_address(database, text)
    known = SqlReports(database).with_id(text)
    if here is None:
        return known or id_of(text)
    if known not in (None, here):
        raise AmbiguousLeadError(
            f"{text} is the id of one lead and the address of {here};"
            f" write {_AS_ID}{text} or {_AS_ID}{here}"
        )
    return here


def lead_of_address(database: Database, address: str) -> str | None:
    """The lead with this address, in any spelling; None if there is none."""
    with database.read() as connection:
        found = SqlLeadNames(database).by_addresses(connection, [address])
    return next(iter(found.values()), None)


def lead_of_id(database: Database, given: str) -> str:
    """The lead's own id, by any of its ids. An unknown one is returned as it is."""
    return SqlReports(database).with_id(given) or given


def id_of(address: str) -> str:
    """The id that a lead with this address gets, if it is given none."""
    try:
        return lead_id(read_address(address))
    except ValueError:
        return lead_id(address)
