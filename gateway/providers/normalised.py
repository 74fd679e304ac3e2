"""What a provider reports about a mail, in our words, and which lead it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters.sql.new_item import NewItem
from models.addresses import without_addresses
from models.instants import write_instant
from usecases.context import Context

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


def accept(context: Context, provider: str, reports: Iterable[ProviderReport]) -> int:
    """Store what is reported about our leads in one transaction; how many items were new.

    A mail is known by its Message-ID, else by its recipient; what is about nobody we know is
    left alone, for a provider would send an error again and again.
    """
    items = [item for one in reports for item in _items(context, provider, one)]
    return sum(context.accept(*items))


def _items(context: Context, provider: str, report: ProviderReport) -> Iterable[NewItem]:
    sent = context.sent.by_message_id(report.message) if report.message else None
    if report.type == "email.bounced" and sent is not None and not sent.current:
        return
    leads = [sent.lead] if sent is not None else context.sent.leads_of(report.address)
    now = context.now()
    raw: dict[str, Any] = {
        "id": f"{provider}/{report.id}"[:200],
        "type": report.type,
        "subject": sent.email if sent is not None else "",
        "at": write_instant(min(report.at or now, now)),
        "data": {**report.data, **({"message": sent.message} if sent is not None else {})},
        "machine": report.machine,
    }
    address = sent.address if sent is not None else report.address
    try:
        yield from [NewItem.event(lead, raw, arrived=now, address=address) for lead in leads]
    except ValueError:
        return  # what a provider can't have meant: an event that can't be written down


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


def bounce(*, hard: bool, status: str = "", diagnostic: str = "") -> dict[str, str]:
    """The data of `email.bounced`."""
    data = {"kind": "hard" if hard else "soft", "status": status[:20]}
    if diagnostic:
        data["diagnostic"] = without_addresses(diagnostic)[:_LONGEST]
    return data


def fresh(at: datetime | None, within: float) -> None:
    """Refuse what is older or newer than so many seconds. Raises NotProvenError."""
    if at is None or abs((datetime.now(UTC) - at).total_seconds()) > within:
        raise NotProvenError(f"its timestamp is not within {within:.0f} seconds of now")
