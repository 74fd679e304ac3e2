"""Which lead is meant: by its id, or by its address in any spelling."""

from __future__ import annotations

from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from adapters.sql.sent_mail import SqlSentMail
from lifecycle.program.profile import read_address
from lifecycle.stable_hash import lead_id

_AS_ID = "lead/"
"""What goes before an id to say that it is one; a lead's workflow is called so, too."""


class AmbiguousLeadError(LookupError):
    """Several leads are meant; the message names them and says how to name one."""


def lead_meant(database: Database, text: str) -> str:
    """The id of the lead that `text` names: an id, `lead/` and an id, or an address.

    An id may look like an address. Raises AmbiguousLeadError if the text is the id of one lead
    and the address of another, or the address of several. Whether the lead exists is not judged.
    """
    text = text.strip()
    if text.startswith(_AS_ID):
        return text.removeprefix(_AS_ID)
    if "@" not in text:
        return text
    by_address = SqlSentMail(database).leads_of(text)
    if text in SqlIntake(database).known([text]):
        others = [one for one in by_address if one != text]
        if others:
            raise AmbiguousLeadError(
                f"{text} is the id of one lead and the address of {', '.join(others)};"
                f" write {_AS_ID}{text} or {_AS_ID}{others[0]}"
            )
        return text
    return lead_of_address(text, by_address)


def lead_of_address(address: str, leads: list[str]) -> str:
    """The one of these leads of an address that is meant; without any, the one there would be.

    Raises AmbiguousLeadError for several of which none has the id that is made from the address.
    """
    derived = id_of(address)
    if derived in leads or not leads:
        return derived
    if len(leads) > 1:
        raise AmbiguousLeadError(f"{address} is the address of {', '.join(leads)}; name one by id")
    return leads[0]


def id_of(address: str) -> str:
    """The id that a lead with this address gets, if it is given none."""
    try:
        return lead_id(read_address(address))
    except ValueError:
        return lead_id(address)
