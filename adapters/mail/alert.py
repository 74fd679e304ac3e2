"""An alert as a mail: the card in text and HTML, with buttons for the person it goes to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from activities.alert_pace import alert_id
from activities.ports import Payload, Rendered
from adapters.mail.alert_card import ACTIONS, AlertCard, label
from adapters.mail.links import SignedLinks
from models.addresses import named_address, one_line, only_address
from models.decision import Alert

if TYPE_CHECKING:
    from jinja2 import Environment


ANSWER = "Answer this mail to add a note to the lead."
"""The last line of an alert that can be answered. An answer that quotes it ends there."""


@cache
def alert_templates() -> Environment:
    """The templates of alerts."""
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
    message = f"{alert_id(command.key)}@{from_.domain}"
    buttons = _buttons(card, message, links)
    answers = links is not None and bool(links.mail_domain)
    return Rendered(
        sender=str(from_),
        to=named_address("", command.to),
        subject=card.subject,
        text=_text(card, buttons, answers=answers),
        html=alert_templates()
        .get_template("alert.html")
        .render(card=card, buttons=buttons, answer=ANSWER if answers else ""),
        message_id=message,
        headers={
            "Auto-Submitted": "auto-generated",
            "X-Leadflow-Alert": one_line(command.why),
            "X-Leadflow-Lead": lead,
            "X-Leadflow-Key": command.key,
            **_thread(lead, from_.domain),
            **({"Reply-To": links.reply_to(message)} if links and answers else {}),
        },
        envelope_from=links.return_path(message) if links and links.mail_domain else None,
    )


def alert_section(
    card: AlertCard, command: Alert, *, sender: str, links: SignedLinks | None
) -> Payload:
    """What a mail with several alerts says of this one, with this alert's own buttons."""
    message = f"{alert_id(command.key)}@{only_address(sender).domain}"
    buttons = [(one.label, one.url) for one in _buttons(card, message, links)]
    if links is not None and links.mail_domain:
        subject = quote(f"Note: {card.who}", safe="")
        buttons.append(("Write a note", f"mailto:{links.reply_to(message)}?subject={subject}"))
    return {
        "title": card.happened,
        "who": card.who,
        "company": card.company,
        "sentence": card.sentence,
        "deadline": card.deadline,
        "score": card.score,
        "reasons": card.reasons,
        "contact": card.contact,
        "buttons": buttons,
    }


def _buttons(card: AlertCard, message: str, links: SignedLinks | None) -> list[Button]:
    """The links of an alert. Without a public URL there are none."""
    if links is None or not links.public_url:
        return []
    acts = [Button(label(one), links.action(message, ACTIONS.index(one))) for one in card.actions]
    return [*acts, Button("Open in the desk", f"{links.public_url}{card.desk}")]


def _thread(lead: str, domain: str) -> dict[str, str]:
    """The headers by which mail programs show all alerts about a lead as one thread (RFC 5322).

    They name a mail that was never sent, the same for each alert about the lead.
    """
    first = f"<{hashlib.sha256(f'alerts about {lead}'.encode()).hexdigest()[:32]}@{domain}>"
    return {"In-Reply-To": first, "References": first}


def _text(card: AlertCard, buttons: Sequence[Button], *, answers: bool) -> str:
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
    if answers:
        parts.append(ANSWER)
    return "\n\n".join(parts) + "\n"
