"""Several alerts to one person in one mail: a section each, with its reason and its buttons.

Each section's buttons are those of its own alert, so a button does the same in either mail. A reply
can't be assigned to one lead. So each section has a link to write a note, and the mail's own
`Reply-To` is that of its lead only if all sections are about one lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import quote, unquote

from activities.alert_pace import alert_id
from activities.ports import AlertNotice, Payload, Rendered
from adapters.mail.alert import alert_templates
from adapters.mail.links import SignedLinks
from models.addresses import only_address

_RULE = "-" * 40
"""The line above each section of the text."""
_LEAD, _WHY = "X-Leadflow-Lead", "X-Leadflow-Alert"


def alerts_mail(notices: Sequence[AlertNotice], key: str, links: SignedLinks | None) -> Rendered:
    """The mail of these alerts, the most urgent first; its subject names that one."""
    first = notices[0].mail
    sender = only_address(first.sender)
    message = f"{alert_id(key)}@{sender.domain}"
    subject = f"{len(notices)} alerts. {first.subject}"
    sections = [one.section for one in notices]
    leads = [one.mail.headers[_LEAD] for one in notices]
    headers = {
        "Auto-Submitted": "auto-generated",
        _WHY: " ".join(one.mail.headers[_WHY] for one in notices),
        _LEAD: " ".join(quote(one, safe="") for one in leads),
        "X-Leadflow-Key": key,
    }
    if len(set(leads)) == 1:
        alone = ("In-Reply-To", "References", "Reply-To")
        headers |= {name: first.headers[name] for name in alone if name in first.headers}
    elif links is not None and links.mail_domain:
        headers["Reply-To"] = links.reply_to(message)
    return Rendered(
        sender=first.sender,
        to=first.to,
        subject=subject,
        text="\n\n".join(f"{_RULE}\n\n{_text(one)}" for one in sections) + "\n",
        html=alert_templates()
        .get_template("alerts.html")
        .render(subject=subject, sections=sections),
        message_id=message,
        headers=headers,
        envelope_from=links.return_path(message) if links and links.mail_domain else None,
    )


def alerts_in(mail: EmailMessage) -> list[tuple[str, str, str]]:
    """The lead, the reason and the text of each alert in a mail, for who reads our mail."""
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    lead, whys = str(mail[_LEAD]), str(mail[_WHY]).split()
    if len(whys) == 1:
        return [(lead, whys[0], text)]
    leads = [unquote(one) for one in lead.split()]
    sections = text.replace("\r\n", "\n").split(f"{_RULE}\n")[1:]
    return list(zip(leads, whys, sections, strict=True))


def _text(section: Payload) -> str:
    parts = [
        section["title"],
        "\n".join([section["who"], section["company"], *section["contact"]]),
        section["sentence"],
    ]
    if section["deadline"]:
        parts.append(section["deadline"])
    parts.append("\n".join([section["score"], *(f"- {one}" for one in section["reasons"])]))
    parts += [f"{label}:\n{url}" for label, url in section["buttons"]]
    return "\n\n".join(parts)
