"""Mail made from a program's e-mails: subject, both bodies, and the headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from activities.ports import Rendered
from adapters.mail_headers import named_address, one_line, only_address
from adapters.mail_templates import compile_mjml, lead_values, render
from adapters.mail_text import html_to_text, text_to_html
from models.decision import Alert, SendMail
from models.directory import Directory
from models.program import Email, Program
from models.state import LeadState

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_FOOTER = (
    '<div style="max-width:600px;margin:24px auto 0;font-family:Helvetica,Arial,sans-serif;'
    'font-size:12px;line-height:1.5;color:#777777">{}</div>'
)
_PREHEADER = (
    '<span style="display:none;max-height:0;overflow:hidden;opacity:0;mso-hide:all">{}</span>'
)


class MailRenderer:
    """Renders the e-mails of programs, and alerts.

    `unsubscribe_url` says where a mail's reader unsubscribes; without it, by a mail to
    `unsubscribe@` the sender's domain, with the message's id as its subject. It holds no
    personal data.
    """

    def __init__(self, unsubscribe_url: Callable[[SendMail], str] | None = None) -> None:
        self._unsubscribe_url = unsubscribe_url
        self._programs: dict[str, dict[str, Any]] = {}

    def marketing(
        self, program: Program, state: LeadState, people: Directory, command: SendMail
    ) -> Rendered:
        """An e-mail of the program for this lead. Raises ValueError if it can't be rendered."""
        email = program.emails.get(command.email)
        if email is None:
            raise ValueError(f"the program has no e-mail '{command.email}'")
        sender = only_address(program.sending.from_)
        if self._unsubscribe_url is None:
            unsubscribe = (
                f"mailto:unsubscribe@{sender.domain}?subject={quote(command.message, safe='')}"
            )
        else:
            unsubscribe = self._unsubscribe_url(command)
        lead = lead_values(program, state.profile)
        values = {
            "lead": lead,
            "owner": _owner(people, state.owner),
            "program": self._program_values(program),
            "unsubscribe_url": unsubscribe,
        }
        try:
            subject, text, html = render_email(email, program, values)
        except ValueError as error:
            raise ValueError(f"e-mail '{command.email}': {error}") from error
        headers = {
            "X-Leadflow-Lead": state.lead,
            "X-Leadflow-Key": command.key,
            "X-Leadflow-Email": command.email,
        }
        if not email.operational:
            headers["List-Unsubscribe"] = f"<{unsubscribe}>"
        name = f"{lead['first_name'] or ''} {lead['last_name'] or ''}"
        return Rendered(
            sender=str(sender),
            to=named_address(name, str(state.profile.get("email", ""))),
            subject=subject,
            text=text,
            html=html,
            message_id=command.message,
            headers=headers,
        )

    def alert(self, program: Program, state: LeadState, command: Alert) -> Rendered:
        """An alert to a person of sales: plain, short, from the program's sender.

        Raises ValueError if an address is not one.
        """
        sender = only_address(program.sending.from_)
        subject, text = _alert_text(program, state, command)
        return Rendered(
            sender=str(sender),
            to=named_address("", command.to),
            subject=subject,
            text=text,
            html=text_to_html(text, subject),
            message_id=f"{hashlib.sha256(command.key.encode()).hexdigest()[:32]}@{sender.domain}",
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Leadflow-Alert": one_line(command.why),
                "X-Leadflow-Lead": state.lead,
                "X-Leadflow-Key": command.key,
            },
        )

    def _program_values(self, program: Program) -> dict[str, Any]:
        if program.digest not in self._programs:
            self._programs[program.digest] = program_values(program)
        return self._programs[program.digest]


def program_values(program: Program) -> dict[str, Any]:
    """`program` as templates see it: named as in YAML, what is left out being nil."""
    return program.model_dump(mode="json", by_alias=True)


def render_email(email: Email, program: Program, values: Mapping[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of one e-mail. Raises TemplateError, a ValueError.

    Marketing mail gets a footer with the postal address and the way to unsubscribe, as far
    as its body does not show them already.
    """
    subject = one_line(render(email.subject, values))
    if email.text is not None:
        text = render(email.text, values).strip() + "\n"
        html = text_to_html(text, subject)
    elif email.mjml is not None:
        html = render(compile_mjml(email.mjml), values, html=True)
        text = html_to_text(html)
    else:
        raise ValueError(f"the template '{email.template}' was not read with the program")
    if not email.operational:
        text, html = _with_footer(text, html, program, str(values["unsubscribe_url"]))
    if email.preheader is not None:
        preheader = _PREHEADER.format(render(email.preheader, values, html=True))
        html = _BODY.sub(lambda match: match[0] + preheader, html, count=1)
    return subject, text, html


def _with_footer(text: str, html: str, program: Program, unsubscribe: str) -> tuple[str, str]:
    text_lines, html_lines = [], []
    postal = " ".join(program.sending.postal_address.split())
    if postal not in " ".join(text.split()):
        text_lines.append(postal)
        html_lines.append(escape(postal))
    if unsubscribe not in text:
        text_lines.append(f"Unsubscribe: {unsubscribe}")
        html_lines.append(f'<a href="{escape(unsubscribe)}" style="color:#777777">Unsubscribe</a>')
    if not text_lines:
        return text, html
    footer = _FOOTER.format("<br>\n".join(html_lines))
    body, end, rest = html.rpartition("</body>")
    html = f"{body}{footer}\n{end}{rest}" if end else html + footer
    # "-- " is how mail programs know a signature.
    return text + "\n-- \n" + "\n".join(text_lines) + "\n", html


def _owner(people: Directory, email: str | None) -> dict[str, str]:
    for team in people.teams.values():
        for member in team.members:
            if email is not None and member.email == email:
                return {"email": email, "name": member.name}
    return {"email": email or "", "name": ""}


_REASONS = {
    "assigned": "A lead for you",
    "reminded": "A deadline is near",
    "breached": "A deadline has passed",
    "unassigned": "Nobody is free for a lead",
    "hand_raise": "A lead asks for you",
    "unsubscribed": "Your lead has unsubscribed",
    "bounced": "Mail to your lead bounces",
    "complained": "Your lead has complained about mail",
}


def _alert_text(program: Program, state: LeadState, command: Alert) -> tuple[str, str]:
    lead = {name: value or "" for name, value in lead_values(program, state.profile).items()}
    person = f"{lead['first_name']} {lead['last_name']}".strip()
    who = f"{person} <{lead['email']}>" if person else str(lead["email"])
    total = state.fit + state.engagement
    facts = {
        "Lead": state.lead,
        "Who": f"{who}, {lead['title']}" if lead["title"] else who,
        "Company": lead["company"] or "unknown",
        "Stage": state.stage,
        "Score": f"{total:.2f} (fit {state.fit:.2f}, engagement {state.engagement:.2f})",
        "Why": one_line(command.why),
    }
    about = lead["company"] or person or lead["email"]
    subject = one_line(f"{_REASONS.get(command.why, command.why)}: {about}")
    lines = "\n".join(f"{name}: {value}" for name, value in facts.items())
    return subject, f"{one_line(command.text)}\n\n{lines}\n"
