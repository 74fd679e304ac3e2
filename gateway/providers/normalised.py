"""What a provider reports about a mail, in our words, and which lead it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters.delivery.refusal_words import Meaning
from adapters.sql.new_item import NewItem
from adapters.sql.sent_mail import SentMail
from gateway.requests.mail_agents import is_machine
from models.addresses import without_addresses
from models.instants import write_instant
from usecases.context import Context
from usecases.grants import CONSENTS, PROFILES, scope_needed
from usecases.naming import lead_of_address

_LONGEST = 300


class NotProvenError(Exception):
    """A message that does not prove where it comes from; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport:
    """One thing that a provider reports."""

    id: str
    """The provider's own id of it, so that reporting it twice has one effect."""
    type: str
    message: str = ""
    """Our Message-ID, as far as the provider gives it back."""
    address: str = ""
    """The recipient."""
    at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    machine: bool = False
    agent: str | None = None
    """The client that opened or clicked, as it names itself; None where it is not told."""


_LIFTING = ("email.resubscribed", "email.reinstated")
"""What only a reader's own link or an operator may do. Nor does a provider of mail know what a
person agreed to, or who they are: consents and profiles need a key with a scope of their own."""


def accept(context: Context, provider: str, reports: Iterable[ProviderReport]) -> int:
    """Store what is reported about our leads in one transaction; how many items were new.

    A mail is known by its Message-ID, else by its recipient; what is about nobody we know is
    left alone, for a provider would send an error again and again.
    """
    items = [item for one in reports for item in _items(context, provider, one)]
    return sum(context.accept(*items))


def _items(context: Context, provider: str, report: ProviderReport) -> Iterable[NewItem]:
    sent = context.sent.by_message_id(report.message) if report.message else None
    if report.type in _LIFTING or scope_needed(report.type) in (CONSENTS, PROFILES):
        return
    if report.type == "email.bounced" and sent is not None and not sent.current:
        return
    lead = sent.lead if sent is not None else lead_of_address(context.database, report.address)
    if lead is None:
        return
    now = context.now()
    raw: dict[str, Any] = {
        "id": f"{provider}/{_identity(report, sent)}"[:200],
        "type": report.type,
        "subject": sent.email if sent is not None else "",
        "at": write_instant(min(report.at or now, now)),
        "data": {**report.data, **({"message": sent.message} if sent is not None else {})},
        "machine": report.machine or (report.agent is not None and is_machine(report.agent)),
    }
    address = sent.address if sent is not None else report.address
    try:
        yield NewItem.event(lead, raw, arrived=now, address=address)
    except ValueError:
        return  # what a provider can't have meant: an event that can't be written down


def _identity(report: ProviderReport, sent: SentMail | None) -> str:
    """The event's id. A mail is at most one soft bounce, however often its tries are reported."""
    if sent is not None and report.type == "email.bounced" and report.data.get("kind") == "soft":
        return f"soft/{sent.message.partition('@')[0]}"
    return report.id


def text(raw: Mapping[str, Any], *path: str) -> str:
    """The text at this path of a JSON document; empty if there is none."""
    found: Any = raw
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def instant(value: object) -> datetime | None:
    """An instant from seconds since 1970 or ISO 8601; None for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo is not None else None


def bounce(meaning: Meaning, *, status: str = "", diagnostic: str = "") -> dict[str, str]:
    """The data of `email.bounced`; what is about us counts against no address."""
    data = {"kind": "hard" if meaning == "dead" else "soft", "status": status[:20]}
    if meaning == "about_us":
        data["about"] = "us"
    if diagnostic:
        data["diagnostic"] = without_addresses(diagnostic)[:_LONGEST]
    return data


_AHEAD = 300.0
"""So many seconds a provider's clock may be ahead of ours."""


def fresh(at: datetime | None, within: float) -> None:
    """Refuse what is older than so many seconds, or from the future. Raises NotProvenError."""
    age = (datetime.now(UTC) - at).total_seconds() if at is not None else None
    if age is None or not -_AHEAD <= age <= within:
        raise NotProvenError(f"its timestamp is not of the last {within:.0f} seconds")
