"""Mail made from a program's e-mails: subject, both bodies, and the headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from activities.circuit_breaker import Breaker
from activities.ports import AlertNotice, Rendered
from adapters.mail.alert import alert_mail, alert_section
from adapters.mail.alert_bundle import alerts_mail
from adapters.mail.alert_card import alert_card
from adapters.mail.chat import chat_message
from adapters.mail.field_text import plain_name
from adapters.mail.footer import MailLanguage, footer_html, footer_lines, mail_language
from adapters.mail.links import SignedLinks
from adapters.mail.operations_notice import operations_notice, route_notice
from adapters.mail.templates import compile_mjml, lead_values, mjml_text, render
from adapters.mail.text import html_to_text, text_to_html, tidy
from adapters.mail.tracked import TrackedLinks, before_end, hosts_in, pixel, track_html, track_text
from lifecycle.nurture.consent import CONFIRM
from lifecycle.stable_hash import short_hash
from models.addresses import named_address, one_line, only_address
from models.decision import Alert, Entry, SendMail
from models.directory import Directory, Member
from models.program.program import Program
from models.program.sending import Email
from models.state import LeadState

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_UNKNOWN_LANGUAGE = 'lang="und" dir="auto"'
"""What MJML writes."""
_PREHEADER = (
    '<span style="display:none;max-height:0;overflow:hidden;opacity:0;mso-hide:all">{}</span>'
)


class MailRenderer:
    """Renders the e-mails of programs, and alerts.

    `links` makes the links that come back to us. Without them, or without a public URL, no link
    is tracked, and people unsubscribe by mail. Without a mail domain, bounces and replies go
    to the sender. Nobody can read personal data in a link.
    """

    def __init__(self, links: SignedLinks | None = None) -> None:
        self._links = links
        self._web = links if links is not None and links.public_url else None
        self._mail = links if links is not None and links.mail_domain else None
        self._programs: dict[str, dict[str, Any]] = {}

    def marketing(
        self, program: Program, state: LeadState, people: Directory, command: SendMail
    ) -> Rendered:
        """An e-mail of the program for this lead. Raises ValueError if it can't be rendered."""
        email = program.emails.get(command.email)
        if email is None:
            raise ValueError(f"the program has no e-mail '{command.email}'")
        owner = _owner(people, state.owner)
        sender = only_address(program.sending.from_)
        if email.from_ == "owner" and owner is not None:
            sender = only_address(named_address(owner.name, owner.email))
        address = str(state.profile.get("email", ""))
        way_out = self._way_out(command.message, address, sender.domain)
        lead = lead_values(program, state.profile)
        values = {
            "lead": lead,
            "owner": owner_values(owner),
            "program": self._program_values(program),
            "unsubscribe_url": way_out,
        }
        if command.email == CONFIRM:
            values["confirm_url"] = self._web.confirm(command.message) if self._web else way_out
        preferences = self._web.preferences(command.message) if self._web else None
        try:
            subject, text, html = render_email(email, program, values, preferences)
        except ValueError as error:
            raise ValueError(f"e-mail '{command.email}': {error}") from error
        targets: tuple[str, ...] = ()
        if not email.operational:
            hosts = hosts_in(email.text or "", email.mjml or "", owner.signature if owner else "")
            no_words = mail_language(program, lead).words.open_page
            text, html, targets = self._tracked(
                program, command.message, hosts, text, html, no_words=no_words
            )
        name = plain_name(f"{lead['first_name'] or ''} {lead['last_name'] or ''}")
        return Rendered(
            sender=str(sender),
            to=named_address(name, address),
            subject=subject,
            text=text,
            html=html,
            message_id=command.message,
            headers=self._headers(program, state, command, way_out),
            envelope_from=self._mail.return_path(command.message) if self._mail else None,
            links=targets,
        )

    def _way_out(self, message: str, address: str, domain: str) -> str:
        """Where the recipient unsubscribes: a page, or an address to write to."""
        if self._web is not None:
            return self._web.unsubscribe(message, address)
        return f"mailto:{self._unsubscribe_mail(message, address, domain)}"

    def _unsubscribe_mail(self, message: str, address: str, domain: str) -> str:
        if self._mail is not None:
            return self._mail.unsubscribe_mail(message, address)
        return f"unsubscribe@{domain}?subject={quote(message, safe='')}"

    def _headers(
        self, program: Program, state: LeadState, command: SendMail, way_out: str
    ) -> dict[str, str]:
        headers = {
            "X-Leadflow-Lead": state.lead,
            # A key names the track, and that is nobody's business.
            "X-Leadflow-Key": short_hash(command.key),
            "X-Leadflow-Email": command.email,
        }
        if self._mail is not None:
            headers["Reply-To"] = self._mail.reply_to(command.message)
        if command.operational or program.emails[command.email].operational:
            return headers
        sender = only_address(program.sending.from_)
        ways = [way_out]
        if self._web is not None:
            # RFC 8058: one POST to this URL, without a page in between.
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            address = str(state.profile.get("email", ""))
            ways.append(f"mailto:{self._unsubscribe_mail(command.message, address, sender.domain)}")
        headers["List-Unsubscribe"] = ", ".join(f"<{way}>" for way in ways)
        headers["List-Id"] = f"<{program.program.lower()}.{sender.domain}>"  # RFC 2919
        # Google counts complaints by Feedback-ID; the sender's name comes last.
        headers["Feedback-ID"] = f"{command.email}:{program.program}:nurture:leadflow"
        return headers

    def _tracked(
        self,
        program: Program,
        message: str,
        hosts: frozenset[str],
        text: str,
        html: str,
        *,
        no_words: str,
    ) -> tuple[str, str, tuple[str, ...]]:
        """Both bodies with tracked links to these hosts, and where the links lead."""
        web, track = self._web, program.sending.track
        if web is None:
            return text, html, ()
        targets: tuple[str, ...] = ()
        if "clicks" in track:
            own = f"{web.public_url}/"
            links = TrackedLinks(own, hosts, lambda number: web.click(message, number))
            html = before_end(track_html(html, links, no_words=no_words), links.unseen())
            text = track_text(text, links)
            targets = links.targets
        if "opens" in track:
            html = before_end(html, pixel(web.pixel(message)))
        return text, html, targets

    def route_notice(self, program: Program, stopped: Breaker, contact: str, key: str) -> Rendered:
        """A mail about a stopped route. Raises ValueError if an address is not one."""
        return route_notice(program, stopped, contact, key)

    def operations_notice(
        self, program: Program, people: Directory, team: str | None, lead: str, command: Alert
    ) -> Rendered:
        """A mail to the operations contact. Raises ValueError if an address is not one."""
        return operations_notice(program, people, team, lead, command)

    def alert(
        self,
        program: Program,
        state: LeadState,
        people: Directory,
        timeline: tuple[Entry, ...],
        command: Alert,
    ) -> AlertNotice:
        """An alert to a salesperson, from the program's sender.

        Raises ValueError if an address is not one.
        """
        card = alert_card(program, state, timeline, people, command)
        sender = program.sending.from_
        return AlertNotice(
            mail=alert_mail(card, command, lead=state.lead, sender=sender, links=self._links),
            chat=chat_message(card, self._web.public_url if self._web else ""),
            section=alert_section(card, command, sender=sender, links=self._links),
        )

    def alerts(self, notices: Sequence[AlertNotice], key: str) -> Rendered:
        """One mail with several alerts to one person, the most urgent first."""
        return alerts_mail(notices, key, self._links)

    def _program_values(self, program: Program) -> dict[str, Any]:
        if program.digest not in self._programs:
            self._programs[program.digest] = program_values(program)
        return self._programs[program.digest]


def program_values(program: Program) -> dict[str, Any]:
    """`program` as templates see it: the names of the YAML file, and nil for what is left out."""
    return program.model_dump(mode="json", by_alias=True)


def render_email(
    email: Email, program: Program, values: Mapping[str, Any], preferences: str | None = None
) -> tuple[str, str, str]:
    """Subject, text and HTML of one e-mail. Raises TemplateError, a ValueError.

    Marketing mail gets a footer with the postal address, the way to unsubscribe and to say
    how much mail is welcome (`preferences`), as far as its body does not show them already.
    """
    subject = one_line(render(email.subject, values))
    language = mail_language(program, values["lead"])
    if email.text is not None:
        text = render(email.text, values).strip() + "\n"
        html = text_to_html(text, subject, lang=language.code, direction=language.direction)
    elif email.mjml is not None:
        html = render(compile_mjml(email.mjml), values, html=True)
        html = html.replace(_UNKNOWN_LANGUAGE, f'lang="{language.code}" dir="{language.direction}"')
        plain = mjml_text(email.mjml)
        text = html_to_text(html) if plain is None else tidy(render(plain, values))
    else:
        raise ValueError(f"the template '{email.template}' was not read with the program")
    if not email.operational:
        way_out = str(values["unsubscribe_url"])
        text, html = _with_footer(
            text, html, program, language, unsubscribe=way_out, preferences=preferences
        )
    if email.preheader is not None:
        preheader = _PREHEADER.format(render(email.preheader, values, html=True))
        html = _BODY.sub(lambda match: match[0] + preheader, html, count=1)
    return subject, text, html


def _with_footer(
    text: str,
    html: str,
    program: Program,
    language: MailLanguage,
    *,
    unsubscribe: str,
    preferences: str | None,
) -> tuple[str, str]:
    text_lines, html_lines = footer_lines(text, program, language, unsubscribe, preferences)
    if not text_lines:
        return text, html
    # Mail programs recognise a signature by "-- ".
    text += "\n-- \n" + "\n".join(text_lines) + "\n"
    return text, before_end(html, footer_html(html_lines, language))


def _owner(people: Directory, email: str | None) -> Member | None:
    return None if email is None else people.member(email) or Member(email=email)


def owner_values(owner: Member | None) -> dict[str, str]:
    """`owner` as templates see it; every value is empty if there is no owner."""
    if owner is None:
        return {"email": "", "name": "", "signature": ""}
    return {"email": owner.email, "name": owner.name, "signature": owner.signature}
