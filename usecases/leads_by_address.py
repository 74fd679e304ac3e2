"""Which lead somebody means by an e-mail address: the same answer at every door."""

from __future__ import annotations

from typing import Protocol

from lifecycle.stable_hash import lead_id


class AddressReports(Protocol):
    """Where addresses are looked up; `adapters.reports.leads.SqlReports` is one."""

    def ids_of(self, email: str) -> list[str]:
        """The leads that have this address, sorted."""
        ...


def leads_meant(reports: AddressReports, address: str) -> tuple[str, ...]:
    """The leads that an address may mean: none, one, or several of which the caller must name one.

    If one of them has the id that is derived from the address, it alone is meant: that is the
    lead which every door creates for this address when no id is given.
    """
    ids = reports.ids_of(address)
    derived = lead_id(address)
    return (derived,) if derived in ids else tuple(ids)
