"""An alert as a mail: the card in text and HTML, with buttons for the person it goes to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from activities.ports import Rendered
from adapters.mail.alert_card import ACTIONS, AlertCard, label
from adapters.mail.links import SignedLinks
from models.addresses import named_address, one_line, only_address
from models.decision import Alert

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _templates() -> Environment:
    # Commands that only read a program render no alert, and Jinja is slow to import.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Button:
    """A link to the page of one act."""

    label: str
    url: str


def alert_mail(
    card: AlertCard, command: Alert, *, lead: str, sender: str, links: SignedLinks | None
) -> Rendered:
    """The mail of a card. Without `links` (no public URL) it has no buttons.

    Its Message-ID is the same on every try. Raises ValueError if an address is not one.
    """
    from_ = only_address(sender)
    digest = hashlib.sha256(command.key.encode()).hexdigest()[:32]
    message = f"{digest}@{from_.domain}"
    buttons: list[Button] = []
    if links is not None and links.public_url:
        buttons = [
            Button(label(one), links.action(message, ACTIONS.index(one))) for one in card.actions
        ]
        buttons.append(Button("Open in the desk", f"{links.public_url}{card.desk}"))
    return Rendered(
        sender=str(from_),
        to=named_address("", command.to),
        subject=card.title,
        text=_text(card, buttons),
        html=_templates().get_template("alert.html").render(card=card, buttons=buttons),
        message_id=message,
        headers={
            "Auto-Submitted": "auto-generated",
            "X-Leadflow-Alert": one_line(command.why),
            "X-Leadflow-Lead": lead,
            "X-Leadflow-Key": command.key,
        },
        envelope_from=links.return_path(message) if links and links.mail_domain else None,
    )


def _text(card: AlertCard, buttons: Sequence[Button]) -> str:
    parts = [card.sentence, f"{card.who}\n{card.company}"]
    if card.deadline is not None:
        parts.append(card.deadline)
    parts.append("\n".join([f"Why now. {card.score}", *(f"- {one}" for one in card.reasons)]))
    if card.read:
        parts.append("\n".join(["What they read or did", *(f"- {one}" for one in card.read)]))
    if card.before is not None:
        parts.append(card.before)
    if card.contact:
        parts.append("\n".join(card.contact))
    parts += [f"{one.label}:\n{one.url}" for one in buttons]
    return "\n\n".join(parts) + "\n"
