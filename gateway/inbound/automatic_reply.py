"""Automatic replies (RFC 3834), and the day of return that they name."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.message import EmailMessage
from typing import Literal

import dateparser

from gateway.inbound.arrived_mail import content_type, header_text, plain_text

Why = Literal["null_sender", "auto_submitted", "autoreply", "precedence", "report", "subject"]

_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv|tr)\s*:\s*)?"
    r"(?:out of (?:the )?office|ooo\b|auto(?:matic|mated)?[ -]?(?:reply|response|answer)|autoreply"
    r"|away from|abwesend|abwesenheit|automatische antwort|r[ée]ponse automatique"
    r"|absen(?:ce|t) du bureau|respuesta autom[áa]tica|fuera de la oficina|on vacation|on leave"
    r"|im urlaub)",
    re.IGNORECASE,
)
_MONTHS = (
    r"jan|feb|m[aä]r|apr|avr|abr|may|mai|jun|juin|jul|juil|aug|ao[uû]t|ago|sep|oct|okt"
    r"|nov|dec|dez|d[ée]c|dic|ene|f[ée]v"
)
_YEAR = r"(?:,?\s+(?:de\s+)?\d{4}\b)?"
_DATE = (
    r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}[./]\d{1,2}\b"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er)?\s+(?:of\s+|de\s+)?(?:{_MONTHS})\w*\.?{_YEAR}"
    rf"|(?:{_MONTHS})\w*\.?\s+\d{{1,2}}(?:st|nd|rd|th)?{_YEAR})"
)
_WEEKDAY = (
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b(?:mon|diens|donners|frei|sams|sonn)tag\b|\bmittwoch\b|\b(?:lun|mar|mercre|jeu|vendre)di\b"
    r"|\b(?:lunes|martes|mi[ée]rcoles|jueves|viernes)\b"
)
_BACK = (
    r"(?:\b(?:(?P<english>back|return(?:ing)?|until|till|through|available|reachable)|bis"
    r"|zur[üu]ck|wieder|ab|jusqu|retour|hasta|vuelvo|regreso|reincorporo)\b[^.!?\d]{0,60}?"
    r"|\b(?:(?P<range>from|between)|du|del)\b[^!?]{1,40}?\b(?:to|and|au|al)\s+(?:the\s+)?)"
)
_BACK_AT_DATE = re.compile(rf"{_BACK}(?P<day>{_DATE})", re.IGNORECASE)
_BACK_ON_WEEKDAY = re.compile(rf"{_BACK}(?P<day>{_WEEKDAY})", re.IGNORECASE)
_LANGUAGES = ["en", "de", "fr", "es"]
_MOST = 4_000
"""So much of a notice is read: the day stands at its beginning."""


def why_automatic(mail: EmailMessage, *, null_sender: bool) -> Why | None:
    """Why a machine answered, or None for a person.

    Its envelope has no sender; its headers say so; it is a report, a read receipt for instance;
    or its subject is a notice's. X-Auto-Response-Suppress is no such header: it asks others to
    be silent, and people's mail programs set it too.
    """
    if null_sender:
        return "null_sender"
    submitted = header_text(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto_submitted"
    if header_text(mail, "X-Autoreply") or header_text(mail, "X-Autorespond"):
        return "autoreply"
    if header_text(mail, "Precedence").lower() in ("auto_reply", "bulk", "junk", "list"):
        return "precedence"
    if content_type(mail) == "multipart/report":
        return "report"
    return "subject" if _SUBJECT.match(header_text(mail, "Subject")) else None


def return_day(mail: EmailMessage, now: datetime) -> date | None:
    """The day after now on which a notice says that its sender is back, or None.

    A date without a year, or a weekday, is the next one after the mail's own date. Where `3/4`
    may be either, the month comes first in English and the day in other languages.
    """
    written = (_date(mail) or now).replace(tzinfo=None)
    texts = [header_text(mail, "Subject"), " ".join(plain_text(mail).split())[:_MOST]]
    for pattern in (_BACK_AT_DATE, _BACK_ON_WEEKDAY):
        for text in texts:
            for match in pattern.finditer(text):
                day = _day(match, written)
                if day is not None and day > now.date():
                    return day
    return None


def _day(match: re.Match[str], written: datetime) -> date | None:
    said = match["day"].rstrip(". ")
    try:
        return date.fromisoformat(said)
    except ValueError:
        english = match["english"] or match["range"]
        settings = {
            "RELATIVE_BASE": written,
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "MDY" if english and "/" in said else "DMY",
        }
    if re.fullmatch(r"[\d.]+", said):
        said = said.replace(".", "/")  # dateparser takes 20.03 for a time
    found = dateparser.parse(said, languages=_LANGUAGES, settings=settings)
    return found.date() if found is not None else None


def _date(mail: EmailMessage) -> datetime | None:
    try:
        at = mail["Date"].datetime
    except (AttributeError, ValueError, TypeError, IndexError, RecursionError):
        return None
    return at if isinstance(at, datetime) and at.tzinfo is not None else None
